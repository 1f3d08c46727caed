import { afterAll, beforeAll, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { renderAcl } from "../../../infra/plan/acl.ts";
import type { Secrets } from "../../../infra/plan/secrets.ts";
import { dataUsers } from "../../../infra/plan/users.ts";
import { HealthChecker } from "../../../ops/health/checker.ts";
import { complaints } from "../../support/health.ts";
import { startCluster, type TestTopology } from "../../support/redis.ts";

/** The users that Hearth makes, with the rights that it gives them. */

const names = ["app", "readonly", "warmer", "exporter", "operator", "replication"] as const;
const passwords = Object.fromEntries(names.map((name) => [name, `password-of-${name}`]));
let cluster: TestTopology<"cluster">;

async function setUsers(keyPrefixes: readonly string[]): Promise<void> {
  const lines = renderAcl(dataUsers("cluster", { keyPrefixes, scripts: false }), { passwords } as unknown as Secrets);
  for (const { client } of cluster.servers) {
    for (const line of lines.filter((one) => !one.startsWith("user default"))) {
      const [, name = "", ...rules] = line.split(" ");
      await client.call("ACL", "SETUSER", name, "reset", ...rules);
    }
    await client.call("ACL", "LOG", "RESET");
  }
}

const as = (username: string): Endpoint => ({ ...cluster.endpoint, username, password: passwords[username] });

beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(() => cluster?.stop());

const writes = /^read-write unknown: 127\.0\.0\.1:\d+: the user \w+ may not write$/;

it.each([
  ["app", [], 0],
  ["app", ["recipe:"], 3],
  ["warmer", [], 0],
  ["operator", [], 0],
  ["readonly", [], 3],
  ["exporter", [], 3],
] as const)(
  "as %s with key prefixes %j, all is healthy, and what is not permitted is unknown",
  async (user, prefixes, unknown) => {
    await setUsers(prefixes);
    const checker = new HealthChecker(as(user));
    try {
      const report = await checker.check();
      expect(report.status).toBe("healthy");
      expect(complaints(report)).toEqual(Array.from({ length: unknown }, () => expect.stringMatching(writes)));
      const logged = async () =>
        await Promise.all(
          cluster.servers.map(async ({ client }) => ((await client.call("ACL", "LOG")) as unknown[]).length),
        );
      const before = await logged();
      // Whoever checks every few seconds is not to fill the servers' log of refusals.
      for (let count = 0; count < 3; count++) expect((await checker.check()).status).toBe("healthy");
      expect(await logged()).toEqual(before);
      expect(Math.max(...before)).toBeLessThanOrEqual(2);
    } finally {
      await checker.close();
    }
  },
);

it("a user that may do nothing is told which user may", async () => {
  await setUsers([]);
  const checker = new HealthChecker(as("replication"));
  try {
    const { findings } = await checker.check();
    const memory = findings.find(({ check }) => check === "memory");
    expect(memory).toMatchObject({ severity: "unknown", advice: expect.stringContaining("app, readonly, warmer") });
    expect(findings.find(({ check }) => check === "slots")).toMatchObject({ severity: "unknown" });
  } finally {
    await checker.close();
  }
});
