import type { Redis } from "ioredis";
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";

/** A database and a server, of whatever version. */
export interface Servers {
  readonly postgres: { readonly url: string; sql(text: string): Promise<pg.QueryResult>; stop(): Promise<void> };
  readonly redis: { readonly endpoint: Endpoint; readonly client: Redis; stop(): Promise<void> };
}

/** SQL, what stands in a JSON document (as text), and in a hash or a key; `null` where a hash has no field. */
const VALUES: readonly (readonly [string, string, string | Buffer | null])[] = [
  // Arrays and rows: JSON, as PostgreSQL makes it.
  ["ARRAY[ARRAY[1, 2], ARRAY[3, NULL]]", "[[1,2],[3,null]]", "[[1,2],[3,null]]"],
  ["'{}'::text[]", "[]", "[]"],
  ["NULL::int[]", "null", null],
  ["ARRAY[true, NULL]", "[true,null]", "[true,null]"],
  [`ARRAY['a "b"', E'\\\\', NULL, 'null']`, '["a \\"b\\"","\\\\",null,"null"]', '["a \\"b\\"","\\\\",null,"null"]'],
  ["ARRAY['NaN', 1.50]::numeric[]", '["NaN",1.50]', '["NaN",1.50]'],
  ["ARRAY['2025-01-02 03:04:05+02']::timestamptz[]", '["2025-01-02T01:04:05+00:00"]', '["2025-01-02T01:04:05+00:00"]'],
  ["ARRAY['2025-01-02']::date[]", '["2025-01-02"]', '["2025-01-02"]'],
  ["ARRAY['\\x00ff']::bytea[]", '["\\\\x00ff"]', '["\\\\x00ff"]'],
  [`ARRAY['{"a": null}']::jsonb[]`, '[{"a": null}]', '[{"a": null}]'],
  ["ARRAY['glad']::mood[]", '["glad"]', '["glad"]'],
  ["ROW(1, 'x')::pair", '{"a":1,"b":"x"}', '{"a":1,"b":"x"}'],
  ["ROW(1, NULL)", '{"f1":1,"f2":null}', '{"f1":1,"f2":null}'],
  ["'{1,2}'::list", "[1,2]", "[1,2]"],
  // Numbers: every digit; what is no number of JSON is null.
  [
    "1234567890123456789012345678901234567890.12345678901234567890",
    ...same("1234567890123456789012345678901234567890.12345678901234567890"),
  ],
  ["'NaN'::numeric", "null", "NaN"],
  ["'-Infinity'::numeric", "null", "-Infinity"],
  ["1e-30::numeric(40, 35)", ...same("0.00000000000000000000000000000100000")],
  ["'-0'::float8", ...same("-0")],
  ["1e-7::float4", ...same("1e-07")],
  ["0.1::float8 + 0.2::float8", ...same("0.30000000000000004")],
  ["(-2147483648)::int4", ...same("-2147483648")],
  ["(-9223372036854775807 - 1)::int8", ...same("-9223372036854775808")],
  ["4294967295::oid", ...same("4294967295")],
  ["7::money", '"$7.00"', "$7.00"],
  // Times.
  ["'infinity'::timestamptz", "null", null],
  ["'-infinity'::timestamp", "null", null],
  ["'2025-01-02 03:04:05.6789+05:30'::at", ...quoted("2025-01-01T21:34:05.678Z")],
  ["'0044-03-15 12:00 BC'::timestamp", ...quoted("-000043-03-15T12:00:00.000Z")],
  ["'2024-02-29'::date", ...quoted("2024-02-29")],
  ["'infinity'::date", "null", null],
  ["'03:04:05.5'::time", ...quoted("03:04:05.5")],
  ["'03:04:05+02'::timetz", ...quoted("03:04:05+02")],
  ["interval '-1 day -2 hours'", ...quoted("-1 days -02:00:00")],
  // Documents: as they are.
  ["'null'::jsonb", "null", "null"],
  [`'{"b": 1, "a": "\\u00e9\\n"}'::jsonb`, '{"a": "é\\n", "b": 1}', '{"a": "é\\n", "b": 1}'],
  [`' {"b" :1} '::json`, ' {"b" :1} ', ' {"b" :1} '],
  [`'"text"'::doc`, '"text"', '"text"'],
  // Bytes: base64 in JSON.
  ["'\\x000d0aff'::bytea", '"AA0K/w=="', Buffer.from("000d0aff", "hex")],
  ["'\\x00'::raw", '"AA=="', Buffer.from("00", "hex")],
  // All others: as PostgreSQL writes them.
  ["'0E8D5F2E-6F7D-4C39-9A2B-1F0F5A3D7C11'::uuid", ...quoted("0e8d5f2e-6f7d-4c39-9a2b-1f0f5a3d7c11")],
  ["false", ...same("false")],
  ["'10.0.0.1'::inet", ...quoted("10.0.0.1")],
  ["'10.0.0.0/8'::cidr", ...quoted("10.0.0.0/8")],
  ["'08:00:2b:01:02:03'::macaddr", ...quoted("08:00:2b:01:02:03")],
  ["point(1, 2)", ...quoted("(1,2)")],
  ["int4range(1, 5)", ...quoted("[1,5)")],
  ["B'101'", ...quoted("101")],
  ["to_tsvector('simple', 'b a')", `"'a':2 'b':1"`, "'a':2 'b':1"],
  [`'x'::"char"`, ...quoted("x")],
  ["'name'::name", ...quoted("name")],
  ["'calm'::mood", ...quoted("calm")],
  ["'untyped'", ...quoted("untyped")],
  ["E'\\x7f\\u2028\\U0001F600'", ...quoted("\x7f\u2028😀")],
  ["''", ...quoted("")],
  ["NULL", "null", null],
];

function same(text: string): [string, string] {
  return [text, text];
}

function quoted(text: string): [string, string] {
  return [`"${text}"`, text];
}

const SELECT = `SELECT 1 AS id, ${VALUES.map(([sql], index) => `${sql} AS c${index}`).join(", ")}`;
const FIELDS = Object.fromEntries(VALUES.map((_, index) => [`f${index}`, `c${index}`]));
const dataset = (type: string) => ({ name: type, query: SELECT, key: `${type}:{id}`, value: { type, fields: FIELDS } });

/** What the warmer makes of PostgreSQL's types and queries. */
export function typesSuite(start: () => Promise<Servers>): void {
  let postgres: Servers["postgres"];
  let redis: Servers["redis"];
  let client: Redis;

  beforeAll(async () => {
    ({ postgres, redis } = await start());
    client = redis.client;
    await postgres.sql(`
    CREATE TYPE mood AS ENUM ('calm', 'glad');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN at AS timestamptz;
    CREATE DOMAIN doc AS jsonb;
    CREATE DOMAIN list AS int[];
    CREATE DOMAIN raw AS bytea;`);
  });

  afterAll(async () => {
    await Promise.all([postgres?.stop(), redis?.stop()]);
  });

  beforeEach(async () => {
    await client.flushall();
  });

  function run(datasets: unknown[], more: Partial<WarmOptions> = {}, parameters = {}): Promise<WarmOutcome> {
    const plan = parsePlan({ name: "test", parameters, datasets });
    return warm({ endpoint: redis.endpoint, postgresUrl: postgres.url, plan, deadlineMs: 60_000, ...more });
  }

  describe("every type of PostgreSQL", () => {
    it("in JSON", async () => {
      expect(await run([dataset("json")])).toMatchObject({ ok: true, keys: 1, failed: 0 });
      const expected = VALUES.map(([, json], index) => `"f${index}":${json}`).join(",");
      const document = (await client.get("json:1")) ?? "";
      expect(document.split(/,(?="f\d+":)/)).toEqual(`{${expected}}`.split(/,(?="f\d+":)/));
      JSON.parse(document);
    });

    it.each(["restore", "hset"] as const)("in a hash by %s", async (engine) => {
      expect(await run([dataset("hash")], { engine })).toMatchObject({ ok: true, keys: 1, failed: 0 });
      const fields = await client.hgetallBuffer("hash:1");
      expect(fields).toEqual(
        Object.fromEntries(
          VALUES.flatMap(([, , text], index) => (text === null ? [] : [[`f${index}`, Buffer.from(text)]])),
        ),
      );
    });

    it("in a key, and alone as a string: the same bytes", async () => {
      const datasets = VALUES.map((_, index) => ({
        name: `d${index}`,
        query: SELECT,
        key: `${index}:{c${index}}`,
        value: { type: "string", column: `c${index}` },
      }));
      const outcome = await run(datasets, { parallel: 4 });
      const nulls = VALUES.filter(([, , text]) => text === null).length;
      expect(outcome).toMatchObject({ keys: VALUES.length - nulls, failed: nulls });
      for (const [index, [sql, , text]] of VALUES.entries()) {
        if (text === null) continue;
        const key = Buffer.concat([Buffer.from(`${index}:`), Buffer.from(text)]);
        expect(await client.getBuffer(key), sql).toEqual(Buffer.from(text));
      }
    });

    it("whatever the settings of the role, and with its parameters quoted right", async () => {
      await postgres.sql(`
      CREATE ROLE odd LOGIN SUPERUSER PASSWORD 'odd';
      ALTER ROLE odd SET datestyle = 'German';
      ALTER ROLE odd SET timezone = 'Asia/Kolkata';
      ALTER ROLE odd SET intervalstyle = 'iso_8601';
      ALTER ROLE odd SET bytea_output = 'escape';
      ALTER ROLE odd SET extra_float_digits = -3;
      ALTER ROLE odd SET client_encoding = 'LATIN1';
      ALTER ROLE odd SET standard_conforming_strings = off;`);
      const evil = { name: "evil", query: "SELECT :evil AS id", key: "{id}", value: { type: "json" } };
      const parameters = { evil: "\\'; SELECT 1 -- é" };
      const datasets = [dataset("json"), dataset("hash"), evil];
      const contents = async () => [
        await client.get("json:1"),
        await client.hgetallBuffer("hash:1"),
        await client.get(parameters.evil),
      ];
      expect(await run(datasets, {}, parameters)).toMatchObject({ ok: true, keys: 3 });
      const usual = await contents();
      expect(usual[2]).toBe(JSON.stringify({ id: parameters.evil }));
      await client.flushall();
      const postgresUrl = String(Object.assign(new URL(postgres.url), { username: "odd", password: "odd" }));
      expect(await run(datasets, { postgresUrl }, parameters)).toMatchObject({ ok: true, keys: 3 });
      expect(await contents()).toEqual(usual);
    });
  });

  describe("a query", () => {
    it("runs read-only, under a name, with a time limit", async () => {
      const query = `SELECT 1 AS id, current_setting('application_name') AS name,
      current_setting('transaction_read_only') AS read_only, current_setting('statement_timeout') AS timeout`;
      const one = { name: "settings", query, key: "settings", value: { type: "json" } };
      expect(await run([one], { statementTimeoutMs: 7000 })).toMatchObject({ ok: true });
      expect(JSON.parse((await client.get("settings")) ?? "")).toEqual({
        id: 1,
        name: "hearth",
        read_only: "on",
        timeout: "7s",
      });
    });

    it.each([
      ["no columns", "SELECT FROM generate_series(1, 3)", /dataset "odd": query: it returns no columns/],
      [
        "two columns of one name",
        "SELECT 1 AS id, 'a' AS text, 'b' AS text",
        /dataset "odd": query: the query returns 2 columns "text"; name them apart with AS/,
      ],
      ["nothing under the key's name", 'SELECT 1 AS "ID"', /dataset "odd": key: there is no column "id".*"ID"/],
    ])("that returns %s is refused before the first key", async (_, query, message) => {
      const fine = { name: "fine", query: "SELECT 1 AS id", key: "fine:{id}", value: { type: "json" } };
      const outcome = await run([fine, { name: "odd", query, key: "odd:{id}", value: { type: "json" } }]);
      expect(outcome.error).toMatch(message);
      expect(await client.dbsize()).toBe(0);
    });

    it("shares its priority with others at the same time, and comes after those of a higher one", async () => {
      const query = (name: string) => `SELECT '${name}' AS id, extract(epoch FROM clock_timestamp()) AS began,
      pg_sleep(0.5) AS slept, extract(epoch FROM clock_timestamp()) AS ended`;
      const priorities = { a: "CRITICAL", b: "CRITICAL", c: "LOW" };
      const datasets = Object.entries(priorities).map(([name, priority]) => ({
        name,
        priority,
        query: query(name),
        key: "{id}",
        value: { type: "json", fields: { began: "began", ended: "ended" } },
      }));
      expect(await run(datasets)).toMatchObject({ ok: true, keys: 3 });
      const [a, b, c] = (await client.mget("a", "b", "c")).map((text) => JSON.parse(text ?? ""));
      expect(a.ended).toBeGreaterThan(b.began);
      expect(b.ended).toBeGreaterThan(a.began);
      expect(c.began).toBeGreaterThan(Math.max(a.ended, b.ended));
    });
  });
}
