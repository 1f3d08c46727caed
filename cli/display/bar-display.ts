import { duration } from "../../warmer/figures.ts";
import type { RunStep } from "../../warmer/run-warming.ts";
import type { Progress } from "../../warmer/types.ts";
import { Pulses, renderBars, type Terminal } from "./bars.ts";
import type { Display, DisplayStream } from "./display.ts";

const everyMs = 100;
/** A run that is over sooner is not shown. */
const quietMs = 200;

const titles: Readonly<Record<RunStep, string>> = {
  connecting: "connecting to PostgreSQL and Redis",
  looking: "looking at the cache",
  warming: "warming",
  validating: "validating",
};

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

/**
 * Bars that are drawn again in place. They are gone when the run ends: the report has what they showed. The width of
 * the terminal is looked at for each picture.
 */
export class BarDisplay implements Display {
  readonly #stream: DisplayStream;
  readonly #colour: boolean;
  readonly #unicode: boolean;
  readonly #pulses = new Pulses();
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #onExit = (): void => this.end();
  #step: RunStep = "connecting";
  #progress: Progress | undefined;
  /** Lengths of the lines that are on the screen. */
  #drawn: readonly number[] = [];
  /** The cursor. */
  #hidden = false;
  #ended = false;

  readonly hooks = {
    note: (text: string): void => this.#note(text),
    onStep: (step: RunStep): void => this.step(step),
    onProgress: (progress: Progress): void => this.progress(progress),
  };

  constructor(stream: DisplayStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#colour = (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
    this.#unicode = /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
    this.#timer = setInterval(() => this.#draw(), everyMs);
    this.#timer.unref();
    // A process that is ended in the middle must not leave the terminal without its cursor.
    process.once("exit", this.#onExit);
  }

  step(step: RunStep): void {
    this.#step = step;
  }

  progress(progress: Progress): void {
    this.#pulses.add(progress);
    this.#progress = progress;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    process.off("exit", this.#onExit);
    if (this.#hidden) this.#stream.write(`${this.#erase()}${showCursor}`);
  }

  /** Stays on the screen, above the bars. */
  #note(text: string): void {
    this.#stream.write(`${this.#erase()}${text}\n`);
    this.#drawn = [];
  }

  #draw(): void {
    const elapsedMs = performance.now() - this.#began;
    if (this.#ended || elapsedMs < quietMs) return;
    const terminal = this.#terminal();
    const title = `${titles[this.#step]}, ${duration(elapsedMs)}`.slice(0, terminal.columns);
    const lines = [title, ...(this.#progress === undefined ? [] : renderBars(this.#progress, this.#pulses, terminal))];
    const hide = this.#hidden ? "" : hideCursor;
    this.#hidden = true;
    this.#stream.write(`${hide}${this.#erase()}${lines.join("\n")}\n`);
    this.#drawn = lines.map(visibleLength);
  }

  /** One column stays free: a line that fills the last one makes some terminals begin another. */
  #terminal(): Terminal {
    const { columns = 80, rows = 24 } = this.#stream;
    return { columns: Math.max(1, columns - 1), rows, colour: this.#colour, unicode: this.#unicode };
  }

  /** Back to where the first line began; lines that a narrower terminal has wrapped since count as what they became. */
  #erase(): string {
    const columns = Math.max(1, this.#stream.columns ?? 80);
    const height = this.#drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
    return height === 0 ? "" : `\u001b[${height}A\r\u001b[J`;
  }
}

/** Characters of a line, without the marks that colour it. */
function visibleLength(line: string): number {
  return line.replace(/\u001b\[\d+m/g, "").length;
}
