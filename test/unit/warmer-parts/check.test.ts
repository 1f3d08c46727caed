import { createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkWarming, resolvePlan } from "../../../ops/warm-check.ts";
import { scramVerifier } from "../../../warmer/demo/scram.ts";
import { mealPlanner } from "../../../warmer/plans/index.ts";
import { parseInfo } from "../../../warmer/stats.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const endpoint = { topology: "standalone", nodes: [{ host: "127.0.0.1", port: 6379 }], database: 1 };
const right = { plan: "meal-planner", source: "demo", endpoint, gate: { minKeys: 1 } };

describe("what `check` tells of a warming", () => {
  it.each<[string, Record<string, unknown>, { property: string; reason: string | RegExp }[]]>([
    ["nothing", right, []],
    [
      "nothing of what is not known yet",
      { ...right, endpoint: unknown, source: { url: unknown }, plan: { name: unknown } },
      [],
    ],
    ["a plan's name", { ...right, plan: "meal-planer" }, [{ property: "plan", reason: /there are "meal-planner"/ }]],
    [
      "a plan's part",
      { ...right, plan: { ...mealPlanner, datasets: [{ ...mealPlanner.datasets[0], ttl: "soon" }] } },
      [{ property: "plan.datasets[0].ttl", reason: /got "soon"; allowed are seconds or a duration/ }],
    ],
    [
      "every part",
      { ...right, plan: { name: "" } },
      [
        { property: "plan.name", reason: /./ },
        { property: "plan.datasets", reason: /got nothing/ },
      ],
    ],
    [
      "an unknown property",
      { ...right, plan: { ...mealPlanner, dataset: [] } },
      [{ property: "plan", reason: /unknown property "dataset" \(did you mean "datasets"\?\)/ }],
    ],
    [
      "the source",
      { ...right, source: "demonstration" },
      [{ property: "source", reason: /allowed are "demo" and \{ url \}/ }],
    ],
    [
      "the URL, not quoting it",
      { ...right, source: { url: "mysql://u:p@h/d" } },
      [{ property: "source.url", reason: "does not begin with postgresql:// or postgres://" }],
    ],
    ["the endpoint", { ...right, endpoint: { ...endpoint, nodes: [] } }, [{ property: "endpoint.nodes", reason: /./ }]],
    ["a warmer's endpoint of the same data", { ...right, warmerEndpoint: { ...endpoint, username: "warmer" } }, []],
    ["nothing of a warmer's endpoint that is not known yet", { ...right, warmerEndpoint: unknown }, []],
    [
      "a warmer's endpoint of other data",
      { ...right, warmerEndpoint: { ...endpoint, database: 2 } },
      [
        {
          property: "warmerEndpoint.database",
          reason: "is 2, and the application's endpoint has 1: both must lead to the same data, as different users",
        },
      ],
    ],
    [
      "a warmer's endpoint without nodes",
      { ...right, warmerEndpoint: { ...endpoint, nodes: [] } },
      [{ property: "warmerEndpoint.nodes", reason: /./ }],
    ],
    ["controls", { ...right, controls: { keysPerSecond: 0 } }, [{ property: "controls.keysPerSecond", reason: /./ }]],
    ["the gate", { ...right, gate: { minHitRatio: 2 } }, [{ property: "gate.minHitRatio", reason: /./ }]],
  ])("%s", (_name, inputs, expected) => {
    const found = checkWarming(inputs);
    expect(found.map(({ property }) => property)).toEqual(expected.map(({ property }) => property));
    found.forEach(({ reason }, index) => {
      expect(reason).toMatch(expected[index]?.reason ?? "");
    });
  });

  it("the meal planner's plan is right, and has the limits of 1,820 keys", () => {
    const plan = resolvePlan("meal-planner");
    expect(plan.datasets.reduce((sum, { limit = 0 }) => sum + limit, 0)).toBe(1820);
    expect(plan.datasets.map(({ name, ttl, jitter }) => [name, ttl, jitter])).toEqual([
      ["recipes", { expression: "3600 * least(24, greatest(1, view_count / 100.0 + rating * 2))" }, 0.1],
      ["preferences", 604_800, 0.1],
      ["searches", 1800, 0.1],
      ["meal-plans", 86_400, 0.1],
      ["nutrition", 86_400, 0.1],
    ]);
  });
});

describe("scramVerifier", () => {
  it("is what PostgreSQL stores for this password and salt", () => {
    const salt = Buffer.from("0123456789abcdef");
    const key = pbkdf2Sync("pencil", salt, 4096, 32, "sha256");
    const server = createHmac("sha256", key).update("Server Key").digest("base64");
    const verifier = scramVerifier("pencil", salt);
    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:[\w+/=]{24}\$[\w+/=]{44}:[\w+/=]{44}$/);
    expect(verifier.endsWith(`:${server}`)).toBe(true);
  });
});

describe("parseInfo", () => {
  it("sums keys over databases, and has no ratio before the first read", () => {
    const text =
      "# Server\r\nredis_version:7.0.15\r\nrole:slave\r\nused_memory:1000\r\ndb0:keys=3,expires=1\r\ndb12:keys=4,expires=0\r\n";
    expect(parseInfo(text)).toMatchObject({
      role: "replica",
      version: "7.0.15",
      keys: 7,
      usedMemory: 1000,
      hitRatio: null,
    });
    expect(parseInfo("role:master\r\nkeyspace_hits:3\r\nkeyspace_misses:1\r\n")).toMatchObject({
      role: "primary",
      hitRatio: 0.75,
    });
  });
});
