/**
 * The dynamic provider of every Hearth resource: a shim that asks the bundled tool.
 *
 * Built into dist/provider.cjs, alone and without the Pulumi SDK. Pulumi's process for dynamic resources loads it from
 * there, as the state says (provider-text.ts); `delete` perhaps years later, with the version of Hearth that is there then.
 * The function captures nothing: states of earlier versions hold its text.
 */
export function provider() {
  type Props = Record<string, unknown>;
  type Line = {
    seq: number;
    progress?: string;
    result?: Reply;
    error?: { message: string; id?: string; outputs?: Props };
  };
  type Reply = { id?: string; outputs?: Props; failures?: { property: string; reason: string }[] };
  type Seen = { files: string[]; digest: string };

  // Operations whose inputs the tool looks at before anything is created.
  const checked = [
    "local-host",
    "docker-host",
    "firewall",
    "warm",
    "host-tuning",
    "monitoring-kinds",
    "kubernetes-host",
  ];
  // What their checks find, and other resources or the next check ask for.
  const findings = ["seen", "report", "version", "engineId", "kinds"];
  // Inputs whose change means another resource, not another state of this one.
  const identity: Record<string, string[]> = {
    "redis-process": ["directory", "topology"],
    "redis-container": ["topology"],
    "local-host": ["directory", "topology"],
    "docker-host": ["network", "topology"],
    "host-tuning": ["directory"],
    firewall: ["owner"],
    "monitoring-files": ["directory"],
  };

  const same = (a: unknown, b: unknown): boolean => {
    if (a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    const [x, y] = [a as Props, b as Props];
    const keys = Object.keys(x);
    return keys.length === Object.keys(y).length && keys.every((key) => key in y && same(x[key], y[key]));
  };
  // Inputs that say something by being away: others that are not there any more cannot be told from outputs.
  const switches = ["tls", "serverTls"];
  const changed = (olds: Props, news: Props): string[] =>
    [...new Set([...Object.keys(news), ...switches])].filter(
      (key) => !["__provider", "seen"].includes(key) && !same(olds[key], news[key]),
    );
  // Each run of the program is another one: that in which the resource was made stays, so that it is no change.
  const asMade = (olds: Props, news: Props): Props => {
    if (Object.keys(olds).length === 0 || !("run" in news)) return news;
    const { run: _, ...rest } = news;
    return olds.run === undefined ? rest : { ...rest, run: olds.run };
  };
  const visible = (props: Props): Props =>
    Object.fromEntries(Object.entries(props).filter(([key]) => key !== "__provider"));

  // One tool answers all requests of an update: its start is most of the time that an operation takes.
  type Waiting = { inputs: Props; resolve(reply: Reply): void; reject(error: Error): void };
  let tool: { send(line: string): void; kill(): void; waiting: Map<number, Waiting> } | undefined;
  let requests = 0;

  function startTool() {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const { createRequire, flushCompileCache } = process.getBuiltinModule("node:module");
    const { tmpdir } = process.getBuiltinModule("node:os");
    let path: string;
    try {
      path = createRequire(`${process.cwd()}/package.json`).resolve("hearth/tool");
    } catch {
      throw new Error(`the package "hearth" is not installed in ${process.cwd()}: run npm install there`);
    }
    // The engine's own secrets (passphrase, tokens) are none of the tool's business. The cache of compiled code saves a
    // quarter of the tool's start (20 of 85 ms).
    const kept = Object.entries(process.env).filter(([key]) => !key.startsWith("PULUMI_"));
    const env = { NODE_COMPILE_CACHE: `${tmpdir()}/node-compile-cache`, ...Object.fromEntries(kept) };
    const child = spawn(process.execPath, [path, "operation"], { env, stdio: ["pipe", "pipe", "pipe"] });
    // The engine kills this process in the end: what it has compiled is kept now, while the tool starts.
    setImmediate(() => flushCompileCache?.());
    const waiting = new Map<number, Waiting>();
    let pending = "";
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) hear(JSON.parse(line), waiting);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    child.stdin.on("error", () => {}); // the end of the tool tells more than EPIPE
    const end = (reason: string) => {
      if (tool?.waiting === waiting) tool = undefined;
      for (const { reject } of waiting.values()) reject(failure(reason, {}));
      waiting.clear();
    };
    child.on("error", (error) => end(error.message));
    child.on("close", (code, signal) => end(`the tool hearth ended (${signal ?? `exit code ${code}`}): ${complaint}`));
    return { waiting, send: (line: string) => child.stdin.write(line), kill: () => child.kill("SIGKILL") };
  }

  function hear(line: Line, waiting: Map<number, Waiting>): void {
    const asked = waiting.get(line.seq);
    if (!asked) return;
    if (line.progress !== undefined) {
      console.log(asked.inputs.name === undefined ? line.progress : `${asked.inputs.name}: ${line.progress}`);
      return;
    }
    waiting.delete(line.seq);
    if (line.result) asked.resolve(line.result);
    else asked.reject(failure(line.error?.message ?? "no answer", asked.inputs, line.error));
  }

  // With an id: there were effects, so the resource exists, and the next `up` updates it.
  function failure(message: string, inputs: Props, { id, outputs }: { id?: string; outputs?: Props } = {}): Error {
    const error = new Error(message);
    error.stack = ""; // the SDK would print it behind the message
    return id === undefined
      ? error
      : Object.assign(error, { id, properties: { ...inputs, ...outputs }, reasons: [message] });
  }

  function ask(action: string, id: string, inputs: Props, olds: Props): Promise<Reply> {
    const asked = tool ?? startTool();
    tool = asked;
    const seq = requests++;
    const deadlineMs = typeof inputs.deadlineMs === "number" ? inputs.deadlineMs : 120_000;
    const request = { seq, operation: inputs.operation, action, id, inputs: visible(inputs), olds: visible(olds) };
    return new Promise<Reply>((resolve, reject) => {
      // The tool keeps deadlines by itself; one that does not is stuck.
      const timer = setTimeout(() => asked.kill(), deadlineMs + 15_000);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          settle(value);
        };
      asked.waiting.set(seq, { inputs, resolve: settled(resolve), reject: settled(reject) });
      asked.send(`${JSON.stringify({ ...request, deadlineMs, parent: process.pid })}\n`);
    });
  }

  // Pulumi leaves a provider behind when its engine is killed. Ours goes, and the tool with it: nothing works on
  // for an update that nobody waits for. (Engine -> launcher script -> this process; elsewhere than on Linux the
  // tool's deadline does it.)
  function endWithEngine(): void {
    const { readFileSync } = process.getBuiltinModule("node:fs");
    const engine = (): string => {
      try {
        const isEngine = readFileSync(`/proc/${process.ppid}/comm`, "utf8").trim() === "pulumi";
        const launcher = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
        return isEngine ? `${process.ppid}` : (launcher.slice(launcher.lastIndexOf(")")).split(" ")[2] ?? "");
      } catch {
        return "";
      }
    };
    const first = engine();
    if (first !== "") setInterval(() => engine() !== first && process.exit(0), 250).unref();
  }
  endWithEngine();

  // Whether files of the machine are others than when the tool last looked at them (ops/host/seen.ts).
  function hasMoved(seen: Seen): boolean {
    const { createHash } = process.getBuiltinModule("node:crypto");
    const { readFileSync } = process.getBuiltinModule("node:fs");
    const hash = createHash("sha256");
    for (const file of seen.files) {
      try {
        hash.update(readFileSync(file));
      } catch {} // not on this machine
    }
    return hash.digest("hex") !== seen.digest;
  }

  // The one thing that is done here: it must not leave this process, and takes no time.
  function passwords(olds: Props, news: Props): { passwords: Props; previous: Props; createdIn?: unknown } {
    const { randomBytes } = process.getBuiltinModule("node:crypto");
    const given = (news.given ?? {}) as Props;
    const before = (olds.passwords ?? {}) as Props;
    const kept = olds.rotation === news.rotation ? before : {};
    const generate = () => randomBytes(32).toString("base64url");
    const users = news.users as string[];
    const now = Object.fromEntries(users.map((user) => [user, given[user] ?? kept[user] ?? generate()]));
    const replaced = users.filter((user) => before[user] !== undefined && before[user] !== now[user]);
    const previous = Object.fromEntries(replaced.map((user) => [user, before[user]]));
    const createdIn = olds.passwords === undefined ? news.run : olds.createdIn;
    return { passwords: now, previous, ...(createdIn !== undefined && { createdIn }) };
  }

  return {
    async check(olds: Props, given: Props) {
      // Only for the tool, to begin with what will be asked later: nothing of the resource.
      const { ahead: _, ...news } = given;
      if (!checked.includes(String(news.operation))) return { inputs: asMade(olds, news), failures: [] };
      // What a check has found goes into the inputs, so that a preview shows it, and stays there until the next.
      const found = Object.fromEntries(Object.entries(olds).filter(([key]) => findings.includes(key)));
      const moved = olds.seen !== undefined && hasMoved(olds.seen as Seen);
      if (!moved && changed(olds, news).length === 0) return { inputs: { ...found, ...news }, failures: [] };
      const reply = await ask("check", "", given, olds);
      return { inputs: { ...news, ...reply.outputs }, failures: reply.failures ?? [] };
    },
    async diff(_id: string, olds: Props, news: Props) {
      const keys = changed(olds, news);
      const replaces = keys.filter((key) => identity[String(news.operation)]?.includes(key));
      // Passwords from before a rotation end with the update after it; certificates are renewed in time.
      const retired = Object.keys((olds.previous as Props | undefined) ?? {}).length > 0;
      const due = typeof olds.renewAt === "string" && Date.parse(olds.renewAt) <= Date.now();
      return {
        changes: keys.length > 0 || olds.drift !== undefined || retired || due,
        replaces,
        deleteBeforeReplace: true,
      };
    },
    async create(inputs: Props) {
      if (inputs.operation === "passwords") return { id: "passwords", outs: { ...inputs, ...passwords({}, inputs) } };
      const reply = await ask("create", "", inputs, {});
      return { id: reply.id || String(inputs.operation), outs: { ...inputs, ...reply.outputs } };
    },
    async update(id: string, olds: Props, news: Props) {
      if (news.operation === "passwords") return { outs: { ...news, ...passwords(olds, news) } };
      return { outs: { ...news, ...(await ask("update", id, news, olds)).outputs } };
    },
    async read(id: string, props: Props) {
      if (props.operation === "passwords") return { id, props };
      const reply = await ask("read", id, props, {});
      const { drift: _, ...known } = props;
      return reply.id === "" ? { id: "", props: {} } : { id, props: { ...known, ...reply.outputs } };
    },
    async delete(id: string, props: Props) {
      if (props.operation !== "passwords") await ask("delete", id, props, {});
    },
  };
}
