import type { Timeline } from "../../contract/warming.ts";
import { count } from "../figures.ts";
import { othersName } from "../timeline.ts";
import { figure, legendOf, svg } from "./chart.ts";
import { html, type Markup } from "./markup.ts";
import { compact, niceTicks, px } from "./scale.ts";

interface Series {
  readonly name: string;
  readonly series: string;
  /** Keys per second in each interval. */
  readonly rates: readonly number[];
}

const height = 240;
const margin = { top: 10, right: 14, bottom: 26, left: 46 };

/** Keys per second over the time of the run, the datasets on top of each other; null where there is too little to see. */
export function rateChart(timeline: Timeline): Markup | null {
  const { atMs } = timeline;
  if (atMs.length < 2) return null;
  const series = Object.entries(timeline.keys).map(([name, keys], index): Series => {
    const rates = keys.slice(1).map((value, at) => {
      const milliseconds = (atMs[at + 1] ?? 0) - (atMs[at] ?? 0);
      return milliseconds > 0 ? (Math.max(0, value - (keys[at] ?? 0)) / milliseconds) * 1000 : 0;
    });
    return { name, rates, series: name === othersName ? "others" : `s${index + 1}` };
  });
  const most = Math.max(...atMs.slice(1).map((_, at) => stackedUpTo(series, series.length, at)));
  if (!(most > 0)) return null;
  const description = `Keys per second over ${seconds((atMs.at(-1) ?? 0) - (atMs[0] ?? 0))}; at most ${count(most)}.`;
  return figure("Keys per second", description, "full", (width) => draw(width, atMs, series, most), legendOf(series));
}

function draw(width: number, atMs: readonly number[], series: readonly Series[], most: number): Markup {
  const end = atMs.at(-1) ?? 1;
  const yTicks = niceTicks(most, 4);
  const top = yTicks.at(-1) ?? 1;
  // Time counts from the beginning of the run, connecting included.
  const x = (ms: number): number => margin.left + (ms / end) * (width - margin.left - margin.right);
  const y = (rate: number): number => height - margin.bottom - (rate / top) * (height - margin.top - margin.bottom);
  const xTicks = niceTicks(end / 1000, width < 500 ? 4 : 8).filter((tick) => tick * 1000 <= end * 1.001);
  return svg(width, height, [
    yTicks.map((tick) => [
      html`<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>`,
      html`<text x="${margin.left - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${compact(tick)}</text>`,
    ]),
    xTicks.map(
      (tick) =>
        html`<text x="${px(x(tick * 1000))}" y="${height - 6}" text-anchor="middle">${seconds(tick * 1000)}</text>`,
    ),
    series.map((each, index) => area(each, index, series, atMs, x, y)),
    html`<line class="axis" x1="${margin.left}" x2="${width - margin.right}" y1="${px(y(0))}" y2="${px(y(0))}"/>`,
    atMs.slice(1).map((to, at) => hover(at, atMs[at] ?? 0, to, series, x)),
  ]);
}

/** A rate is the mean of an interval: steps, and not slopes that nobody measured. */
function area(
  { series: name }: Series,
  index: number,
  series: readonly Series[],
  atMs: readonly number[],
  x: (ms: number) => number,
  y: (rate: number) => number,
): Markup {
  const upper: string[] = [];
  const lower: string[] = [];
  for (let at = 0; at + 1 < atMs.length; at++) {
    const [from, to] = [px(x(atMs[at] ?? 0)), px(x(atMs[at + 1] ?? 0))];
    const [high, low] = [px(y(stackedUpTo(series, index + 1, at))), px(y(stackedUpTo(series, index, at)))];
    upper.push(`${from},${high}`, `${to},${high}`);
    lower.push(`${from},${low}`, `${to},${low}`);
  }
  return html`<polygon class="area ${name}" points="${[...upper, ...lower.reverse()].join(" ")}"/>`;
}

/** An unseen column that tells its figures to the mouse. */
function hover(at: number, from: number, to: number, series: readonly Series[], x: (ms: number) => number): Markup {
  const lines = series
    .filter(({ rates }) => (rates[at] ?? 0) > 0)
    .map(({ name, rates }) => `${name}: ${count(rates[at] ?? 0)}/s`);
  const text = [
    `${seconds(from)} to ${seconds(to)}: ${count(stackedUpTo(series, series.length, at))} keys/s`,
    ...lines,
  ];
  const area = { x: px(x(from)), width: px(x(to) - x(from)), height: height - margin.top - margin.bottom };
  return html`<rect class="hover" x="${area.x}" y="${margin.top}" width="${area.width}" height="${area.height}"><title>${text.join("\n")}</title></rect>`;
}

function stackedUpTo(series: readonly Series[], end: number, at: number): number {
  return series.slice(0, end).reduce((sum, { rates }) => sum + (rates[at] ?? 0), 0);
}

function seconds(milliseconds: number): string {
  if (milliseconds < 1000 && milliseconds > 0) return `${Math.round(milliseconds)} ms`;
  return `${Number((milliseconds / 1000).toPrecision(4))} s`;
}
