import { describe, expect, it } from "vitest";
import { adviseIndex, conjuncts } from "../../../warmer/explain/advice.ts";
import { findScans, type PlanNode } from "../../../warmer/explain/scans.ts";

const cost = { "Startup Cost": 0, "Total Cost": 1, "Plan Rows": 1 };
const seq = (Filter?: string, more: Partial<PlanNode> = {}): PlanNode => ({
  ...cost,
  "Node Type": "Seq Scan",
  Schema: "public",
  "Relation Name": "users",
  Alias: "u",
  ...(Filter !== undefined && { Filter }),
  ...more,
});
const above = (type: string, child: PlanNode, more: Partial<PlanNode> = {}): PlanNode => ({
  ...cost,
  "Node Type": type,
  ...more,
  Plans: [child],
});
const advice = (node: PlanNode, share = 0.01) => adviseIndex(findScans(node)[0] as never, share);
const sorted = (child: PlanNode, ...keys: string[]) =>
  above("Limit", above("Subquery Scan", above("Sort", child, { "Sort Key": keys })));

describe("the index that is missing", () => {
  it.each([
    ["(u.id = 5)", "(id)"],
    ["((u.email)::text = 'x AND (y'::text)", "(email)"],
    ["(u.last_login >= (now() - '7 days'::interval))", "(last_login)"],
    ["((u.last_login >= now()) AND (u.team = 3) AND (u.kind = ANY ('{a,b}'::text[])))", "(team, kind, last_login)"],
    ["(u.is_active AND (u.last_login >= now()))", "(last_login) WHERE is_active"],
    [
      "((NOT u.retired) AND (u.deleted_at IS NULL) AND (5 = u.team))",
      "(team) WHERE NOT retired AND deleted_at IS NULL",
    ],
    ["(lower((u.email)::text) = 'x'::text)", "(lower(email))"],
    ['(u."Odd ""name" > 5)', '("Odd ""name")'],
    ["(u.name ~~* '%x%'::text)", "USING gin (name gin_trgm_ops)"],
    ["(u.deleted_at IS NULL)", "(deleted_at) WHERE deleted_at IS NULL"],
    ["(NOT u.retired)", "(retired) WHERE NOT retired"],
  ])("for %s", (filter, expected) => {
    expect(advice(seq(filter))).toBe(`CREATE INDEX CONCURRENTLY ON public.users ${expected};`);
  });

  it.each([
    ["((u.a = 1) OR (u.b = 2))", 0.01],
    ["(length(u.name) > 5)", 0.01],
    ["(u.deleted_at IS NULL)", 0.9],
  ])("is none for %s with a share of %s", (filter, share) => {
    expect(advice(seq(filter), share)).toBeUndefined();
  });

  it("is in the order that the first rows are wanted in", () => {
    const index = (columns: string) => `CREATE INDEX CONCURRENTLY ON public.users ${columns};`;
    expect(advice(sorted(seq(), "u.points DESC", "u.id"))).toBe(index("(points DESC, id)"));
    expect(advice(sorted(seq("(u.team = 1)"), "u.points DESC"))).toBe(index("(team, points DESC)"));
    expect(advice(sorted(seq("(u.age > 5)"), "u.points DESC NULLS LAST"))).toBe(index("(points DESC NULLS LAST)"));
    expect(advice(above("Sort", seq("(u.age > 5)"), { "Sort Key": ["u.points"] }))).toBe(index("(age)"));
    expect(advice(above("Sort", seq("(u.age > 5)"), { "Sort Key": ["u.age DESC"] }))).toBe(index("(age DESC)"));
    expect(advice(sorted(seq("(u.age > 5)"), "u.points", "other.id"))).toBe(index("(age)"));
    expect(advice(sorted(above("HashAggregate", seq("(u.age > 5)")), "(count(*)) DESC"))).toBe(index("(age)"));
    expect(advice(sorted(seq(), "(count(*))"))).toBeUndefined();
  });

  it("quotes names", () => {
    const node = seq('("My U".id = 1)', { Schema: "My schema", "Relation Name": 'a"b', Alias: "My U" });
    expect(advice(node)).toBe('CREATE INDEX CONCURRENTLY ON "My schema"."a""b" (id);');
  });

  it("takes conditions apart only where AND joins them", () => {
    expect(conjuncts("((a = ' AND ('::text) AND ((b = 1) OR (c = 2)) AND (d AND (e > 1)))")).toEqual([
      ...["a = ' AND ('::text", "(b = 1) OR (c = 2)", "d", "e > 1"],
    ]);
    expect(conjuncts("")).toEqual([]);
  });
});
