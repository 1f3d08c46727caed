/**
 * The dynamic provider of every Hearth resource: a shim that asks the bundled tool.
 *
 * Its text is stored in the state and run from there, by `delete` perhaps years later. So it captures
 * nothing, knows no absolute path, and finds the tool from the Pulumi program's folder when it runs.
 * `String(provider)` is that text: no closure is serialised, which would load the TypeScript compiler
 * into every preview (0.15 s), and differ between machines.
 */
export function provider() {
  type Props = Record<string, unknown>;
  type Line = { progress?: string; result?: Reply; error?: { message: string; id?: string; outputs?: Props } };
  type Reply = { id?: string; outputs?: Props; failures?: { property: string; reason: string }[] };

  // Operations whose inputs the tool looks at before anything is created.
  const checked = ["local-host", "warm"];
  // Inputs whose change means another resource, not another state of this one.
  const identity: Record<string, string[]> = { "redis-process": ["directory"], "local-host": ["directory"] };

  const same = (a: unknown, b: unknown): boolean => {
    if (a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    const [x, y] = [a as Props, b as Props];
    const keys = Object.keys(x);
    return keys.length === Object.keys(y).length && keys.every((key) => key in y && same(x[key], y[key]));
  };
  const changed = (olds: Props, news: Props): string[] =>
    Object.keys(news).filter((key) => key !== "__provider" && !same(olds[key], news[key]));
  const visible = (props: Props): Props =>
    Object.fromEntries(Object.entries(props).filter(([key]) => key !== "__provider"));

  function ask(action: string, id: string, inputs: Props, olds: Props): Promise<Reply> {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const { createRequire } = process.getBuiltinModule("node:module");
    let tool: string;
    try {
      tool = createRequire(`${process.cwd()}/package.json`).resolve("hearth/tool");
    } catch {
      throw new Error(`the package "hearth" is not installed in ${process.cwd()}: run npm install there`);
    }
    const deadlineMs = typeof inputs.deadlineMs === "number" ? inputs.deadlineMs : 120_000;
    // The engine's own secrets (passphrase, tokens) are none of the tool's business. The cache of compiled code saves a
    // quarter of the tool's start (20 of 85 ms).
    const { tmpdir } = process.getBuiltinModule("node:os");
    const kept = Object.entries(process.env).filter(([key]) => !key.startsWith("PULUMI_"));
    const env = { NODE_COMPILE_CACHE: `${tmpdir()}/node-compile-cache`, ...Object.fromEntries(kept) };
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [tool, "operation"], { env, stdio: ["pipe", "pipe", "pipe"] });
      const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs + 15_000);
      const name = typeof inputs.name === "string" ? `${inputs.name}: ` : "";
      let last: Line = {};
      let pending = "";
      let complaint = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const lines = (pending + text).split("\n");
        pending = lines.pop() ?? "";
        for (const line of lines) {
          last = JSON.parse(line);
          if (last.progress !== undefined) console.log(name + last.progress);
        }
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        complaint = (complaint + text).slice(-2000);
      });
      child.stdin.on("error", () => {}); // the exit below tells more than EPIPE
      child.on("error", reject);
      child.on("close", (code, signal) => {
        clearTimeout(timer);
        if (last.result) return resolve(last.result);
        const message = last.error?.message ?? `the tool hearth ended (${signal ?? `exit code ${code}`}): ${complaint}`;
        const error: Error & { id?: string; properties?: Props; reasons?: string[] } = new Error(message);
        error.stack = ""; // the SDK would print it behind the message
        if (last.error?.id !== undefined) {
          // There were effects: the resource exists, and the next `up` updates it.
          error.id = last.error.id;
          error.properties = { ...inputs, ...last.error.outputs };
          error.reasons = [message];
        }
        reject(error);
      });
      const operation = inputs.operation;
      const request = { operation, action, id, inputs: visible(inputs), olds: visible(olds), deadlineMs };
      child.stdin.end(`${JSON.stringify({ ...request, parent: process.pid })}\n`);
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

  return {
    async check(olds: Props, news: Props) {
      const wanted = checked.includes(String(news.operation)) && changed(olds, news).length > 0;
      return { inputs: news, failures: wanted ? ((await ask("check", "", news, olds)).failures ?? []) : [] };
    },
    async diff(_id: string, olds: Props, news: Props) {
      const keys = changed(olds, news);
      const replaces = keys.filter((key) => identity[String(news.operation)]?.includes(key));
      return { changes: keys.length > 0 || olds.drift !== undefined, replaces, deleteBeforeReplace: true };
    },
    async create(inputs: Props) {
      if (inputs.operation === "password") {
        const { randomBytes } = process.getBuiltinModule("node:crypto");
        return { id: "password", outs: { ...inputs, value: randomBytes(32).toString("base64url") } };
      }
      const reply = await ask("create", "", inputs, {});
      return { id: reply.id || String(inputs.operation), outs: { ...inputs, ...reply.outputs } };
    },
    async update(id: string, olds: Props, news: Props) {
      if (news.operation === "password") return { outs: { ...olds, ...news } };
      return { outs: { ...news, ...(await ask("update", id, news, olds)).outputs } };
    },
    async read(id: string, props: Props) {
      if (props.operation === "password") return { id, props };
      const reply = await ask("read", id, props, {});
      const { drift: _, ...known } = props;
      return reply.id === "" ? { id: "", props: {} } : { id, props: { ...known, ...reply.outputs } };
    },
    async delete(id: string, props: Props) {
      if (props.operation !== "password") await ask("delete", id, props, {});
    },
  };
}
