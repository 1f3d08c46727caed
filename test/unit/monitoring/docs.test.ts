import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { monitoringRules } from "../../../infra/plan/monitoring/rules.ts";
import { planTopology } from "../../../infra/plan/topology.ts";
import { cases } from "./cases.ts";

it("docs/monitoring.md lists every alert as it is", () => {
  const text = readFileSync("docs/monitoring.md", "utf8");
  const alerts = cases.flatMap(({ deployment }) => {
    const plan = planTopology("cache", deployment);
    return monitoringRules({ stack: "s", plan, certificateEnds: 1, thresholds: { rewarmWithin: 5400 } }).alerts;
  });
  const rows = alerts.map(({ alert, severity, action, ...rule }) => {
    return `| ${alert} | ${severity} | ${rule.for ?? "at once"} | ${action} |`;
  });
  expect(new Set(text.split("\n").filter((line) => line.startsWith("| Hearth")))).toEqual(new Set(rows));
});
