import { describe, expect, it } from "vitest";
import { dashboardsOf, dashboardText } from "../../../infra/plan/monitoring/dashboards/index.ts";
import type { Panel } from "../../../infra/plan/monitoring/dashboards/model.ts";

const dashboards = dashboardsOf("cluster");
const panelsOf = (name: string): Panel[] =>
  (dashboards[name]?.panels ?? []).filter((panel): panel is Panel => panel.type !== "row");

/** What Grafana fills in by itself. */
const builtIn = ["__rate_interval"];

it("each topology has the dashboards that show something of it", () => {
  const common = ["hearth-latency.json", "hearth-overview.json", "hearth-warming.json"];
  expect(Object.keys(dashboardsOf("standalone")).sort()).toEqual(common);
  expect(Object.keys(dashboardsOf("sentinel")).sort()).toEqual([...common, "hearth-replication.json"].sort());
  expect(Object.keys(dashboards).sort()).toEqual([...common, "hearth-cluster.json", "hearth-replication.json"].sort());
});

it("uids and titles are different, and as long as Grafana takes", () => {
  const all = Object.values(dashboards);
  expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  for (const { uid, id } of all) {
    expect(uid).toMatch(/^[a-z-]{1,40}$/);
    expect(id).toBeNull();
  }
});

describe.each(Object.keys(dashboards))("%s", (name) => {
  const dashboard = dashboards[name];
  if (dashboard === undefined) throw new Error(name);

  it("is JSON that comes back as it was, without anything that was undefined", () => {
    const text = dashboardText(dashboard);
    expect(JSON.parse(text)).toEqual(dashboard);
    expect(text.endsWith("}\n")).toBe(true);
    expect(dashboard).toMatchObject({ schemaVersion: 42, refresh: "30s", tags: expect.arrayContaining(["hearth"]) });
  });

  it("panels have ids of their own, a place of their own, and stay within the grid", () => {
    const { panels } = dashboard;
    expect(panels.map(({ id }) => id)).toEqual(panels.map((_, index) => index + 1));
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x}/${y}`), `${title} lies on another panel`).toBe(false);
          taken.add(`${x}/${y}`);
        }
      }
    }
  });

  it("every panel has a unit, a description, and queries of the Prometheus that was chosen", () => {
    for (const { title, description, fieldConfig, targets, datasource } of panelsOf(name)) {
      expect(description, title).toMatch(/^[A-Z0-9][\s\S]*\.$/);
      expect(fieldConfig.defaults.unit, title).not.toBe("");
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      for (const one of [...targets, { datasource }]) {
        expect(one.datasource, title).toEqual({ type: "prometheus", uid: "$datasource" });
      }
      for (const { legendFormat } of targets) expect(legendFormat, title).not.toBe("");
    }
  });

  it("thresholds begin with the colour of all below, and rise", () => {
    for (const { title, fieldConfig } of panelsOf(name)) {
      const [first, ...others] = fieldConfig.defaults.thresholds.steps.map(({ value }) => value);
      expect(first, title).toBeNull();
      expect(others, title).toEqual([...others].sort((one, other) => Number(one) - Number(other)));
    }
  });

  it("every variable that is asked for is there, and every one that is there is asked for", () => {
    const variables = dashboard.templating.list.map((variable) => variable.name);
    expect(new Set(variables).size).toBe(variables.length);
    const queries = panelsOf(name).flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const definitions = dashboard.templating.list.map(({ definition = "" }) => definition);
    const asked = new Set([...queries, ...definitions].flatMap((text) => text.match(/\$\w+/g) ?? []));
    const known = new Set([...variables, ...builtIn].map((variable) => `$${variable}`));
    expect([...asked].filter((variable) => !known.has(variable))).toEqual([]);
    expect(variables.filter((variable) => variable !== "datasource" && !asked.has(`$${variable}`))).toEqual([]);
  });

  it("a list of several values is matched by a pattern, one value as it is", () => {
    for (const { name: variable, multi } of dashboard.templating.list) {
      if (variable === "datasource") continue;
      const wrong = multi ? `="$${variable}"` : `=~"$${variable}"`;
      for (const { targets, title } of panelsOf(name)) {
        for (const { expr } of targets) expect(expr, title).not.toContain(wrong);
      }
    }
  });
});
