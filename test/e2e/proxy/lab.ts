import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { PrimaryProxySettings } from "../../../contract/primary.ts";
import { freePorts } from "../../support/ports.ts";
import type { TestRedis, TestTls, TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

/** The password of all users; a word that would be found in a log. */
export const password = "pass#word-of-the-proxies";

/** The proxy as a process of this machine. */
export interface TestProxy {
  readonly port: number;
  readonly pid: number;
  /** How a client of the application reaches the primary: as if there were one server. */
  readonly endpoint: Extract<Endpoint, { topology: "standalone" }>;
  log(): string;
  /** HTTP status of `/ready`. */
  ready(): Promise<number>;
  /** How it ended. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Starts the proxy before a topology, and waits until it leads to the primary. */
export async function startPrimaryProxy(
  { endpoint }: TestTopology<"sentinel">,
  settings: Partial<PrimaryProxySettings> = {},
  tls?: TestTls,
): Promise<TestProxy> {
  const folder = mkdtempSync(join(tmpdir(), "hearth-proxy-"));
  const port = await freePorts(2);
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password);
  const whole: PrimaryProxySettings = {
    listen: { host: "127.0.0.1", port },
    probes: { host: "127.0.0.1", port: port + 1 },
    masterName: endpoint.masterName,
    sentinels: endpoint.sentinels,
    // The topologies of tests take a primary for down after a second.
    leaseMs: 600,
    failoverTimeoutMs: 5_000,
    login: { user: "default", passwordFile },
    ...(tls && {
      tls: {
        ca: tls.authority.caFile,
        ...(tls.client && { cert: tls.client.certFile, key: tls.client.keyFile }),
      },
    }),
    maxConnections: 100,
    leave: { acceptMs: 0, deadlineMs: 2_000 },
    ...settings,
  };
  const file = join(folder, "settings.json");
  writeFileSync(file, JSON.stringify(whole));
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../../proxy/main.ts"), file]);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const proxy: TestProxy = {
    port,
    pid: child.pid ?? 0,
    endpoint: {
      ...{ topology: "standalone", nodes: [{ host: "127.0.0.1", port }], database: 0, password },
      ...(endpoint.tls && { tls: endpoint.tls }),
    },
    log: () => log,
    ready: async () => (await fetch(`http://127.0.0.1:${port + 1}/ready`)).status,
    ended,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
  await until("the proxy leads to the primary", async () => (await proxy.ready()) === 200).catch(async (error) => {
    await proxy.stop();
    throw new Error(`${error.message}: ${log}`);
  });
  return proxy;
}

/** The data node that the sentinels name, when all that answer name the same. */
export async function primaryOf({ servers }: TestTopology<"sentinel">): Promise<TestRedis> {
  return until("the sentinels name one primary", async () => {
    const answers = await Promise.all(
      servers.slice(3).map(async ({ client }) => {
        if (client.status !== "ready") return undefined;
        return ((await client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "cache")) as string[])[1];
      }),
    );
    const ports = new Set(answers.filter((port) => port !== undefined));
    return ports.size === 1 && servers.find((server) => ports.has(String(server.port)));
  });
}

/** Whether somebody listens on the port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
