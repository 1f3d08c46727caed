import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { type Certificate, makeAuthority, type TestAuthority } from "../../support/certificates.ts";
import { checkOnce, complaints, found } from "../../support/health.ts";
import { startCluster, startRedis, startSentinel } from "../../support/redis.ts";

const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);
let authority: TestAuthority;
let stranger: TestAuthority;
let server: Certificate;
let client: Certificate;

beforeAll(async () => {
  [authority, stranger] = await Promise.all([makeAuthority(), makeAuthority("Another CA")]);
  server = await authority.issue("redis", { notAfter: inDays(5.5) });
  client = await authority.issue("client", { usage: "client", notAfter: inDays(9) });
});
afterAll(async () => {
  await Promise.all([authority?.remove(), stranger?.remove()]);
});

describe("hearth check, TLS", () => {
  it.each([
    ["sentinel", (tls: Parameters<typeof startSentinel>[1]) => startSentinel(undefined, tls), 6],
    ["cluster", (tls: Parameters<typeof startSentinel>[1]) => startCluster(0, tls), 3],
  ] as const)(
    "%s: looks at every server's certificate, the client's and the authority's",
    async (_, start, servers) => {
      const topology = await start({ server, authority, client });
      try {
        const soon = await checkOnce(topology.endpoint);
        expect(soon.status).toBe("degraded");
        const texts = found(soon, "certificate").map(([severity, text]) => `${severity} ${text}`);
        expect(texts).toHaveLength(servers + 2);
        expect(texts[0]).toMatch(
          /^warning the certificate of 127\.0\.0\.1:\d+ ends in 5\.\d days, on \d{4}-\d\d-\d\d$/,
        );
        expect(texts.at(-2)).toMatch(/^warning the authority in tls\.ca of the endpoint ends in (9|10)\.\d days/);
        expect(texts.at(-1)).toMatch(
          /^warning the client's certificate in tls\.cert of the endpoint ends in [89]\.\d days/,
        );
        expect(complaints(soon)).toHaveLength(servers + 2);
      } finally {
        await topology.stop();
      }
    },
  );

  it("a certificate that ends within days, has ended, or was issued by another authority", async () => {
    const endpointOf = (port: number, tls: Endpoint["tls"]): Endpoint => ({
      topology: "standalone",
      nodes: [{ host: "127.0.0.1", port }],
      database: 0,
      ...(tls !== undefined && { tls }),
    });
    const good = await authority.issue("long", { notAfter: inDays(1.5) });
    const redis = await startRedis([], { tls: { server: good, authority } });
    try {
      const endpoint = endpointOf(redis.port, { ca: authority.ca });
      const near = await checkOnce(endpoint);
      expect(near.status).toBe("unhealthy");
      expect(found(near, "certificate")[0]).toEqual(["critical", expect.stringContaining("ends in 1.5 days")]);
      const wrong = await checkOnce(endpointOf(redis.port, { ca: stranger.ca }));
      expect(found(wrong, "connection")).toEqual([
        ["critical", expect.stringContaining("was not issued by the authority in `tls.ca` of the endpoint")],
      ]);
      const plain = await checkOnce(endpointOf(redis.port, undefined));
      expect(found(plain, "connection")[0]?.[0]).toBe("critical");
      expect(plain.findings[0]?.advice).toContain("does it speak TLS");

      const ended = await authority.issue("ended", { notBefore: inDays(-2), notAfter: inDays(-1) });
      await redis.client.call("CONFIG", "SET", "tls-cert-file", ended.certFile, "tls-key-file", ended.keyFile);
      const late = await checkOnce(endpoint);
      expect(found(late, "connection")).toEqual([["critical", expect.stringContaining("has expired")]]);
      expect(found(late, "certificate")[0]).toEqual([
        "critical",
        expect.stringMatching(/^the certificate of 127\.0\.0\.1:\d+ ended on /),
      ]);
    } finally {
      await redis.stop();
    }
  });
});
