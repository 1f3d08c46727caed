import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { monitoringRules } from "../../../infra/plan/monitoring/rules.ts";
import { planTopology } from "../../../infra/plan/topology.ts";
import { runbook, runbooks } from "../../support/runbook.ts";
import { cases } from "./cases.ts";

/** The pages of docs/runbooks; test/e2e/monitoring/drills.test.ts does what they say. */

const rules = cases.flatMap(({ deployment }) => {
  const plan = planTopology("cache", deployment);
  return monitoringRules({ stack: "s", plan, certificateEnds: 1, thresholds: { rewarmWithin: 5400 } }).alerts;
});
const alerts = new Map(rules.map((rule) => [rule.alert, rule]));

it("every alert has a page, every page an alert, and the first page lists them", () => {
  expect(runbooks().map(({ alert }) => alert)).toEqual([...alerts.keys()].toSorted());
  const listed = readFileSync("docs/runbooks/README.md", "utf8").match(/^\| \[.*$/gm);
  expect(new Set(listed)).toEqual(
    new Set([...alerts.values()].map(({ alert, severity }) => `| [${alert}](${alert}.md) | ${severity} |`)),
  );
});

describe.each([...alerts.values()])("$alert", ({ alert, severity, for: time }) => {
  const page = runbook(alert);

  it("says how bad it is, where to look, and how to mend it, with commands", () => {
    const told = time === undefined ? "at once" : `after ${time}`;
    expect(page.text).toMatch(new RegExp(`^# ${alert}\\n\\n${severity}, told ${told}\\.\\n\\n[A-Z]`));
    expect(page.text.match(/^## .*$/gm)).toEqual(["## Look", "## Mend"]);
    for (const section of ["Look", "Mend"]) {
      const commands = page.blocks.filter((block) => block.section === section).flatMap((block) => block.commands);
      expect(commands.length, section).toBeGreaterThan(0);
    }
    for (const { language } of page.blocks) expect(language).toMatch(/^(redis|sh)$/);
  });
});

it("links lead somewhere", () => {
  const folder = "docs/runbooks";
  const files = [...readdirSync(folder).map((name) => join(folder, name)), "docs/monitoring.md", "docs/health.md"];
  const dead = files.flatMap((file) => {
    const links = [...readFileSync(file, "utf8").matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) => link);
    return links.filter((link) => !existsSync(join(dirname(file), link))).map((link) => `${file}: ${link}`);
  });
  expect(dead).toEqual([]);
});
