import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDataset } from "../../../warmer/compile.ts";
import { DuplicateCounter } from "../../../warmer/duplicates.ts";
import { loadPlanFile, PlanError, parsePlan } from "../../../warmer/plan.ts";
import { bindParameters, parameterNames, splitStatement } from "../../../warmer/sql.ts";
import { parseTemplate } from "../../../warmer/template.ts";
import { jitteredTtl, longestTtl, parseDuration, shortestTtl } from "../../../warmer/ttl.ts";

const good = { name: "a", query: "SELECT 1 AS id", key: "k:{id}", value: { type: "json" } };
const plan = (dataset: Record<string, unknown>, rest: Record<string, unknown> = {}): unknown => ({
  name: "p",
  datasets: [{ ...good, ...dataset }],
  ...rest,
});

function problems(input: unknown): readonly string[] {
  try {
    parsePlan(input);
    return [];
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
}

describe("a plan", () => {
  it("has defaults", () => {
    expect(parsePlan(plan({}))).toEqual({
      name: "p",
      parameters: {},
      datasets: [{ ...good, priority: "MEDIUM", jitter: 0.1 }],
    });
  });

  it.each([
    [{ name: "A b" }, 'datasets[0].name: got "A b"; allowed are 1 to 64 of a-z, 0-9 and -'],
    [
      { query: "SELECT 1; DELETE FROM x" },
      'datasets[0].query: got "SELECT 1; DELETE FROM x"; the SQL holds more than one statement; allowed is one SELECT',
    ],
    [{ query: "SELECT 1) AS x; --" }, 'datasets[0].query: got "SELECT 1) AS x; --"; the SQL has a ")" without "("'],
    [{ query: "SELECT :day" }, 'datasets[0].query: ":day" is not a parameter; parameters are none'],
    [{ key: "a:{id" }, 'datasets[0].key: got "a:{id"; "a:{id" has a "{" without "}" at 2'],
    [
      { key: "a:{id|md6}" },
      'datasets[0].key: got "a:{id|md6}"; "a:{id|md6}" uses the filter "md6" (did you mean "md5"?); allowed are lower, upper, trim, md5, snake, urlencode, prefix:n, suffix:n',
    ],
    [
      { key: "a:{id|prefix}" },
      'datasets[0].key: got "a:{id|prefix}"; "a:{id|prefix}": the filter "prefix" takes a number of characters, 1 or more, got "nothing"',
    ],
    [
      { ttl: "soon" },
      'datasets[0].ttl: got "soon"; allowed are seconds or a duration ("4 hours") from 1 second to 100 years, { column: ... } or { expression: ... }',
    ],
    [
      { deadline: "2 days" },
      'datasets[0].deadline: got "2 days"; allowed are seconds, or a duration such as "30 seconds", from 1 second to 24 hours',
    ],
    [
      { tll: 5 },
      'datasets[0]: unknown property "tll" (did you mean "ttl"?); allowed are "name", "priority", "query", "limit", "key", "value", "ttl", "jitter", "deadline", "lookup", "resumeBy", "usage"',
    ],
    [
      { value: { type: "json", column: "id", fields: { a: "id" } } },
      "datasets[0].value: got both column and fields or constants; allowed is one column alone, or fields",
    ],
    [
      { value: { type: "hash", fields: { a: "id" }, constants: { a: 1 } } },
      'datasets[0].value.constants.a: "a" is a field as well; remove one of the two',
    ],
  ])("refuses %j", (dataset, message) => {
    expect(problems(plan(dataset))).toEqual([message]);
  });

  it("names all problems at once, and names used twice", () => {
    expect(
      problems({
        name: "p",
        datasets: [good, good, { ...good, name: "b", ttl: { expression: "x * :facter" } }],
        parameters: { factor: 1 },
      }),
    ).toEqual([
      'datasets[1].name: got "a", which datasets[0] has already; names are unique',
      'datasets[2].ttl.expression: ":facter" is not a parameter (did you mean "factor"?); parameters are "factor"',
    ]);
    expect(problems({ datasets: [{ ...good, limit: 0, jitter: 2, priority: "TOP" }] })).toHaveLength(4);
    expect(problems(null)).toHaveLength(1);
  });

  it("is read from YAML and JSON", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hearth-plan-"));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const yaml =
      "name: p\ndatasets:\n  - name: a\n    query: |\n      SELECT 1 AS id\n    key: 'k:{id}'\n    value: { type: json }\n    ttl: 4 hours\n";
    expect((await loadPlanFile(file("a.yaml", yaml))).datasets[0]?.ttl).toBe(14_400);
    expect((await loadPlanFile(file("a.json", JSON.stringify(plan({}))))).name).toBe("p");
    await expect(loadPlanFile(join(folder, "none.yaml"))).rejects.toThrow("none.yaml: there is no such file");
    await expect(loadPlanFile(file("b.yaml", "a: [1"))).rejects.toThrow("is neither YAML nor JSON");
    await rm(folder, { recursive: true });
  });
});

describe("SQL", () => {
  it("keeps a value inside its quotes, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("'; DROP TABLE x; --", "\\'", "$$", "/*", ":a")),
        (value) => {
          fc.pre(!value.includes("\0"));
          const bound = bindParameters("SELECT :a AS id", { a: value });
          expect(splitStatement(bound)).toBe(bound);
          // Read back by PostgreSQL's own rules: quotes doubled, and in E'' strings backslashes too.
          const text = /^SELECT E?'(.*)' AS id$/s.exec(bound)?.[1] ?? "";
          const undoubled = text.replaceAll("''", "'");
          expect(bound.startsWith("SELECT E") ? undoubled.replaceAll("\\\\", "\\") : undoubled).toBe(value);
        },
      ),
    );
  });

  it("sees parameters only in code", () => {
    const sql =
      "SELECT a::text, x[1:n], ':s', \":q\", $$ :d $$, $t$ :t $t$, E'\\' :e' -- :c\n, /* :b /* :b */ */ :yes, :no+1";
    expect(parameterNames(sql)).toEqual(["yes", "no"]);
  });

  it("tolerates trailing semicolons and comments, and refuses what does not end", () => {
    expect(splitStatement(" SELECT 1 ;; -- done\n")).toBe("SELECT 1");
    expect(splitStatement("SELECT ';' || $a$;$a$;")).toBe("SELECT ';' || $a$;$a$");
    for (const sql of ["", " ; ", "SELECT 'a", "SELECT $$a", "SELECT (1", "SELECT /* 1", "SELECT 1; 'x'"]) {
      expect(() => splitStatement(sql)).toThrow();
    }
  });

  it("quotes every name of a column", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        const compiled = compileDataset(
          parsePlan(plan({ key: "k", value: { type: "hash", fields: { f: name } } })).datasets[0] as never,
          [{ name, kind: "text" }],
          {},
        );
        expect(compiled.select).toBe(
          `SELECT source."${name.replaceAll('"', '""')}" FROM (\nSELECT 1 AS id\n) AS source`,
        );
      }),
    );
  });
});

describe("a key template", () => {
  it("is literals and columns", () => {
    expect(parseTemplate("a:{id}:{term | lower|prefix:4}")).toEqual([
      { literal: "a:" },
      { column: "id", filters: [] },
      { literal: ":" },
      { column: "term", filters: [{ name: "lower" }, { name: "prefix", argument: "4" }] },
    ]);
    expect(parseTemplate("{{{id}}}:x")).toEqual([{ literal: "{" }, { column: "id", filters: [] }, { literal: "}:x" }]);
  });

  it("gives any text back that is written with doubled braces", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: fc.constantFrom("a", "{", "}", "|", "\r", "\n", "'") }), (text) => {
        const written = text.replaceAll("{", "{{").replaceAll("}", "}}");
        expect(parseTemplate(written)).toEqual([{ literal: text }]);
      }),
    );
  });
});

describe("a TTL", () => {
  it.each([
    [60, 60],
    ["60", 60],
    ["1 second", 1],
    ["5 minutes", 300],
    ["1.5 hours", 5400],
    ["1 day", 86_400],
    ["2 weeks", 1_209_600],
    ["", undefined],
    ["-1", undefined],
    ["4 hoors", undefined],
    [Number.NaN, undefined],
  ])("%j is %s seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it("stays within its bounds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_155_760_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (seconds, jitter, random) => {
          const ttl = jitteredTtl(seconds, jitter, random);
          expect(Number.isInteger(ttl)).toBe(true);
          expect(ttl).toBeGreaterThanOrEqual(shortestTtl(seconds, jitter));
          expect(ttl).toBeLessThanOrEqual(longestTtl(seconds, jitter));
        },
      ),
    );
  });
});

describe("duplicate keys", () => {
  const hash = (number: number): [number, number] => [
    Math.imul(number, 0x9e3779b1) ^ 7,
    Math.imul(number, 0x85ebca6b) ^ (number >>> 3),
  ];

  it("are counted exactly up to 65,536, and closely above", () => {
    const few = new DuplicateCounter();
    for (let index = 0; index < 60_000; index++) few.add(...hash(index % 50_000));
    expect([few.count, few.exact]).toEqual([10_000, true]);
    const many = new DuplicateCounter();
    for (let index = 0; index < 500_000; index++) many.add(...hash(index % 400_000));
    expect(many.exact).toBe(false);
    expect(many.count).toBeGreaterThan(90_000);
    expect(many.count).toBeLessThan(110_000);
  });
});

it("a name that JavaScript would lose is refused", () => {
  const fields = JSON.parse('{"__proto__": "id"}');
  expect(() => parsePlan(plan({ value: { type: "hash", fields } }))).toThrow(
    "datasets.0.value.fields.__proto__: this name cannot be used; choose another",
  );
});
