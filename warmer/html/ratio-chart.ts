import type { ReplayReport } from "../../contract/warming.ts";
import { count, percent } from "../figures.ts";
import { figure, svg } from "./chart.ts";
import { html, type Markup } from "./markup.ts";
import { px } from "./scale.ts";

const rowHeight = 48;
const barHeight = 18;

/** The hit ratio before and after, with the interval in which it lies at 95 %; null where there was no traffic. */
export function ratioChart(replay: ReplayReport): Markup | null {
  const { hitRatio, before, interval } = replay;
  if (hitRatio === null) return null;
  const rows = [
    ...(before === null ? [] : [{ name: "before", ratio: before.hitRatio, series: "others", interval: null }]),
    { name: "after", ratio: hitRatio, series: "s1", interval },
  ];
  const description = rows.map(({ name, ratio }) => `${name} ${percent(ratio)}`).join(", ");
  return figure(
    "Hit ratio",
    `Hit ratio: ${description}.`,
    "full",
    (width) => {
      const bars = rows.map(({ name, ratio, series, interval: within }, index) => {
        const top = index * rowHeight;
        const certain = within === null || within.low === within.high;
        return [
          html`<text class="name" x="0" y="${top + 14}">${name}</text>`,
          html`<text x="${width}" y="${top + 14}" text-anchor="end">${percent(ratio)}${certain ? "" : ` (${percent(within.low)} to ${percent(within.high)})`}</text>`,
          html`<rect class="track" x="0" y="${top + 20}" width="${width}" height="${barHeight}" rx="3"/>`,
          ratio > 0 &&
            html`<rect class="${series}" x="0" y="${top + 20}" width="${px(Math.max(2, ratio * width))}" height="${barHeight}" rx="3"/>`,
        ];
      });
      return svg(width, rows.length * rowHeight - 6, bars);
    },
    html`<p class="note">${sentence(replay)}</p>`,
  );
}

/** What was replayed, and how certain the ratio is. */
function sentence({ source, requests, hits, population }: ReplayReport): string {
  const what = source === "access-log" ? "requests of the access log" : "of the datasets' own keys";
  const sample =
    requests >= population
      ? "all of them, so the ratio is exact"
      : `a random sample of ${count(population)}; the interval holds the ratio of all of them with 95 % confidence`;
  return `${count(hits)} of ${count(requests)} ${what} hit: ${sample}.`;
}
