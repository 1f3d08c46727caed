import { dataSource, type FieldDefaults, type Panel, type Place, type Row, type Step, type Target } from "./model.ts";

/** Units by which Grafana writes figures. */
export type Unit =
  | "none"
  | "short"
  | "percentunit"
  | "bytes"
  | "Bps"
  | "ops"
  | "reqps"
  | "cps"
  | "s"
  | "µs"
  | "dateTimeAsIso"
  | "dateTimeFromNow";

/** A query with the name of what it finds: `{{node}}` is filled in. */
export type Query = readonly [expr: string, legend: string];

/** What a panel shows. */
export interface PanelInput {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** From which value on which colour; the first one is that of everything below. */
  readonly steps?: readonly Step[];
  /** Words for values: `{ 1: "ok" }`. */
  readonly words?: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
  /** Shown where there is nothing. */
  readonly noValue?: string;
  /** Areas one on top of the other. */
  readonly stacked?: boolean;
}

/** A panel that has no place yet. */
export interface Unplaced {
  readonly width: number;
  readonly height: number;
  place(id: number, gridPos: Place): Panel | Row;
}

const plain: readonly Step[] = [{ color: "green", value: null }];

/** Green from `good` up, orange from `poor` up, red below. */
export function higherIsBetter(poor: number, good: number): Step[] {
  return [
    { color: "red", value: null },
    { color: "orange", value: poor },
    { color: "green", value: good },
  ];
}

/** Green below `warning`, orange from there on, red from `critical` on. */
export function lowerIsBetter(warning: number, critical: number): Step[] {
  return [
    { color: "green", value: null },
    { color: "orange", value: warning },
    { color: "red", value: critical },
  ];
}

/** Lines over time, half of the width. */
export function timeseries(input: PanelInput, width = 12): Unplaced {
  const custom = {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: input.stacked === true ? 30 : 8,
    showPoints: "never",
    spanNulls: false,
    stacking: { mode: input.stacked === true ? "normal" : "none", group: "A" },
    thresholdsStyle: { mode: input.steps === undefined ? "off" : "dashed" },
  };
  const options = {
    legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull", "max"] },
    tooltip: { mode: "multi", sort: "desc" },
  };
  return panel("timeseries", { ...input, custom }, options, { width, height: 8, instant: false });
}

/** One figure, large. */
export function stat(input: PanelInput, width = 4): Unplaced {
  const options = {
    colorMode: "value",
    graphMode: "none",
    justifyMode: "auto",
    textMode: "auto",
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
  };
  return panel("stat", input, options, { width, height: 4, instant: true });
}

/** One line for each series, with its labels in columns. */
export function table(input: PanelInput, width = 12): Unplaced {
  const options = { showHeader: true, cellHeight: "sm", footer: { show: false, reducer: ["sum"], fields: "" } };
  return panel("table", input, options, { width, height: 8, instant: true });
}

/** A heading. */
export function row(title: string): Unplaced {
  const place = (id: number, gridPos: Place): Row => ({
    ...{ id, type: "row", title, collapsed: false, gridPos, panels: [] },
  });
  return { width: 24, height: 1, place };
}

function panel(
  type: Panel["type"],
  input: PanelInput & { readonly custom?: object },
  options: object,
  { width, height, instant }: { readonly width: number; readonly height: number; readonly instant: boolean },
): Unplaced {
  const { title, description, queries } = input;
  const targets = queries.map(
    ([expr, legendFormat], index): Target => ({
      refId: String.fromCharCode(65 + index),
      datasource: dataSource,
      ...{ expr, legendFormat, instant, range: !instant },
      ...(type === "table" && { format: "table" as const }),
    }),
  );
  return {
    width,
    height,
    place: (id, gridPos) => ({
      ...{ id, type, title, description, datasource: dataSource, gridPos },
      fieldConfig: { defaults: defaultsOf(input), overrides: [] },
      ...{ options, targets },
    }),
  };
}

function defaultsOf(input: PanelInput & { readonly custom?: object }): FieldDefaults {
  const { unit, min, max, decimals, noValue, steps = plain, words, custom } = input;
  const options =
    words && Object.fromEntries(Object.entries(words).map(([value, word], index) => [value, { ...word, index }]));
  return {
    unit,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(decimals !== undefined && { decimals }),
    ...(noValue !== undefined && { noValue }),
    thresholds: { mode: "absolute", steps },
    ...(options !== undefined && { mappings: [{ type: "value", options }] }),
    ...(custom !== undefined && { custom }),
  };
}
