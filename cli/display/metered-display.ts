import type { RunStep } from "../../warmer/run-warming.ts";
import type { Progress } from "../../warmer/types.ts";
import type { Display } from "./display.ts";

/** What is told of a run besides a display. */
export interface MetricsOutput {
  begin(): void;
  progress(progress: Progress): void;
  end(result: Parameters<Display["end"]>[0]): void;
  /** All that was told is written. */
  written(): Promise<void>;
  close(): Promise<void>;
}

/** A display that tells the metrics too. */
export function metered(display: Display, metrics: MetricsOutput | undefined): Display {
  if (metrics === undefined) return display;
  const { hooks } = display;
  return {
    hooks: {
      ...hooks,
      onStep: (step: RunStep) => {
        if (step === "connecting") metrics.begin();
        hooks.onStep?.(step);
      },
      onProgress: (progress: Progress) => {
        metrics.progress(progress);
        hooks.onProgress?.(progress);
      },
    },
    end: (result) => {
      metrics.end(result);
      display.end(result);
    },
  };
}
