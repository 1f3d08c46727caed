import { type Dashboard, type Panel, type Row, schemaVersion, type Variable } from "./model.ts";
import type { Unplaced } from "./panels.ts";

/** What a dashboard is made of. */
export interface DashboardInput {
  /** The end of its uid, and the name of its file. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  /** From left to right, and from the top down. */
  readonly panels: readonly Unplaced[];
  /** Grafana's words for the beginning of the time shown. @default "now-3h" */
  readonly from?: string;
}

/** By which dashboards link to each other. */
export const tag = "hearth";

/** Columns of Grafana's grid. */
const columns = 24;

/** A dashboard with its panels in their places. */
export function dashboard(input: DashboardInput): Dashboard {
  const { name, title, description, variables, panels, from = "now-3h" } = input;
  return {
    ...{ id: null, uid: `hearth-${name}`, title: `Hearth / ${title}`, description, tags: [tag, "redis"] },
    ...{ schemaVersion, version: 1, editable: true, graphTooltip: 1, refresh: "30s" },
    ...{ time: { from, to: "now" }, timezone: "browser" },
    annotations: { list: [] },
    links: [
      {
        ...{ type: "dashboards", title: "Hearth", tags: [tag], asDropdown: true, icon: "external link" },
        ...{ includeVars: true, keepTime: true, targetBlank: false, tooltip: "", url: "" },
      },
    ],
    templating: { list: variables },
    panels: arrange(panels),
  };
}

function arrange(panels: readonly Unplaced[]): (Panel | Row)[] {
  let [x, y, height] = [0, 0, 0];
  return panels.map((one, index) => {
    if (x + one.width > columns) [x, y, height] = [0, y + height, 0];
    const placed = one.place(index + 1, { x, y, w: one.width, h: one.height });
    x += one.width;
    height = Math.max(height, one.height);
    return placed;
  });
}
