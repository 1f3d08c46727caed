import { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CertificatesInputs, Issued } from "../../../contract/certificates.ts";
import { issue } from "../../../ops/certificates.ts";
import { type Login, withConnection } from "../../../ops/connect.ts";
import { formation } from "../../../ops/formation.ts";
import { identify } from "../../../ops/process-record.ts";
import { readiness } from "../../../ops/readiness.ts";
import { redisProcess } from "../../../ops/redis-process.ts";
import { freePorts, host, Lab, type NodeInputs, password } from "./lab.ts";

// A Sentinel topology whose servers ask everybody for a certificate, through a renewal.
const lab = new Lab();
// Its certificates are 61 of 90 days old: an update renews them 30 days before their end.
const now = new Date();
const issuedAt = new Date(now.getTime() - 61 * 24 * 3_600_000);
let asked: CertificatesInputs;
let issued: Issued;
let nodes: NodeInputs[] = [];
let ports: number[] = [];

const isSentinel = (node: NodeInputs) => node.kind === "sentinel";
const tlsOf = ({ ca, client }: Issued) => ({ ca, cert: client.cert, key: client.key });
const login = (): Login => ({ password, tls: tlsOf(issued) });
const withTls = (node: NodeInputs): NodeInputs => {
  const { cert, key } = issued.servers[node.name] as { cert: string; key: string };
  return { ...node, tls: tlsOf(issued), serverTls: { ca: issued.ca, cert, key, authClients: "yes" } };
};
const topology = () => ({
  topology: "sentinel",
  members: nodes.map(({ name, port, role, shard }) => ({ name, host, port, role, shard })),
  monitor: { masterName: "mymaster", quorum: 2, primary: { host, port: ports[0] } },
  ...login(),
});
const ask = (port: number, command: string, ...args: string[]) =>
  withConnection({ host, port }, login(), (connection) => connection.call(command, ...args));

/** The serial number of the certificate that a server shows. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, ...tlsOf(issued) }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

const serialOf = (name: string) => new X509Certificate(issued.servers[name]?.cert ?? "").serialNumber;

beforeAll(async () => {
  ports = await freePorts(6);
  const shared = {
    monitor: { masterName: "mymaster", quorum: 2, primary: { host, port: ports[0] } },
    sentinels: ports.slice(3).map((port) => ({ host, port })),
  };
  const names = ports.map((_, index) => (index < 3 ? `s-${index}` : `s-sentinel-${index - 3}`));
  asked = {
    name: "s",
    nodes: names.map((name) => ({ name, hosts: [host, "localhost"] })),
    ...{ validityDays: 90, renewBeforeDays: 30, rotation: "" },
  };
  issued = await issue(asked, undefined, issuedAt);
  nodes = ports.map((port, index) => {
    const sentinel = index >= 3;
    const data = {
      role: index === 0 ? "primary" : "replica",
      directives: { save: "", "repl-diskless-sync-delay": "0" },
    };
    const watching = {
      kind: "sentinel",
      role: "sentinel",
      directives: { "sentinel down-after-milliseconds mymaster": "1500", "sentinel failover-timeout mymaster": "5000" },
      secretDirectives: { requirepass: password, "sentinel auth-pass mymaster": password },
    };
    return lab.node(
      names[index] as string,
      port,
      withTls({ ...lab.node(names[index] as string, port, { ...(sentinel ? watching : data), ...shared }) }),
    );
  });
  await Promise.all(nodes.map((node) => lab.start(node)));
  await lab.run(formation, "create", topology());
  await lab.run(readiness, "create", topology());
});
afterAll(() => lab.close());

it("forms over TLS alone: replicas, and sentinels that have their quorum", async () => {
  await ask(ports[0] as number, "SET", "kept", "yes");
  const primary = String(await ask(ports[0] as number, "INFO", "replication"));
  expect(primary).toMatch(/role:master[\s\S]*connected_slaves:2/);
  for (const port of ports.slice(3)) {
    expect(await ask(port, "SENTINEL", "CKQUORUM", "mymaster")).toMatch(/^OK 3 usable Sentinels/);
  }
});

it("keeps keys in files that their user alone may read", () => {
  for (const { directory } of nodes) expect(statSync(join(directory, "server.key")).mode & 0o777).toBe(0o600);
});

it("a client without a certificate is refused, and one of another authority", async () => {
  const other = await issue(asked, undefined, now);
  const without = { ca: issued.ca };
  const foreign = { ...without, cert: other.client.cert, key: other.client.key };
  for (const port of [ports[0], ports[3]] as number[]) {
    for (const tls of [without, foreign]) {
      const attempt = withConnection({ host, port }, { password, tls }, (connection) => connection.call("PING"));
      await expect(attempt).rejects.toThrow(
        /^TLS: .*alert (certificate required|unknown ca)$|closed the connection|ECONNRESET|EPIPE/,
      );
    }
  }
});

it("is renewed while it runs: data nodes live, with their clients; sentinels one after the other", async () => {
  const client = new Redis({ host, port: ports[0] as number, password, tls: tlsOf(issued), retryStrategy: null });
  let lost = 0;
  client.on("close", () => lost++);
  await client.set("before", "renewal");
  const before = await Promise.all(nodes.map((node) => lab.run(redisProcess, "read", node)));
  const pids = before.map(({ outputs }) => Number(outputs?.pid));
  const old = issued;
  issued = await issue(asked, old, now);
  expect(issued.ca).toBe(old.ca);
  expect(serialOf("s-0")).not.toBe(new X509Certificate(old.servers["s-0"]?.cert ?? "").serialNumber);

  let fewest = 3;
  let running = true;
  const watch = (async () => {
    while (running) {
      const up = nodes.filter(isSentinel).map(async ({ port }) => (await ask(port, "PING").catch(() => "")) === "PONG");
      fewest = Math.min(fewest, (await Promise.all(up)).filter(Boolean).length);
    }
  })();
  const olds = nodes;
  nodes = nodes.map(withTls);
  const updated = await Promise.all(
    nodes.map((node, index) => lab.run(redisProcess, "update", node, { olds: olds[index] as NodeInputs })),
  );
  running = false;
  await watch;
  expect(fewest).toBe(2);

  for (const [index, node] of nodes.entries()) {
    const same = Number(updated[index]?.outputs?.pid) === pids[index];
    expect(same, node.name).toBe(!isSentinel(node));
    expect(identify(Number(updated[index]?.outputs?.pid))).toBeDefined();
    expect(await shownBy(node.port)).toBe(serialOf(node.name));
  }
  expect(await client.get("before")).toBe("renewal");
  expect(lost).toBe(0);
  client.disconnect();
  await lab.run(formation, "update", topology());
  await lab.run(readiness, "update", topology());
  for (const port of ports.slice(3)) {
    expect(await ask(port, "SENTINEL", "CKQUORUM", "mymaster")).toMatch(/^OK 3 usable Sentinels/);
  }
});

it("stops asking for certificates, and asks again, without a restart of a data node", async () => {
  const without: Login = { password, tls: { ca: issued.ca } };
  const [first, , , sentinel] = nodes as [NodeInputs, NodeInputs, NodeInputs, NodeInputs];
  const ping = (port: number) => withConnection({ host, port }, without, (connection) => connection.text("PING"));
  for (const authClients of ["no", "yes"] as const) {
    lab.progress.length = 0;
    const asking = nodes.map((node) => ({ ...node, serverTls: { ...(node.serverTls as object), authClients } }));
    await Promise.all(
      asking.map((node, index) => lab.run(redisProcess, "update", node, { olds: nodes[index] as NodeInputs })),
    );
    nodes = asking;
    expect(lab.progress.filter((line) => line === "set live: tls-auth-clients")).toHaveLength(3);
    expect(lab.progress.filter((line) => line === "restarting for tls-auth-clients")).toHaveLength(3);
    for (const { port } of [first, sentinel]) {
      if (authClients === "no") expect(await ping(port)).toBe("PONG");
      else await expect(ping(port)).rejects.toThrow(/^TLS: .*alert certificate required$|closed the connection|EPIPE/);
    }
  }
});

it("nothing is restarted, nor written, for a certificate that is there already", async () => {
  lab.progress.length = 0;
  await Promise.all(nodes.map((node) => lab.run(redisProcess, "update", node, { olds: node })));
  expect(lab.progress).toEqual([]);
});

it("fails over after the renewal, with connections that were made before and after it", async () => {
  const named = async () => {
    const reply = await ask(ports[3] as number, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster");
    return Number(Array.isArray(reply) ? reply[1] : 0);
  };
  const old = nodes.find(({ port }) => port === ports[0]) as NodeInputs;
  const { outputs } = await lab.run(redisProcess, "read", old);
  process.kill(Number(outputs?.pid), "SIGKILL");
  await expect.poll(named, { timeout: 20_000, interval: 50 }).not.toBe(old.port);
  await lab.start(old);
  await lab.run(formation, "update", topology());
  await lab.run(readiness, "update", topology());
  expect(await ask(await named(), "GET", "kept")).toBe("yes");
  expect(String(await ask(old.port, "INFO", "replication"))).toMatch(/role:slave[\s\S]*master_link_status:up/);
});
