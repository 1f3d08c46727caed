import type { Latency, LatencyReport, ResponseTimes } from "../../contract/warming.ts";
import { milliseconds } from "../figures.ts";
import { figure, legendOf, svg } from "./chart.ts";
import { shorten } from "./dataset-chart.ts";
import { html, type Markup } from "./markup.ts";
import { compact, decades, px } from "./scale.ts";

const rowHeight = 50;
const mostRows = 9;
const margin = { right: 24, bottom: 26, left: 16 };

/** Response times before (PostgreSQL answers) and after (Redis does): p50 and p95 of each, over powers of ten. */
export function latencyChart(latency: LatencyReport): Markup {
  const { hits, misses, speedup } = latency;
  const rows = [{ name: "all requests", ...latency }, ...latency.datasets].slice(0, mostRows);
  const description =
    `Response times: before, PostgreSQL, p50 ${milliseconds(misses.p50Ms)}, p95 ${milliseconds(misses.p95Ms)}; ` +
    `after, Redis, p50 ${milliseconds(hits.p50Ms)}, p95 ${milliseconds(hits.p95Ms)}; p50 ${speedup.p50} times faster.`;
  const legend = legendOf([
    { name: "before: PostgreSQL", series: "s2" },
    { name: "after: Redis", series: "s1" },
  ]);
  return figure("Response time, p50 to p95", description, "half", (width) => draw(width, rows), legend);
}

function draw(width: number, rows: readonly (Latency & { readonly name: string })[]): Markup {
  const values = rows.flatMap(({ hits, misses }) => [hits.p50Ms, hits.p95Ms, misses.p50Ms, misses.p95Ms]);
  // A clock that shows nothing is still a time.
  const ticks = decades(Math.max(0.001, Math.min(...values)), Math.max(0.001, ...values));
  const [first = 0.001, last = 1] = [ticks[0], ticks.at(-1)];
  const x = (ms: number): number => {
    const share = Math.log(Math.max(first, ms) / first) / Math.log(last / first);
    return margin.left + share * (width - margin.left - margin.right);
  };
  const bottom = rows.length * rowHeight;
  return svg(width, bottom + margin.bottom, [
    ticks.map((tick) => [
      html`<line class="grid" x1="${px(x(tick))}" x2="${px(x(tick))}" y1="0" y2="${bottom}"/>`,
      html`<text x="${px(x(tick))}" y="${bottom + 18}" text-anchor="middle">${compact(tick)}${tick === last ? " ms" : ""}</text>`,
    ]),
    rows.map(({ name, hits, misses, speedup }, index) => {
      const top = index * rowHeight;
      return [
        html`<text class="name halo" x="0" y="${top + 14}">${shorten(name, width < 400 ? 24 : 36)}</text>`,
        html`<text class="halo" x="${width}" y="${top + 14}" text-anchor="end">${faster(speedup.p50)}</text>`,
        range("s2", `${name}, PostgreSQL`, misses, top + 25, x),
        range("s1", `${name}, Redis`, hits, top + 36, x),
      ];
    }),
  ]);
}

/** A thin line from p50, which has a point, to p95. */
function range(series: string, what: string, times: ResponseTimes, y: number, x: (ms: number) => number): Markup {
  const [from, to] = [px(x(times.p50Ms)), px(x(times.p95Ms))];
  const text = `${what}: p50 ${milliseconds(times.p50Ms)}, p95 ${milliseconds(times.p95Ms)}, ${times.samples} measured`;
  return html`<g class="range ${series}"><title>${text}</title><line x1="${from}" x2="${to}" y1="${y}" y2="${y}"/><circle cx="${from}" cy="${y}" r="4.5"/><line x1="${to}" x2="${to}" y1="${y - 4}" y2="${y + 4}"/></g>`;
}

/** `13x faster`, `1.2x slower`. */
export function faster(factor: number): string {
  const shown = (value: number): string => `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))}x`;
  return factor >= 1 ? `${shown(factor)} faster` : `${shown(1 / Math.max(factor, 0.001))} slower`;
}
