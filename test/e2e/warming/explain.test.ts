import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainPlan, formatExplained, missingIndexes } from "../../../warmer/explain/explain.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { builtInPlans } from "../../../warmer/plans/index.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.sql(`
    CREATE TABLE users (id int, team int, email varchar(50), "Last login" timestamptz, active bool, points int);
    INSERT INTO users SELECT n, n % 500, 'u' || n || '@example.org', now() - n * interval '1 minute', n % 3 > 0, n % 997
      FROM generate_series(1, 20000) AS n;
    CREATE TABLE few (id int, name text);
    INSERT INTO few SELECT n, 'n' || n FROM generate_series(1, 10) AS n;
    ANALYZE;
  `);
});
afterAll(() => postgres?.stop());

const dataset = (name: string, query: string, limit?: number) => ({
  name,
  query,
  key: `${name}:{id}`,
  value: { type: "json" },
  ...(limit !== undefined && { limit }),
});
const explained = (...datasets: object[]) =>
  explainPlan({
    plan: parsePlan({ name: "x", parameters: { days: 1 }, datasets }),
    source: { url: postgres.url },
  });

describe("plan explain", () => {
  it("names missing indexes, and is content when they are there", async () => {
    const datasets = [
      dataset(
        "recent",
        `SELECT * FROM users WHERE "Last login" > now() - :days * interval '1 day' ORDER BY "Last login" DESC`,
        50,
      ),
      dataset("best", "SELECT id, points FROM users WHERE active ORDER BY points DESC, id", 10),
      dataset("team", "SELECT * FROM users AS u WHERE team = 7 AND email = 'u7@example.org'"),
      dataset("all", "SELECT id FROM users"),
    ];
    const before = await explained(...datasets);
    expect(missingIndexes(before)).toEqual([
      'CREATE INDEX CONCURRENTLY ON public.users ("Last login" DESC);',
      "CREATE INDEX CONCURRENTLY ON public.users (points DESC, id) WHERE active;",
      "CREATE INDEX CONCURRENTLY ON public.users (team, email);",
    ]);
    expect(before[2]).toMatchObject({
      name: "team",
      priority: "MEDIUM",
      rows: 1,
      scans: [
        { table: "public.users", tableRows: 20_000, filter: expect.stringContaining("u.team = 7"), small: false },
      ],
    });
    expect(before[3]?.scans).toEqual([]);
    expect(formatExplained(before)).toContain("3 indexes are missing; run:\nCREATE INDEX CONCURRENTLY");
    for (const statement of missingIndexes(before)) await postgres.sql(statement);
    await postgres.sql("ANALYZE users");
    const after = await explained(...datasets);
    expect(after.flatMap(({ scans }) => scans)).toEqual([]);
    expect(after[0]?.cost).toBeLessThan((before[0]?.cost ?? 0) / 10);
  });

  it("leaves small tables alone: told, but not missing", async () => {
    const found = await explained(dataset("few", "SELECT * FROM few WHERE name = 'n3'"));
    expect(found[0]?.scans).toMatchObject([{ table: "public.few", small: true }]);
    expect(missingIndexes(found)).toEqual([]);
    expect(formatExplained(found)).toContain(
      "  small enough to stay so; when it grows: CREATE INDEX CONCURRENTLY ON public.few (name);\nNo index is missing.",
    );
  });

  it("names the dataset whose query is wrong", async () => {
    await expect(explained(dataset("wrong", "SELECT nothing FROM few"))).rejects.toThrow(
      /^dataset "wrong": query: column "nothing" does not exist/,
    );
  });

  it("finds no index missing for the built-in plans", async () => {
    for (const plan of builtInPlans.values()) {
      const datasets = await explainPlan({ plan: parsePlan(plan), source: "demo" });
      expect(missingIndexes(datasets)).toEqual([]);
    }
  });
});
