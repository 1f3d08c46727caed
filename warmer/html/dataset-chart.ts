import type { DatasetReport, WarmReport } from "../../contract/warming.ts";
import { count, duration } from "../figures.ts";
import { figure, legendOf, svg } from "./chart.ts";
import { html, type Markup } from "./markup.ts";
import { px } from "./scale.ts";

const rowHeight = 44;
const barHeight = 14;
/** More rows are no chart any more; the table has them all. */
const mostRows = 12;

/** Keys of each dataset, written and failed. */
export function datasetChart({ datasets }: WarmReport): Markup {
  const shown = [...datasets].sort((a, b) => size(b) - size(a)).slice(0, mostRows);
  const rows = datasets.filter((dataset) => shown.includes(dataset));
  const title = rows.length < datasets.length ? `Keys by dataset (the ${rows.length} largest)` : "Keys by dataset";
  const failed = rows.some((row) => row.failed > 0);
  const entries = [{ name: "written", series: "s1" }, ...(failed ? [{ name: "failed", series: "bad" }] : [])];
  const description = rows.map(({ name, keys }) => `${name} ${count(keys)}`).join(", ");
  return figure(title, `${title}: ${description}.`, "half", (width) => draw(width, rows), legendOf(entries));
}

function size({ keys, failed }: DatasetReport): number {
  return keys + failed;
}

function draw(width: number, rows: readonly DatasetReport[]): Markup {
  const most = Math.max(1, ...rows.map(size));
  const length = (value: number): number => (value / most) * width;
  const lines = rows.map((row, index) => {
    const top = index * rowHeight;
    const { name, keys, failed, durationMs, status } = row;
    const rate = durationMs > 0 ? `, ${count((keys / durationMs) * 1000)}/s` : "";
    const figures =
      status === "done" ? `${count(keys)} in ${duration(durationMs)}${rate}` : `${status}, ${count(keys)}`;
    // A bar that is there at all can be seen.
    const written = keys > 0 ? Math.max(2, length(keys)) : 0;
    const refused = failed > 0 ? Math.max(2, length(failed)) : 0;
    return [
      html`<text class="name" x="0" y="${top + 14}">${shorten(name, width < 400 ? 18 : 32)}</text>`,
      html`<text x="${width}" y="${top + 14}" text-anchor="end">${figures}</text>`,
      html`<rect class="track" x="0" y="${top + 20}" width="${width}" height="${barHeight}" rx="3"/>`,
      written > 0 && html`<rect class="s1" x="0" y="${top + 20}" width="${px(written)}" height="${barHeight}" rx="3"/>`,
      refused > 0 &&
        html`<rect class="bad" x="${px(Math.min(width - refused, written + (written > 0 ? 2 : 0)))}" y="${top + 20}" width="${px(refused)}" height="${barHeight}" rx="3"/>`,
    ];
  });
  return svg(width, rows.length * rowHeight, lines);
}

/** A name that fits, with a sign that it goes on. */
export function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
