import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PlanError, parsePlan } from "../../../warmer/plan.ts";
import { keyPattern, overlap } from "../../../warmer/usage.ts";

describe("patterns of keys", () => {
  it("are templates with a star for each column", () => {
    expect(keyPattern("user:runs:{id}:1:{size}")).toBe("user:runs:*:1:*");
    expect(keyPattern("search:{term|lower|md5}")).toBe("search:*");
  });

  it.each([
    ["recipe:*", "recipe:*", true],
    ["mealplan:*:*", "mealplan:*", true],
    ["user:runs:*:1:10", "user:*", true],
    ["user:runs:*:1:10", "user:runs:*:1:20", false],
    ["user:profile:*", "user:runs:*", false],
    ["static", "static", true],
    ["static", "static:*", false],
    ["*:a", "b:*", true],
    ["a*", "*b", true],
    ["a", "*", true],
    ["", "", true],
    ["", "*", true],
    ["", "a", false],
  ])("%s and %s overlap: %s", (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });

  it("overlap where a text matches both", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    const matches = (text: string, glob: string) => new RegExp(`^${glob.replaceAll("*", ".*")}$`).test(text);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 }), pattern, pattern, (text, a, b) => {
        if (matches(text, a) && matches(text, b)) expect(overlap(a, b)).toBe(true);
      }),
    );
  });
});

it("a plan without usage cannot ask for its keys", () => {
  const dataset = { name: "a", query: "SELECT 1 AS id", key: "k:{id}", value: { type: "json" }, usage: "keys" };
  expect(() => parsePlan({ name: "p", datasets: [dataset] })).toThrow(PlanError);
  expect(() => parsePlan({ name: "p", datasets: [dataset], usage: { query: "SELECT :a" } })).toThrow(
    'usage.query: ":a" is not a parameter',
  );
  expect(() => parsePlan({ name: "p", datasets: [dataset], usage: { query: "SELECT 1", top: 5 } })).toThrow(
    'usage: unknown property "top"; allowed are "query", "patterns", "others"',
  );
});
