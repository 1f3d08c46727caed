import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = redis.servers[0]?.client as Redis;
  await postgres.sql(`
    CREATE TYPE mood AS ENUM ('calm', 'glad');
    CREATE DOMAIN amount AS numeric(10, 2);
    CREATE TABLE things (
      id int PRIMARY KEY, small int2, big int8, real float4, double float8, price numeric(20, 4), amount amount, yes bool,
      label text, code varchar(20), fixed char(5), uid uuid, at timestamptz, local timestamp, day date, span interval,
      doc json, docb jsonb, raw bytea, tags text[], numbers int[], feeling mood, nothing text);
    INSERT INTO things VALUES
      (1, -32768, 9223372036854775807, 1.5, 1e300, 12.3400, 7.5, true, E'a "q" \\\\ \\n\\t\\x01 é 😀', 'code', 'ab',
       '0e8d5f2e-6f7d-4c39-9a2b-1f0f5a3d7c11', '2025-01-02 03:04:05.678901+02', '2025-01-02 03:04:05', '2025-01-02',
       '1 day 02:00', '{"a": [1, 2]}', '{"b":null}', decode('00ff0a0d22', 'hex'), '{x,"y z"}', '{1,2}', 'glad', NULL),
      (2, 0, 0, 'NaN', 'Infinity', 'NaN', NULL, false, '', '', '', NULL, 'infinity', '-infinity', NULL, NULL,
       NULL, NULL, '', '{}', NULL, NULL, NULL);
  `);
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
});

function run(datasets: unknown[], more: Partial<WarmOptions> = {}): Promise<WarmOutcome> {
  const plan = parsePlan({ name: "test", datasets });
  return warm({ endpoint: redis.endpoint, postgresUrl: postgres.url, plan, deadlineMs: 60_000, ...more });
}

describe("values", () => {
  it("writes every type into JSON", async () => {
    const outcome = await run([
      {
        name: "things",
        query: "SELECT * FROM things",
        key: "thing:{id}",
        value: { type: "json", constants: { cached: true } },
      },
    ]);
    expect(outcome).toMatchObject({ ok: true, keys: 2, failed: 0, engine: null });
    expect(await client.get("thing:1")).toContain('"price":12.3400,');
    expect(JSON.parse((await client.get("thing:1")) ?? "")).toEqual({
      id: 1,
      small: -32768,
      big: 2 ** 63, // what JavaScript makes of the digits
      real: 1.5,
      double: 1e300,
      price: 12.34,
      amount: 7.5,
      yes: true,
      label: 'a "q" \\ \n\t\u0001 é 😀',
      code: "code",
      fixed: "ab   ",
      uid: "0e8d5f2e-6f7d-4c39-9a2b-1f0f5a3d7c11",
      at: "2025-01-02T01:04:05.678Z",
      local: "2025-01-02T03:04:05.000Z",
      day: "2025-01-02",
      span: "1 day 02:00:00",
      doc: { a: [1, 2] },
      docb: { b: null },
      raw: "AP8KDSI=",
      tags: ["x", "y z"],
      numbers: [1, 2],
      feeling: "glad",
      nothing: null,
      cached: true,
    });
    expect(JSON.parse((await client.get("thing:2")) ?? "")).toMatchObject({
      real: null,
      double: null,
      price: null,
      at: null,
      local: null,
      label: "",
      raw: "",
      tags: [],
      numbers: null,
      cached: true,
    });
  });

  it.each(["restore", "hset"] as const)("writes every type into a hash by %s", async (engine) => {
    const outcome = await run(
      [
        {
          name: "things",
          query: "SELECT * FROM things",
          key: "thing:{id}",
          value: { type: "hash", constants: { n: 5 } },
          ttl: 100,
          jitter: 0,
        },
      ],
      { engine },
    );
    expect(outcome).toMatchObject({ ok: true, keys: 2, failed: 0, engine });
    const one = await client.hgetallBuffer("thing:1");
    expect(one.raw).toEqual(Buffer.from("00ff0a0d22", "hex"));
    expect(await client.hgetall("thing:1")).toMatchObject({
      id: "1",
      small: "-32768",
      big: "9223372036854775807",
      double: "1e+300",
      price: "12.3400",
      yes: "true",
      at: "2025-01-02T01:04:05.678Z",
      docb: '{"b": null}',
      tags: '["x","y z"]',
      feeling: "glad",
      n: "5",
    });
    const two = await client.hgetall("thing:2");
    expect(Object.keys(two).sort()).toEqual(
      ["code", "double", "fixed", "id", "label", "n", "price", "raw", "real", "small", "big", "tags", "yes"].sort(),
    );
    expect(two).toMatchObject({ real: "NaN", double: "Infinity", label: "", raw: "", yes: "false" });
    expect(await client.ttl("thing:1")).toBeGreaterThan(95);
  });

  it("leaves the same data by both engines, whatever the value", async () => {
    const sizes = [0, 1, 62, 63, 64, 65, 127, 128, 4095, 4096, 1 << 20];
    const texts = [
      "-1",
      "0",
      "-0",
      "00",
      "+1",
      "1.0",
      "127",
      "128",
      "-128",
      "4095",
      "4096",
      "-4096",
      "-4097",
      "32767",
      "32768",
      "-32769",
      "8388607",
      "8388608",
      "-8388609",
      "2147483647",
      "2147483648",
      "-2147483649",
      "999999999999999",
      "1000000000000000",
      "-999999999999999",
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "-9223372036854775809",
      "1 ",
      "-",
    ];
    await postgres.sql(`
      DROP TABLE IF EXISTS mixed;
      CREATE TABLE mixed (id text, a bytea, b bytea);
      INSERT INTO mixed SELECT 'size:' || n, decode(repeat('ab', n), 'hex'), '7' FROM unnest(ARRAY[${sizes}]) n;
      INSERT INTO mixed SELECT 'text:' || t, t::bytea, NULL FROM unnest(ARRAY[${texts.map((text) => `'${text}'`)}]) t;
      INSERT INTO mixed SELECT 'byte:' || n, decode(lpad(to_hex(n), 2, '0'), 'hex'), decode(repeat(lpad(to_hex(n), 2, '0'), 40), 'hex')
        FROM generate_series(0, 255) n;`);
    const dataset = { name: "mixed", query: "SELECT * FROM mixed", key: "{id}", value: { type: "hash" } };
    const digests = async (): Promise<Map<string, string>> => {
      const keys = (await client.keys("*")).sort();
      const values = await Promise.all(
        keys.map(async (key) => {
          const digest = await client.call("DEBUG", "DIGEST-VALUE", key);
          const dump = (await client.dumpBuffer(key))?.toString("hex");
          return `${digest} ${await client.object("ENCODING", key)} ${(await client.hlen(key)) > 0 ? dump?.slice(0, 4000) : ""}`;
        }),
      );
      return new Map(keys.map((key, index) => [key, values[index] ?? ""]));
    };
    expect(await run([dataset], { engine: "hset" })).toMatchObject({
      ok: true,
      keys: sizes.length + texts.length + 256,
    });
    const byHset = await digests();
    await client.flushall();
    expect(await run([dataset], { engine: "restore" })).toMatchObject({ ok: true, engine: "restore" });
    expect(await digests()).toEqual(byHset);
  });

  it("writes strings, bytes and JSON columns as they are, in the order of the key's parts", async () => {
    const outcome = await run([
      {
        name: "strings",
        query: "SELECT id, label, raw FROM things",
        key: "s:{id}:{label|md5|prefix:4}",
        value: { type: "string", column: "raw" },
      },
      {
        name: "documents",
        query: "SELECT id, docb, label FROM things",
        key: "{{d}}:{id}",
        value: { type: "json", column: "docb" },
      },
      {
        name: "labels",
        query: "SELECT id, label FROM things",
        key: "l:{id}",
        value: { type: "json", column: "label" },
      },
    ]);
    expect(outcome).toMatchObject({ ok: true, keys: 6 });
    expect((await client.keys("s:*")).sort()[0]).toMatch(/^s:1:[0-9a-f]{4}$/);
    expect(await client.getBuffer((await client.keys("s:1*"))[0] ?? "")).toEqual(Buffer.from("00ff0a0d22", "hex"));
    expect(await client.get("{d}:1")).toBe('{"b": null}');
    expect(await client.get("{d}:2")).toBe("null");
    expect(JSON.parse((await client.get("l:1")) ?? "")).toContain('a "q"');
  });

  it("remembers what it wrote", async () => {
    const outcome = await run(
      [
        {
          name: "n",
          query: "SELECT n AS id, 'x' || n AS v FROM generate_series(1, 5000) n",
          key: "n:{id}",
          value: { type: "hash" },
          ttl: 1000,
        },
        { name: "j", query: "SELECT n AS id FROM generate_series(1, 10) n", key: "j:{id}", value: { type: "json" } },
      ],
      { sampleSize: 50 },
    );
    expect(outcome.samples.length).toBeGreaterThan(45);
    expect(outcome.samples.filter(({ dataset }) => dataset === "j")).toHaveLength(5);
    for (const { dataset, key, value, ttlSeconds } of outcome.samples) {
      if (dataset === "j") {
        expect(value).toEqual({ type: "string", bytes: await client.getBuffer(key) });
        expect(ttlSeconds).toBeNull();
      } else {
        expect(value).toEqual({ type: "hash", fields: new Map(Object.entries(await client.hgetallBuffer(key))) });
        expect(ttlSeconds).toEqual([900, 1100]);
        expect(await client.ttl(key)).toBeGreaterThanOrEqual(895);
        expect(await client.ttl(key)).toBeLessThanOrEqual(1100);
      }
    }
  });
});
