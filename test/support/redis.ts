import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { Certificate, TestAuthority } from "./certificates.ts";
import { freePorts } from "./ports.ts";
import { until } from "./wait.ts";

type EndpointOf<T extends Endpoint["topology"]> = Extract<Endpoint, { topology: T }>;

/** TLS in place of plain text, on the same port; also between the servers. */
export interface TestTls {
  /** What the servers show, and where they have their files: see certificates.ts. */
  readonly server: Certificate;
  readonly authority: TestAuthority;
  /** What clients show; with it, servers refuse a client that shows nothing. */
  readonly client?: Certificate;
}

/** One redis-server of a test. */
export interface TestRedis {
  readonly port: number;
  readonly pid: number;
  /** A client of the server. */
  readonly client: Redis;
  /** Ends the process with a signal, at once by default, and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, on its port, with its data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Servers of a topology, and how a client reaches them. */
export interface TestTopology<T extends Endpoint["topology"]> {
  readonly endpoint: EndpointOf<T>;
  readonly servers: readonly TestRedis[];
  stop(): Promise<void>;
}

const address = (port: number): { host: string; port: number } => ({ host: "127.0.0.1", port });

function tlsDirectives({ server, authority, client }: TestTls, port: number): string[] {
  const files = [`tls-cert-file ${server.certFile}`, `tls-key-file ${server.keyFile}`];
  const among = ["tls-replication yes", "tls-cluster yes", `tls-auth-clients ${client === undefined ? "no" : "yes"}`];
  return ["port 0", `tls-port ${port}`, ...files, `tls-ca-cert-file ${authority.caFile}`, ...among];
}

/** The member `tls` of an endpoint, and of ioredis's options. */
export function tlsOf({ authority, client }: TestTls): { ca: string; cert?: string; key?: string } {
  return { ca: authority.ca, ...(client !== undefined && { cert: client.cert, key: client.key }) };
}

/** Starts redis-server on a free port with directives such as `maxmemory 10mb`. */
export async function startRedis(
  directives: readonly string[] = [],
  {
    port,
    password,
    sentinel = false,
    tls,
    env,
  }: {
    port?: number;
    password?: string | undefined;
    sentinel?: boolean;
    tls?: TestTls | undefined;
    /** Besides this process's own environment. */
    env?: NodeJS.ProcessEnv;
  } = {},
): Promise<TestRedis> {
  const listening = port ?? (await freePorts(1));
  const folder = await mkdtemp(join(tmpdir(), "hearth-redis-"));
  const file = join(folder, "redis.conf");
  const common = ["bind 127.0.0.1", `port ${listening}`, `dir ${folder}`];
  const encrypted = tls === undefined ? [] : tlsDirectives(tls, listening);
  const data = sentinel ? [] : ['save ""', "appendonly no", "enable-debug-command local"];
  const auth =
    password === undefined ? [] : [`requirepass ${password}`, ...(sentinel ? [] : [`masterauth ${password}`])];
  await mkdir(folder, { recursive: true });
  await writeFile(file, [...common, ...encrypted, ...data, ...auth, ...directives, ""].join("\n"));
  let child: ChildProcess;
  const client = new Redis({
    ...address(listening),
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls: tlsOf(tls) }),
  });
  client.on("error", () => {}); // a server that a test has killed
  const start = async (): Promise<void> => {
    child = spawn("redis-server", [file, ...(sentinel ? ["--sentinel"] : [])], {
      stdio: "ignore",
      env: { ...process.env, ...env },
    });
    await until(`redis-server answers on ${listening}`, async () => {
      const probe = new Redis({
        ...address(listening),
        lazyConnect: true,
        retryStrategy: () => null,
        ...(password !== undefined && { password }),
        ...(tls !== undefined && { tls: tlsOf(tls) }),
      });
      probe.on("error", () => {}); // not listening yet
      try {
        await probe.connect();
        return (await probe.ping()) === "PONG";
      } finally {
        probe.disconnect();
      }
    });
  };
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  await start();
  return {
    port: listening,
    get pid() {
      return child.pid ?? 0;
    },
    client,
    kill,
    restart: start,
    async stop() {
      client.disconnect();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function stopAll(servers: readonly TestRedis[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

function encryptedBy(tls: TestTls | undefined): { tls?: ReturnType<typeof tlsOf> } {
  return tls === undefined ? {} : { tls: tlsOf(tls) };
}

/** A standalone server. */
export async function startStandalone(
  directives: readonly string[] = [],
  tls?: TestTls,
): Promise<TestTopology<"standalone">> {
  const server = await startRedis(directives, { tls });
  return {
    endpoint: { topology: "standalone", nodes: [address(server.port)], database: 0, ...encryptedBy(tls) },
    servers: [server],
    stop: () => server.stop(),
  };
}

/** A primary, two replicas and three sentinels (in this order), which have found each other. */
export async function startSentinel(password = "sentinel-secret", tls?: TestTls): Promise<TestTopology<"sentinel">> {
  const first = await freePorts(6);
  const servers: TestRedis[] = [await startRedis(["repl-diskless-sync-delay 0"], { port: first, password, tls })];
  try {
    for (const port of [first + 1, first + 2]) {
      servers.push(await startRedis([`replicaof 127.0.0.1 ${first}`], { port, password, tls }));
    }
    const watch = [
      `sentinel monitor cache 127.0.0.1 ${first} 2`,
      `sentinel auth-pass cache ${password}`,
      "sentinel down-after-milliseconds cache 1000",
      "sentinel failover-timeout cache 5000",
    ];
    for (const port of [first + 3, first + 4, first + 5])
      servers.push(await startRedis(watch, { port, sentinel: true, tls }));
    await until("the sentinels know each other and the replicas", async () => {
      const views = await Promise.all(
        servers.slice(3).map(async ({ client }) => {
          const [fields = []] = (await client.call("SENTINEL", "MASTERS")) as string[][];
          return [fields[fields.indexOf("num-other-sentinels") + 1], fields[fields.indexOf("num-slaves") + 1]];
        }),
      );
      const info = await (servers[0] as TestRedis).client.info("replication");
      return (
        views.every(([sentinels, replicas]) => sentinels === "2" && replicas === "2") &&
        info.split("state=online").length === 3
      );
    });
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
  const endpoint = {
    topology: "sentinel" as const,
    masterName: "cache",
    sentinels: servers.slice(3).map(({ port }) => address(port)),
    nodes: servers.slice(0, 3).map(({ port }) => address(port)),
    database: 0,
    password,
    ...encryptedBy(tls),
  };
  return { endpoint, servers, stop: () => stopAll(servers) };
}

/** A cluster of three primaries, each with `replicas` replicas (after the primaries, in the same order). */
export async function startCluster(replicas = 0, tls?: TestTls): Promise<TestTopology<"cluster">> {
  const count = 3 * (1 + replicas);
  const first = await freePorts(count, { bus: true });
  const servers: TestRedis[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const directives = [
        "cluster-enabled yes",
        "cluster-node-timeout 1500",
        "cluster-config-file nodes.conf",
        "repl-diskless-sync-delay 0",
      ];
      servers.push(await startRedis(directives, { port: first + index, tls }));
    }
    await form(servers);
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
  const endpoint = {
    topology: "cluster" as const,
    nodes: servers.map(({ port }) => address(port)),
    database: 0 as const,
    ...encryptedBy(tls),
  };
  return { endpoint, servers, stop: () => stopAll(servers) };
}

async function form(servers: readonly TestRedis[]): Promise<void> {
  const [seed] = servers as [TestRedis];
  const bounds = [0, 5461, 10_923, 16_384] as const;
  for (const [index, { client, port }] of servers.entries()) {
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    if (index < 3)
      await client.call("CLUSTER", "ADDSLOTSRANGE", String(bounds[index]), String((bounds[index + 1] as number) - 1));
    if (index > 0) await seed.client.call("CLUSTER", "MEET", "127.0.0.1", String(port));
  }
  const ids = await Promise.all(servers.map(({ client }) => client.call("CLUSTER", "MYID") as Promise<string>));
  await until("every node knows all the others", async () => {
    const views = await Promise.all(servers.map(({ client }) => client.call("CLUSTER", "NODES") as Promise<string>));
    return views.every((view) => ids.every((id) => view.includes(id)) && !view.includes("handshake"));
  });
  for (let index = 3; index < servers.length; index++) {
    await servers[index]?.client.call("CLUSTER", "REPLICATE", ids[index % 3] as string);
  }
  await until("the cluster is ok, and its replicas are connected", async () => {
    const states = await Promise.all(servers.map(({ client }) => client.call("CLUSTER", "INFO") as Promise<string>));
    const links = await Promise.all(servers.slice(3).map(({ client }) => client.info("replication")));
    return (
      states.every((state) => state.includes("cluster_state:ok")) &&
      links.every((link) => link.includes("master_link_status:up"))
    );
  });
}
