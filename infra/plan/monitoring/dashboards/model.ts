/**
 * A dashboard as Grafana reads it: the classic model, which every version takes by import, provisioning and API. Only
 * what Hearth's own need of it.
 */
export interface Dashboard {
  readonly id: null;
  /** By which links and bookmarks find it; at most 40 characters. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly version: number;
  readonly editable: boolean;
  readonly graphTooltip: number;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly timezone: string;
  readonly annotations: { readonly list: readonly object[] };
  readonly links: readonly object[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly (Panel | Row)[];
}

/** The last version of the classic model. */
export const schemaVersion = 42;

export interface DataSource {
  readonly type: "prometheus";
  readonly uid: string;
}

/** Whatever Prometheus is chosen above the panels. */
export const dataSource: DataSource = { type: "prometheus", uid: "$datasource" };

/** What is chosen above the panels. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: "datasource" | "query";
  /** `prometheus`, or a query for the values of a label. */
  readonly query: string | { readonly query: string; readonly refId: string };
  readonly definition?: string;
  readonly datasource?: DataSource;
  /** 1: when the dashboard is loaded; 2: when the time range changes too. */
  readonly refresh: number;
  readonly sort?: number;
  readonly multi: boolean;
  readonly includeAll: boolean;
  readonly allValue?: string;
  readonly hide: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Target {
  readonly refId: string;
  readonly datasource: DataSource;
  readonly expr: string;
  readonly legendFormat: string;
  /** One value, now, in place of a series. */
  readonly instant: boolean;
  readonly range: boolean;
  readonly format?: "table";
}

export interface Panel {
  readonly id: number;
  readonly type: "timeseries" | "stat" | "table";
  readonly title: string;
  /** What is to be read off it. */
  readonly description: string;
  readonly datasource: DataSource;
  readonly gridPos: Place;
  readonly fieldConfig: { readonly defaults: FieldDefaults; readonly overrides: readonly object[] };
  readonly options: object;
  readonly targets: readonly Target[];
}

/** A heading over the panels that follow. */
export interface Row {
  readonly id: number;
  readonly type: "row";
  readonly title: string;
  readonly collapsed: false;
  readonly gridPos: Place;
  readonly panels: readonly [];
}

export interface Step {
  readonly color: string;
  readonly value: number | null;
}

export interface FieldDefaults {
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  readonly noValue?: string;
  readonly thresholds: { readonly mode: "absolute"; readonly steps: readonly Step[] };
  readonly mappings?: readonly object[];
  readonly custom?: object;
}
