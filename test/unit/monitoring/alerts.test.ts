import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { monitoringRules } from "../../../infra/plan/monitoring/rules.ts";
import { planTopology } from "../../../infra/plan/topology.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { type AlertCase, cases, type Series } from "./cases.ts";

/** Every alert by Prometheus's own rule tester: it fires, not before its time, and not for what is next door. */

const why = spawnSync("promtool", ["--version"]).error && "no promtool on the PATH (Debian: prometheus)";
const stack = "hearth/dev";
const folder = temporaryFolder();
afterAll(() => folder.remove());

const rulesOf = (deployment: AlertCase["deployment"], certificateEnds?: number) =>
  monitoringRules({
    ...{ stack, plan: planTopology("cache", deployment), certificateEnds, warmPlans: ["shop", "a.plan"] },
    thresholds: { rewarmWithin: 3600 },
  });

/** What promtool says of a file of tests, or of rules: nothing where it is content. */
function promtool(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8", cwd: folder.path });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

const seconds = (time: string): number =>
  [...time.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * { h: 3600, m: 60, s: 1 }[unit as "h" | "m" | "s"],
    0,
  );

function input({ metric, labels = {}, values }: Series, topology: string) {
  const all = Object.entries({ stack, cache: "cache", topology, ...labels });
  return { series: `${metric}{${all.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}}`, values };
}

/** Whether an alert fires at a time, on these series. */
function trial(alert: string, topology: string, series: readonly Series[], at: number, fires: boolean) {
  const expr = `count(ALERTS{alertname="${alert}",alertstate="firing"}) > bool 0`;
  return {
    interval: "15s",
    input_series: series.map((one) => input(one, topology)),
    promql_expr_test: [{ expr, eval_time: `${at}s`, exp_samples: fires ? [{ labels: "{}", value: 1 }] : [] }],
  };
}

describe.skipIf(why)(`alerts${why ? ` (skipped: ${why})` : ""}`, () => {
  it.each(cases.map((one, index) => [`${one.alert} (${one.deployment.topology}, ${index})`, one] as const))(
    "%s",
    (_, { alert, deployment, fires, quiet, at }) => {
      const rules = rulesOf(deployment);
      const rule = rules.alerts.find((one) => one.alert === alert);
      expect(rule, `${alert} is a rule of ${deployment.topology}`).toBeDefined();
      const lasting = seconds(rule?.for ?? "0s");
      // One evaluation later: at the very second Prometheus may just not have done it.
      const late = at === undefined ? lasting + 15 : seconds(at);
      const tests = [
        trial(alert, deployment.topology, fires, late, true),
        trial(alert, deployment.topology, quiet, late, false),
        ...(lasting > 0 ? [trial(alert, deployment.topology, fires, lasting - 15, false)] : []),
      ];
      writeFileSync(join(folder.path, "rules.yml"), rules.yaml);
      const file = join(folder.path, "tests.yml");
      writeFileSync(file, stringify({ rule_files: ["rules.yml"], evaluation_interval: "15s", tests }));
      expect(promtool(["test", "rules", file])).toBe("");
    },
  );

  it("HearthCertificateExpires, from two weeks before its end on", () => {
    // promtool's clock begins at 0.
    const rules = rulesOf({ topology: "standalone", args: {} }, 14 * 86_400 + 60);
    writeFileSync(join(folder.path, "rules.yml"), rules.yaml);
    const tests = [75, 60].map((at) => trial("HearthCertificateExpires", "standalone", [], at, at > 60));
    const file = join(folder.path, "tests.yml");
    writeFileSync(file, stringify({ rule_files: ["rules.yml"], evaluation_interval: "15s", tests }));
    expect(promtool(["test", "rules", file])).toBe("");
  });

  it.each(["standalone", "sentinel", "cluster"] as const)("the rules of %s are accepted", (topology) => {
    const rules = rulesOf({ topology, args: { persistence: "aof" } }, 1);
    writeFileSync(join(folder.path, "check.yml"), rules.yaml);
    expect(promtool(["check", "rules", "check.yml"])).toBe("");
  });
});

it("every rule has a case", () => {
  const deployments = cases.map(({ deployment }) => deployment);
  const rules = deployments.flatMap((deployment) => rulesOf(deployment, 1).alerts.map(({ alert }) => alert));
  const tried = [...cases.map(({ alert }) => alert), "HearthCertificateExpires"];
  expect(new Set(tried)).toEqual(new Set(rules));
});

it("thresholds are arguments", () => {
  const plan = planTopology("cache", { topology: "standalone", args: {} });
  const { yaml } = monitoringRules({ stack, plan, thresholds: { memoryWarning: 0.6 } });
  expect(yaml).toContain(`expr: 'hearth:memory:ratio{stack="hearth/dev",cache="cache"} > 0.6'`);
});

it("how long alerts must hold, and how often they are evaluated, are arguments", () => {
  const plan = planTopology("cache", { topology: "standalone", args: {} });
  const lasting = { HearthNodeDown: "1500 ms", HearthRejectedConnections: "2 minutes" } as const;
  const { yaml, alerts } = monitoringRules({ stack, plan, lasting, interval: "1 second" });
  expect(alerts.find(({ alert }) => alert === "HearthNodeDown")?.for).toBe("1500ms");
  expect(alerts.find(({ alert }) => alert === "HearthRejectedConnections")?.for).toBe("120s");
  expect(alerts.find(({ alert }) => alert === "HearthExporterDown")?.for).toBe("1m");
  expect(yaml.match(/interval: 1s/g)).toHaveLength(2);
});

it("every alert names its page of docs/runbooks, and a link where there is one", () => {
  const plan = planTopology("cache", { topology: "standalone", args: {} });
  const { yaml } = monitoringRules({ stack, plan, runbooks: "https://wiki.example.org/redis" });
  expect(yaml).toContain("runbook: hearth/docs/runbooks/HearthNodeDown.md");
  expect(yaml).toContain(`runbook_url: "https://wiki.example.org/redis/HearthNodeDown"`);
});
