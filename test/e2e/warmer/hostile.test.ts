import { createHash } from "node:crypto";
import fc from "fast-check";
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
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
});

function run(datasets: unknown[], parameters: Record<string, string>, more: Partial<WarmOptions> = {}) {
  const plan = parsePlan({ name: "test", parameters, datasets });
  return warm({
    endpoint: redis.endpoint,
    postgresUrl: postgres.url,
    plan,
    deadlineMs: 60_000,
    ...more,
  }) satisfies Promise<WarmOutcome>;
}

/** Text that PostgreSQL takes: anything but NUL. Much of it tries to get out of where it is put. */
const text = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: "grapheme-ascii", maxLength: 40 }),
    fc.constantFrom(
      ...["'; DROP TABLE things; --", "\\'; SELECT 1; --", "'' || pg_sleep(9) || ''", "$$", "$1", "/*", "*/", ":p0"],
      ...["\r\n$7\r\nFLUSHDB\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "+OK\r\n", "{", "}", "{{", "}}", "{id}", "{}", "|lower"],
      ...["*", "?", "[a-z]", "%s", "%", "\\", '"', '","evil":"', "\u2028", "\u0001", "\x7f", "é😀", "!'()*-._~"],
    ),
  )
  .map((value) => value.replaceAll("\0", ""));
const unusual = fc.array(text, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
const literal = (value: string): string => value.replaceAll("{", "{{").replaceAll("}", "}}");

describe("hostile text", () => {
  it("stays what it is: as parameter, in keys, values, names of fields and constants", async () => {
    const cases = fc.array(
      fc.record({ parameter: unusual, before: text, after: text, name: unusual, constant: text }),
      {
        minLength: 20,
        maxLength: 20,
      },
    );
    await fc.assert(
      fc.asyncProperty(cases, async (all) => {
        await client.flushall();
        const parameters = Object.fromEntries(all.map(({ parameter }, index) => [`p${index}`, parameter]));
        const datasets = all.flatMap(({ before, after, name, constant }, index) => {
          const query = `SELECT :p${index} AS id, 'x' || :p${index} AS value`;
          const key = `${index}:${literal(before)}{id}${literal(after)}`;
          const value = { fields: { [`f${name}`]: "value" }, constants: { [`c${name}`]: constant } };
          return [
            { name: `h${index}`, query, key: `h${key}`, value: { type: "hash", ...value } },
            { name: `j${index}`, query, key: `j${key}`, value: { type: "json", ...value } },
          ];
        });
        expect(await run(datasets, parameters, { sampleSize: 0 })).toMatchObject({ ok: true, keys: 2 * all.length });
        expect(await client.dbsize()).toBe(2 * all.length);
        for (const [index, { parameter, before, after, name, constant }] of all.entries()) {
          const key = `${index}:${before}${parameter}${after}`;
          const members = { [`f${name}`]: `x${parameter}`, [`c${name}`]: constant };
          expect(Object.fromEntries(Object.entries(await client.hgetall(`h${key}`)))).toEqual(members);
          expect(JSON.parse((await client.get(`j${key}`)) ?? "")).toEqual(members);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("goes through every filter as JavaScript would have it", async () => {
    const filters: Record<string, (value: string) => string> = {
      md5: (value) => createHash("md5").update(value).digest("hex"),
      urlencode: (value) =>
        encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`),
      "prefix:3": (value) => [...value].slice(0, 3).join(""),
      "suffix:3": (value) => [...value].slice(-3).join(""),
      trim: (value) => value.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""),
      "upper|lower": (value) => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase()), // the database is of locale C
      "trim|prefix:5|md5|suffix:8": (value) =>
        createHash("md5")
          .update([...value.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "")].slice(0, 5).join(""))
          .digest("hex")
          .slice(-8),
    };
    const values = fc.sample(unusual, { numRuns: 300, seed: 4 });
    const query =
      "SELECT n AS id, t AS text FROM jsonb_array_elements_text(:all::jsonb) WITH ORDINALITY AS rows(t, n) ORDER BY n";
    const datasets = Object.keys(filters).map((filter, index) => ({
      name: `f${index}`,
      query,
      key: `${index}:{id}:{text|${filter}}`,
      value: { type: "string", column: "text" },
    }));
    const outcome = await run(datasets, { all: JSON.stringify(values) });
    expect(outcome).toMatchObject({ ok: true, failed: 0, keys: values.length * datasets.length });
    for (const [index, [filter, apply]] of Object.entries(filters).entries()) {
      const keys = values.map((value, row) => `${index}:${row + 1}:${apply(value)}`);
      expect(await client.mget(keys), filter).toEqual(values);
    }
  });
});

describe("any bytes", () => {
  it("arrive whole in keys and in values of every type: all pairs of bytes", async () => {
    // 65,536 keys of the string, each of two bytes, and each with a value of all bytes from its own on.
    const query = `SELECT decode(lpad(to_hex(a * 256 + b), 4, '0'), 'hex') AS id,
      decode(lpad(to_hex(b * 256 + a), 4, '0') || repeat(lpad(to_hex(a), 2, '0'), b), 'hex') AS value
      FROM generate_series(0, 255) a, generate_series(0, 255) b`;
    const some = `SELECT * FROM (${query}) rows WHERE get_byte(id, 1) % 7 = 0`;
    const datasets = [
      { name: "string", query, key: "{id}", value: { type: "string", column: "value" } },
      { name: "hash", query: some, key: "h{id}", value: { type: "hash" } },
      { name: "set", query: some, key: "s{id}", value: { type: "set", member: "value" } },
    ];
    const others = 256 * 37;
    const outcome = await run(datasets, {});
    expect(outcome).toMatchObject({ ok: true, failed: 0, keys: 65_536 + 2 * others });
    expect(await client.dbsize()).toBe(65_536 + 2 * others);
    for (let a = 0; a < 256; a++) {
      const keys = Array.from({ length: 256 }, (_, b) => Buffer.from([a, b]));
      const value = (b: number) => Buffer.concat([Buffer.from([b, a]), Buffer.alloc(b, a)]);
      const values = await client.mgetBuffer(keys);
      expect(values.every((found, b) => found?.equals(value(b)))).toBe(true);
      for (let b = 0; b < 256; b += 7) {
        const id = Buffer.from([a, b]);
        const fields = await client.hgetallBuffer(Buffer.concat([Buffer.from("h"), id]));
        expect(fields.id?.equals(id) && fields.value?.equals(value(b))).toBe(true);
      }
      const sets = await Promise.all(
        keys.filter((_, b) => b % 7 === 0).map((id) => client.smembersBuffer(Buffer.concat([Buffer.from("s"), id]))),
      );
      expect(sets.every(([member], index) => member?.equals(value(index * 7)))).toBe(true);
    }
  });

  it("make the same hash by RESTORE and by HSET, whatever its fields", async () => {
    const length = fc.oneof(
      fc.constantFrom(0, 1, 62, 63, 64, 65, 126, 127, 128, 252, 253, 254, 255, 256, 4095, 4096, 16_383, 16_384),
      fc.nat(70),
    );
    const bytes = fc.oneof(
      fc.tuple(length, fc.nat(255)).map(([size, byte]) => Buffer.alloc(size, byte)),
      fc.uint8Array({ maxLength: 70 }).map((value) => Buffer.from(value)),
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map((value) => Buffer.from(String(value))),
      fc.integer({ min: -9000, max: 9000 }).map((value) => Buffer.from(String(value))),
    );
    const columns = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 12 }) },
      fc.constantFrom(127, 128, 129, 200),
    );
    const table = columns.chain((count) =>
      fc.record({
        names: fc.uniqueArray(
          fc.oneof(fc.nat(300).map(String), fc.string({ unit: "binary", minLength: 1, maxLength: 70 })).filter(
            (name) => name !== "__proto__", // refused
          ),
          { minLength: count, maxLength: count },
        ),
        rows: fc.array(fc.array(fc.option(bytes, { freq: 6 }), { minLength: count, maxLength: count }), {
          minLength: count > 100 ? 2 : 40,
          maxLength: count > 100 ? 2 : 40,
        }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(table, async ({ names, rows }) => {
        const list = names.map((_, index) => `decode(r ->> ${index}, 'hex') AS c${index}`);
        const dataset = {
          name: "any",
          query: `SELECT n AS id, ${list.join(", ")} FROM jsonb_array_elements(:rows::jsonb) WITH ORDINALITY AS t(r, n)`,
          key: "k:{id}",
          value: { type: "hash", fields: Object.fromEntries(names.map((name, index) => [name, `c${index}`])) },
          ttl: 5000,
          jitter: 0,
        };
        const parameters = {
          rows: JSON.stringify(rows.map((row) => row.map((cell) => cell?.toString("hex") ?? null))),
        };
        const full = rows.filter((row) => row.some((cell) => cell !== null)).length;
        const digests: string[][] = [];
        for (const engine of ["hset", "restore"] as const) {
          await client.flushall();
          const outcome = await run([dataset], parameters, { engine });
          expect(outcome).toMatchObject({ keys: full, failed: rows.length - full, engine });
          digests.push(
            await Promise.all(
              rows.map(async (_, index) => {
                const key = `k:${index + 1}`;
                const ttl = await client.ttl(key);
                const encoding = await client.object("ENCODING", key);
                return `${await client.call("DEBUG", "DIGEST-VALUE", key)} ${encoding} ${ttl === -2 || (ttl > 4900 && ttl <= 5000)}`;
              }),
            ),
          );
        }
        expect(digests[1]).toEqual(digests[0]);
        // Both could be wrong in the same way: what is there is what was in the row.
        for (const [index, row] of rows.entries()) {
          const fields = await client.call("HGETALL", `k:${index + 1}`);
          expect((fields as string[]).length).toBe(2 * row.filter((cell) => cell !== null).length);
          for (const [column, cell] of row.entries()) {
            if (cell === null || names.length > 100) continue;
            expect((await client.hgetBuffer(`k:${index + 1}`, names[column] as string))?.equals(cell)).toBe(true);
          }
        }
      }),
      { numRuns: 12 },
    );
  });
});

it("a plan of 2,000 tiny datasets loses none of them", async () => {
  const datasets = Array.from({ length: 2000 }, (_, index) => ({
    name: `d${index}`,
    query: `SELECT n AS id, 'v' AS value FROM generate_series(1, 5) n`,
    key: `d${index}:{id}`,
    value: { type: "hash" },
  }));
  const outcome = await run(datasets, {});
  expect(outcome).toMatchObject({ ok: true, keys: 10_000, failed: 0 });
  expect(await client.dbsize()).toBe(10_000);
  expect(outcome.datasets.every(({ status, keys }) => status === "done" && keys === 5)).toBe(true);
});
