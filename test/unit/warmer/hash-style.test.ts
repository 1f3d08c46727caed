import fc from "fast-check";
import { expect, it } from "vitest";
import { templatesThatShare } from "../../../warmer/hash-style.ts";

it("templates share keys where the text before the first column of one begins with that of another", () => {
  expect(templatesThatShare(["user:{id}", "user:{id}:runs", "run:{id}", "runs", "static"])).toEqual([
    ...[true, true, false, false, false],
  ]);
  expect(templatesThatShare(["a:{id}", "{id}", "b"])).toEqual([true, true, true]);
  expect(templatesThatShare([])).toEqual([]);
});

it("finds what comparing each with each finds", () => {
  const template = fc.string({ unit: fc.constantFrom("a", "b", ":"), maxLength: 5 }).map((text) => `${text}{id}`);
  fc.assert(
    fc.property(fc.array(template, { maxLength: 12 }), (templates) => {
      const texts = templates.map((each) => each.slice(0, -4));
      const expected = texts.map((text, index) =>
        texts.some((other, place) => place !== index && (other.startsWith(text) || text.startsWith(other))),
      );
      expect(templatesThatShare(templates)).toEqual(expected);
    }),
  );
});
