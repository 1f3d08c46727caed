import { count, duration, keyCount } from "../../warmer/figures.ts";
import { metricsOf, secondsLeft, shareDone } from "../../warmer/metrics.ts";
import { Pulse, sum } from "../../warmer/pulse.ts";
import type { DatasetProgress, Progress } from "../../warmer/types.ts";

/** What a terminal can show. */
export interface Terminal {
  /** Characters of a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
  readonly colour: boolean;
  /** Whether it shows block characters. */
  readonly unicode: boolean;
}

type Colour = "green" | "cyan" | "red" | "dim";
const codes: Readonly<Record<Colour, number>> = { green: 32, cyan: 36, red: 31, dim: 2 };

const longestBar = 40;
const shortestBar = 8;
/** Between two cells of a line. */
const gap = 2;

/** The rates of a run and of each of its datasets. */
export class Pulses {
  readonly all = new Pulse();
  readonly #each = new Map<string, Pulse>();

  add(progress: Progress): void {
    this.all.add(progress);
    for (const dataset of progress.datasets) {
      if (dataset.status === "running") this.of(dataset).add({ elapsedMs: progress.elapsedMs, datasets: [dataset] });
    }
  }

  of({ name }: DatasetProgress): Pulse {
    const known = this.#each.get(name) ?? new Pulse();
    this.#each.set(name, known);
    return known;
  }
}

/** A line: cells that matter most first, of which a narrow terminal shows as many as fit. */
interface Line {
  readonly name: string;
  readonly share: number | undefined;
  readonly colour: Colour;
  readonly cells: readonly string[];
}

/**
 * The state of a run as lines that fit into the terminal: one for each dataset, a bar where there is room, and the
 * total. Where there are more datasets than lines, those that run or failed come first, and the others are counted.
 */
export function renderBars(progress: Progress, pulses: Pulses, terminal: Terminal): string[] {
  const room = Math.max(1, terminal.rows - 3);
  const shown = mostTelling(progress.datasets, room);
  const lines = [...shown.map((dataset) => datasetLine(progress, dataset, pulses)), totalLine(progress, pulses)];
  const hidden = progress.datasets.length - shown.length;
  const rendered = layOut(lines, terminal);
  if (hidden > 0) rendered.splice(-1, 0, cut(`and ${count(hidden)} more datasets`, terminal.columns));
  return rendered;
}

function mostTelling(datasets: readonly DatasetProgress[], room: number): readonly DatasetProgress[] {
  if (datasets.length <= room) return datasets;
  const order = { running: 0, failed: 1, pending: 2, done: 3, skipped: 4 } as const;
  const chosen = new Set([...datasets].sort((a, b) => order[a.status] - order[b.status]).slice(0, room - 1));
  return datasets.filter((dataset) => chosen.has(dataset));
}

function datasetLine({ elapsedMs }: Progress, dataset: DatasetProgress, pulses: Pulses): Line {
  const { name, status, rows, keys, failed, total } = dataset;
  const alone = { elapsedMs, datasets: [dataset] };
  // What failed came only so far.
  const part = Math.min(1, rows / Math.max(1, total ?? rows));
  const share = { pending: 0, running: shareDone(alone), done: 1, failed: part, skipped: part }[status];
  const pulse = pulses.of(dataset);
  const seconds = secondsLeft(alone, pulse);
  const refused = failed > 0 ? `${count(failed)} failed` : "";
  const cells = {
    pending: ["waiting"],
    running: [percentText(share), keyCount(keys), refused, `${count(pulse.keysPerSecond)}/s`, eta(seconds)],
    done: [percentText(1), keyCount(keys), refused],
    failed: ["failed", keyCount(keys), refused],
    skipped: ["skipped", keyCount(keys)],
  }[status];
  const colour = ({ pending: "dim", running: "cyan", done: "green", failed: "red", skipped: "dim" } as const)[status];
  return { name, share, colour, cells };
}

function totalLine(progress: Progress, pulses: Pulses): Line {
  const { totalKeysWarmed, warmingRate } = metricsOf(progress, pulses.all);
  const share = shareDone(progress);
  const failed = sum(progress.datasets, "failed");
  const cells = [
    percentText(share),
    keyCount(totalKeysWarmed),
    failed > 0 ? `${count(failed)} failed` : "",
    `${count(warmingRate)}/s`,
    eta(secondsLeft(progress, pulses.all)),
  ];
  return { name: "total", share, colour: failed > 0 ? "red" : "cyan", cells };
}

function percentText(share: number | undefined): string {
  return share === undefined ? "?" : `${Math.floor(share * 100)} %`;
}

function eta(seconds: number | undefined): string {
  if (seconds === undefined || seconds <= 0) return "";
  const whole = Math.ceil(seconds);
  return `ETA ${whole < 60 ? `${whole} s` : duration(whole * 1000)}`;
}

/** Names, bars and cells in columns. What does not fit goes: first the last cells, then the bar, then parts of names. */
function layOut(lines: readonly Line[], { columns, colour, unicode }: Terminal): string[] {
  const nameWidth = Math.min(Math.max(...lines.map(({ name }) => name.length)), Math.max(8, Math.floor(columns / 3)));
  const widths = [0, 1, 2, 3, 4].map((cell) => Math.max(...lines.map(({ cells }) => cells[cell]?.length ?? 0)));
  const needed = (cells: number): number =>
    nameWidth + widths.slice(0, cells).reduce((sum, width) => sum + (width > 0 ? width + gap : 0), 0);
  let cells = widths.length;
  while (cells > 1 && needed(cells) + gap + shortestBar > columns) cells -= 1;
  const left = columns - needed(cells) - gap;
  const barWidth = left >= shortestBar ? Math.min(left, longestBar) : 0;
  return lines.map((line) => {
    const parts = [cut(line.name, nameWidth).padEnd(nameWidth)];
    if (barWidth > 0) parts.push(bar(line, barWidth, colour, unicode));
    for (const [cell, width] of widths.slice(0, cells).entries()) {
      if (width > 0) parts.push((line.cells[cell] ?? "").padStart(width));
    }
    const text = parts.join(" ".repeat(gap)).trimEnd();
    // Colour marks are no characters of the line, and are only where a bar is; without one the line may be too long.
    return barWidth > 0 ? text : cut(text, columns);
  });
}

function bar({ share, colour }: Line, width: number, coloured: boolean, unicode: boolean): string {
  const [full, empty] = unicode ? ["█", "░"] : ["#", "."];
  const filled = Math.floor((share ?? 0) * width);
  const text = full.repeat(filled) + empty.repeat(width - filled);
  return coloured ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

function cut(text: string, width: number): string {
  return text.length > width ? text.slice(0, Math.max(0, width)) : text;
}
