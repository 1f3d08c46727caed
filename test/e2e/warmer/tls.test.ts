import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { gateSchema, type WarmReport } from "../../../contract/warming.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { runWarming } from "../../../warmer/run-warming.ts";
import { readStats } from "../../../warmer/stats.ts";
import type { WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { type Certificate, makeAuthority, type TestAuthority } from "../../support/certificates.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startSentinel, startStandalone, type TestTls, type TestTopology } from "../../support/redis.ts";

const DAY_MS = 86_400_000;
const rows = 20_000;
const hash = {
  name: "hash",
  query: `SELECT n AS id, md5(n::text) AS text, repeat('x', 100) AS more FROM generate_series(1, ${rows}) n`,
  key: "hash:{id}",
  value: { type: "hash" },
  ttl: 3600,
};
const string = {
  name: "string",
  query: "SELECT n AS id, repeat('y', 1000000) AS text FROM generate_series(1, 20) n",
  key: "string:{id}",
  value: { type: "string", column: "text" },
};
const plan = parsePlan({ name: "tls", datasets: [hash, string] });
const keys = rows + 20;

let postgres: TestPostgres;
let authority: TestAuthority;
let stranger: TestAuthority;
let server: Certificate;
let client: Certificate;

beforeAll(async () => {
  [postgres, authority, stranger] = await Promise.all([startPostgres(), makeAuthority(), makeAuthority("Another CA")]);
  [server, client] = await Promise.all([authority.issue("redis"), authority.issue("client", { usage: "client" })]);
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), authority?.remove(), stranger?.remove()]);
});

const fill = (endpoint: Endpoint): Promise<WarmReport> =>
  runWarming({
    endpoint,
    plan,
    source: { url: postgres.url },
    gate: gateSchema.parse({}),
    onBusy: "fail",
    resume: true,
  });
const write = (endpoint: Endpoint): Promise<WarmOutcome> =>
  warm({ endpoint, plan, postgresUrl: postgres.url, deadlineMs: 30_000 });

const starts = {
  standalone: (tls: TestTls) => startStandalone([], tls),
  sentinel: (tls: TestTls) => startSentinel(undefined, tls),
  cluster: (tls: TestTls) => startCluster(0, tls),
};

describe.each(["standalone", "sentinel", "cluster"] as const)("a %s that speaks nothing but TLS", (topology) => {
  it.each([false, true])("is filled, and proven warm; certificates of clients: %s", async (mutual) => {
    const redis = await starts[topology]({ server, authority, ...(mutual && { client }) });
    try {
      const report = await fill(redis.endpoint);
      expect(report).toMatchObject({ ok: true, keys, failed: 0, validation: { verdict: "warm" } });
      const { sampled = 0, matching } = report.validation?.readBack ?? {};
      expect(sampled).toBeGreaterThan(150);
      expect(matching).toBe(sampled);
      const data = topology === "sentinel" ? redis.servers.slice(0, 1) : redis.servers;
      const sizes = await Promise.all(data.map((each) => each.client.dbsize()));
      expect(sizes.reduce((sum, size) => sum + size)).toBe(keys);
      for (const stats of await readStats(redis.endpoint)) expect(stats.error).toBeUndefined();
    } finally {
      await redis.stop();
    }
  });
});

/** A server that shows a certificate which the test's own client would not take: it is connected before. */
async function startShowing(shown: Certificate): Promise<TestTopology<"standalone">> {
  const redis = await startStandalone([], { server, authority });
  const { client: first } = redis.servers[0] as (typeof redis.servers)[0];
  await first.config("SET", "tls-cert-file", shown.certFile, "tls-key-file", shown.keyFile);
  return redis;
}

describe("the wrong TLS is told at once, and what to do", () => {
  const wrongAuthority = /its certificate was not issued by the authority in `tls\.ca` of the endpoint/;

  /** That both the writer and the reader fail soon with that message. */
  async function refused(endpoint: Endpoint, message: RegExp, { stats: told = true } = {}): Promise<void> {
    const began = performance.now();
    const outcome = await write(endpoint);
    expect(outcome).toMatchObject({ ok: false, keys: 0 });
    expect(outcome.error).toMatch(message);
    expect(outcome.error).toMatch(/^Cannot reach Redis (127\.0\.0\.1|localhost):\d+: /);
    expect(outcome.error).not.toMatch(/openssl|PRIVATE/);
    await expect(fill(endpoint)).rejects.toThrow(message);
    expect(performance.now() - began).toBeLessThan(4000);
    const [stats] = await readStats(endpoint);
    expect(stats?.error).toMatch(told ? message : /ECONNRESET|EPIPE|closed|certificate/);
  }

  describe("with a server that asks for certificates", () => {
    let redis: TestTopology<"standalone">;
    beforeAll(async () => {
      redis = await startStandalone([], { server, authority, client });
    });
    afterAll(() => redis?.stop());

    const withTls = (tls: Endpoint["tls"]): Endpoint => ({ ...redis.endpoint, tls });

    it("an authority that did not issue it; none at all", async () => {
      const connections = async () => Number(/total_connections_received:(\d+)/.exec(await first().info("stats"))?.[1]);
      const first = () => (redis.servers[0] as (typeof redis.servers)[0]).client;
      const before = await connections();
      await refused(withTls({ ca: stranger.ca, cert: client.cert, key: client.key }), wrongAuthority);
      await refused(withTls({ cert: client.cert, key: client.key }), wrongAuthority);
      // No storm of retries: a few attempts of the writer, the reader and the statistics each.
      expect((await connections()) - before).toBeLessThan(20);
    });

    it("no certificate of the client; one of another authority; an expired one", async () => {
      // With TLS 1.3 the server says so after the handshake, which the statistics may not wait for.
      const late = { stats: false };
      await refused(
        withTls({ ca: authority.ca }),
        /it asks for a certificate of the client: set `tls\.cert` and `tls\.key`/,
        late,
      );
      const foreign = await stranger.issue("client");
      await refused(
        withTls({ ca: authority.ca, cert: foreign.cert, key: foreign.key }),
        /it does not trust the client's certificate/,
        late,
      );
      const expired = await authority.issue("expired-client", { notAfter: new Date(Date.now() - DAY_MS / 48) });
      await refused(
        withTls({ ca: authority.ca, cert: expired.cert, key: expired.key }),
        /the client's certificate has expired/,
        late,
      );
    });

    it("what is not PEM", async () => {
      const outcome = await write(withTls({ ca: authority.ca, cert: "x", key: "y" }));
      expect(outcome.error).toContain("`tls.ca`, `tls.cert` or `tls.key` of the endpoint is not PEM");
    });

    it("plain text", async () => {
      const { tls: _, ...plain } = redis.endpoint;
      const outcome = await write(plain);
      expect(outcome.error).toMatch(
        /^Cannot reach Redis .*\(does this port speak TLS\? Then set `tls` of the endpoint\)/,
      );
      expect(outcome.durationMs).toBeLessThan(2000);
    });

    it("of a host that the certificate is not for; `servername` says which to verify", async () => {
      const other = await authority.issue("cache.internal", { hosts: ["cache.internal"], usage: "server" });
      const named = await startShowing(other);
      const endpoint = named.endpoint as Endpoint;
      try {
        await refused(endpoint, /IP: 127\.0\.0\.1 is not in the cert's list.*set `tls\.servername` of the endpoint/);
        await refused(
          { ...endpoint, tls: { ca: authority.ca, servername: "10.0.0.1" } },
          /IP: 10\.0\.0\.1 is not in the cert's list/,
        );
        const right = { ...endpoint, tls: { ca: authority.ca, servername: "cache.internal" } };
        expect(await fill(right)).toMatchObject({ ok: true, keys });
        expect((await readStats(right))[0]?.error).toBeUndefined();
      } finally {
        await named.stop();
      }
    });

    it("of a host by name, and of a name that stands for an address", async () => {
      const port = redis.servers[0]?.port ?? 0;
      const tls = { ca: authority.ca, cert: client.cert, key: client.key };
      const byName: Endpoint = { ...redis.endpoint, nodes: [{ host: "localhost", port }], tls };
      expect(await write(byName)).toMatchObject({ ok: true, keys });
      expect(await write({ ...byName, tls: { ...tls, servername: "127.0.0.1" } })).toMatchObject({ ok: true, keys });
    });
  });

  it("a certificate that has expired, and one that is not valid yet", async () => {
    const expired = await authority.issue("expired", { notAfter: new Date(Date.now() - DAY_MS / 48) });
    const early = await authority.issue("early", { notBefore: new Date(Date.now() + DAY_MS) });
    for (const [shown, message] of [
      [expired, /its certificate has expired/],
      [early, /its certificate is not valid yet/],
    ] as const) {
      const redis = await startShowing(shown);
      try {
        await refused(redis.endpoint, message);
      } finally {
        await redis.stop();
      }
    }
  });

  it("TLS to a port of plain text", async () => {
    const redis = await startStandalone();
    try {
      const outcome = await write({ ...redis.endpoint, tls: { ca: authority.ca } });
      expect(outcome.error).toMatch(/no TLS handshake within 5 s: this port does not seem to speak TLS/);
    } finally {
      await redis.stop();
    }
  });

  it("of an authority that becomes another while rows are written: ends with the reason, after a few attempts a second", async () => {
    const redis = await startStandalone([], { server, authority });
    const foreign = await stranger.issue("foreign");
    const first = (redis.servers[0] as (typeof redis.servers)[0]).client;
    try {
      let changed = false;
      const outcome = await warm({
        endpoint: redis.endpoint,
        plan,
        postgresUrl: postgres.url,
        patienceMs: 3000,
        limits: { keysPerSecond: 5000 },
        onProgress: ({ datasets: [dataset] }) => {
          if (changed || (dataset?.keys ?? 0) < 1000) return;
          changed = true;
          void first
            .config("SET", "tls-cert-file", foreign.certFile, "tls-key-file", foreign.keyFile)
            .then(() => first.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"));
        },
      });
      expect(outcome.ok).toBe(false);
      expect(outcome.error).toMatch(wrongAuthority);
      expect(outcome.keys).toBeGreaterThan(1000);
      const stats = await first.info("stats");
      expect(Number(/total_connections_received:(\d+)/.exec(stats)?.[1])).toBeLessThan(40);
    } finally {
      await redis.stop();
    }
  });
});
