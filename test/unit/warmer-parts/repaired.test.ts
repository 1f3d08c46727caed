import { expect, it } from "vitest";
import { htmlReport } from "../../../warmer/html/page.ts";
import { progressLine } from "../../../warmer/progress.ts";
import { areSame, type Primaries } from "../../../warmer/redis/identity.ts";
import { formatReport } from "../../../warmer/report.ts";
import type { DatasetProgress } from "../../../warmer/types.ts";
import { exampleReport } from "../../support/report.ts";

it("keys that were written again are in the report, in each of its forms", () => {
  const report = { ...exampleReport(), repaired: 12_345 };
  expect(formatReport(report)).toContain(", repaired: 12,345 keys, ");
  expect(htmlReport(report, "x")).toContain(", repaired: 12,345<");
  for (const text of [formatReport(exampleReport()), htmlReport(exampleReport(), "x")]) {
    expect(text).not.toContain("repaired");
  }
});

it("progress says that rows are written again", () => {
  const dataset: DatasetProgress = {
    ...{ name: "a", priority: "HIGH", status: "running", rows: 5, keys: 5, failed: 0, bytes: 0, total: 10 },
  };
  const line = progressLine({ elapsedMs: 1000, datasets: [dataset], repairing: true });
  expect(line).toBe("writing again what Redis may have lost: a 5/10; 5 keys, 5 keys/s, ETA 1.00 s");
});

it.each<[string, Partial<Primaries>, Partial<Primaries>, boolean]>([
  ["nothing has changed", {}, {}, true],
  ["a connection was lost, and the server is the same", {}, { losses: 3 }, true],
  ["a replica has gone", {}, { replicas: 1 }, true],
  ["a process is another", {}, { identities: ["p1/h1", "p3/h2"] }, false],
  ["a history is another", {}, { identities: ["p1/h1", "p2/h3"] }, false],
  ["there is a primary more", {}, { identities: ["p1/h1", "p2/h2", "p3/h3"] }, false],
  ["nobody tells, and no connection was lost", { identities: undefined }, { identities: undefined }, true],
  ["nobody tells, and one was lost", { identities: undefined }, { identities: undefined, losses: 1 }, false],
  ["nobody tells any more, and one was lost", {}, { identities: undefined, losses: 1 }, false],
])("%s", (_, before, after, expected) => {
  const known: Primaries = { identities: ["p1/h1", "p2/h2"], demoted: false, replicas: 2, losses: 0 };
  expect(areSame({ ...known, ...before }, { ...known, ...after })).toBe(expected);
});
