import type { WarmReport } from "../../contract/warming.ts";
import { metricsOf } from "../../warmer/metrics.ts";
import { Pulse } from "../../warmer/pulse.ts";
import type { RunStep } from "../../warmer/run-warming.ts";
import type { Progress } from "../../warmer/types.ts";
import type { Display, DisplayStream } from "./display.ts";

/** At most one line of progress in this many milliseconds: a line names every dataset. */
const everyMs = 250;

/**
 * A JSON object a line. `event` says which: `step` (what the run turns to), `note` (what the operator should know
 * now), `progress` (WarmMetrics of the contract), `end` (the same at the end, with `ok`, the verdict and, where there
 * is one, `error`). Each has `elapsedMs`.
 */
export class JsonDisplay implements Display {
  readonly #stream: DisplayStream;
  readonly #pulse = new Pulse();
  readonly #began = performance.now();
  #last = Number.NEGATIVE_INFINITY;

  readonly hooks = {
    note: (text: string): void => this.#write({ event: "note", text }),
    onStep: (step: RunStep): void => this.step(step),
    onProgress: (progress: Progress): void => this.progress(progress),
  };

  constructor(stream: DisplayStream) {
    this.#stream = stream;
  }

  step(step: RunStep): void {
    this.#write({ event: "step", step });
  }

  progress(progress: Progress): void {
    this.#pulse.add(progress);
    const now = performance.now();
    if (now < this.#last + everyMs) return;
    this.#last = now;
    this.#write({ event: "progress", ...metricsOf(progress, this.#pulse) });
  }

  end(result: { readonly report: WarmReport } | { readonly error: unknown }): void {
    if ("error" in result) {
      const error = result.error instanceof Error ? result.error.message : String(result.error);
      this.#write({ event: "end", ok: false, verdict: null, error });
      return;
    }
    const { ok, error, metrics, validation } = result.report;
    const verdict = validation?.verdict ?? null;
    this.#write({ event: "end", ok, verdict, ...(error !== undefined && { error }), ...metrics });
  }

  #write({ event, ...rest }: { readonly event: string; readonly [name: string]: unknown }): void {
    const elapsedMs = Math.round(performance.now() - this.#began);
    this.#stream.write(`${JSON.stringify({ event, elapsedMs, ...rest })}\n`);
  }
}
