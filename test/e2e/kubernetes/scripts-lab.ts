import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { ServerTls } from "../../../contract/nodes.ts";
import { goneMs, healthOf, scriptsOf } from "../../../infra/plan/kubernetes/config-data.ts";
import { nodeConf } from "../../../infra/plan/kubernetes/node-conf.ts";
import { onKubernetes } from "../../../infra/plan/kubernetes/nodes.ts";
import type { PodPaths } from "../../../infra/plan/kubernetes/paths.ts";
import { secretData } from "../../../infra/plan/kubernetes/secret-data.ts";
import { podUser, type Secrets, userNames } from "../../../infra/plan/secrets.ts";
import type { PlannedNode, TopologyPlan } from "../../../infra/plan/topology.ts";
import { freePorts } from "../../support/ports.ts";

/** Every kind of character that a password may have. */
export const hostile = `a'b"c\\d $HOME \`id\` #%{}[]<>|&;*?!~ äß€ \${x}`;
export const secrets: Secrets = {
  passwords: Object.fromEntries([...userNames, podUser].map((user) => [user, `${user} ${hostile}`])),
};

/** What a script said, and how it ended. */
export interface Said {
  readonly code: number;
  readonly text: string;
}

/** A pod as far as its scripts know: files as a ConfigMap and a Secret show them, a volume, and a server. */
export interface Pod {
  readonly node: PlannedNode;
  readonly client: Redis;
  /** The volume. */
  readonly volume: string;
  /** What the server, and the script before it, said since the last start. */
  log(): string;
  config(): string;
  start(): Promise<void>;
  /** Ends with SIGTERM, as the kubelet does it; `SIGKILL`: the machine is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  script(name: "health.sh" | "prestop.sh", ...args: string[]): Promise<Said>;
}

/** How pods of a test differ from those of a cluster. */
export interface LabOptions {
  readonly env?: Record<string, string>;
  readonly certificates?: ReadonlyMap<string, ServerTls> | undefined;
  /** Shell that runs the scripts. @default sh */
  readonly shell?: readonly string[];
}

/** The pods of a plan, as processes of this machine: one address, so each has a port of its own. */
export async function podsOf(planned: TopologyPlan, { env = {}, certificates, shell = ["sh"] }: LabOptions = {}) {
  const plan = onKubernetes(planned, "test");
  const first = await freePorts(plan.nodes.length, { bus: plan.topology === "cluster" });
  const folder = mkdtempSync(join(tmpdir(), "hearth-pods-"));
  const nodes = plan.nodes.map((node, index) => moved(node, first + index));
  const here = { ...plan, nodes };
  const pods = nodes.map((node): Pod => {
    const paths: PodPaths = {
      config: join(folder, node.name, "config"),
      secret: join(folder, node.name, "secret"),
      folder: join(folder, node.name, "volume", "node"),
    };
    for (const path of [paths.config, paths.secret]) mkdirSync(path, { recursive: true });
    const tls = plan.tls && { mutual: plan.tls.mutual };
    const files = {
      ...scriptsOf(here, node, paths, (name) => address(nodes, name)),
      "health.sh": healthOf(here, node, paths),
      [`${node.name}.conf`]: nodeConf(node, { paths, host: "127.0.0.1", tls, goneMs: goneMs(here, node) }),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(paths.config, name), text);
    const kind = nodes.filter((other) => other.kind === node.kind);
    for (const [name, text] of Object.entries(secretData(kind, secrets, certificates)))
      writeFileSync(join(paths.secret, name), text);
    return podOf(node, paths, { env: { ...env, HEARTH_NODE: node.name }, shell, certificates });
  });
  const stop = async () => {
    await Promise.all(pods.map((pod) => pod.stop("SIGKILL")));
    for (const { client } of pods) client.disconnect();
    rmSync(folder, { recursive: true });
  };
  return { pods, folder, stop };
}

function address(nodes: readonly PlannedNode[], name: string) {
  return { host: "127.0.0.1", port: nodes.find((node) => node.name === name)?.port ?? 0 };
}

function moved(node: PlannedNode, port: number): PlannedNode {
  const here = Object.entries(node.directives).map(([name, value]) => {
    if (/announce-(ip|hostname)$/.test(name)) return [name, "127.0.0.1"];
    return [name, name === "port" || name.endsWith("announce-port") ? `${port}` : value];
  });
  const directives = { ...Object.fromEntries(here), bind: "127.0.0.1" };
  return { ...node, port, directives, ...(node.busPort !== undefined && { busPort: port + 10_000 }) };
}

function podOf(
  node: PlannedNode,
  paths: PodPaths,
  { env, shell, certificates }: Required<Pick<LabOptions, "env" | "shell">> & LabOptions,
): Pod {
  const own = certificates?.get(node.name);
  const client = new Redis({
    ...{ host: "127.0.0.1", port: node.port, username: "operator", password: secrets.passwords.operator as string },
    ...{ lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 50 },
    ...(own && { tls: { ca: own.ca, cert: own.cert, key: own.key } }),
  });
  client.on("error", () => {}); // a server that a test has stopped
  const [program = "sh", ...words] = shell;
  const environment = { ...process.env, ...env };
  let child: ChildProcess | undefined;
  let log = "";
  return {
    node,
    client,
    volume: join(paths.folder, ".."),
    log: () => log,
    config: () => readFileSync(join(paths.folder, node.kind === "sentinel" ? "sentinel.conf" : "redis.conf"), "utf8"),
    async start() {
      log = "";
      mkdirSync(join(paths.folder, ".."), { recursive: true });
      const started = spawn(program, [...words, join(paths.config, "start.sh")], { env: environment });
      child = started;
      for (const stream of [started.stdout, started.stderr]) stream.on("data", (text) => (log += text));
      const ended = new Promise((resolve) => started.once("close", resolve));
      await Promise.race([client.ping(), ended]);
      if (started.exitCode !== null) throw new Error(`${node.name} ended: ${log}`);
    },
    async stop(signal = "SIGTERM") {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once("exit", resolve));
      child.kill(signal);
      await ended;
    },
    script: (name, ...args) =>
      new Promise((resolve) => {
        execFile(program, [...words, join(paths.config, name), ...args], { env: environment }, (error, out, err) =>
          resolve({ code: error ? Number(error.code) : 0, text: `${out}${err}`.trim() }),
        );
      }),
  };
}
