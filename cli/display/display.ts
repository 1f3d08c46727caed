import type { WarmReport } from "../../contract/warming.ts";
import type { RunOptions } from "../../warmer/run-warming.ts";
import { BarDisplay } from "./bar-display.ts";
import { JsonDisplay } from "./json-display.ts";
import type { DisplayMode } from "./modes.ts";

/** What shows the progress of a run. */
export interface Display {
  /** What the run calls. */
  readonly hooks: Pick<RunOptions, "progress" | "note" | "onStep" | "onProgress">;
  /** The run has ended, with a report or because of an error; nothing is shown after it. */
  end(result: { readonly report: WarmReport } | { readonly error: unknown }): void;
}

/** The stream that progress goes to: standard error, so that the report has standard output for itself. */
export interface DisplayStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Opens the display that was asked for. */
export function openDisplay(
  mode: DisplayMode,
  stream: DisplayStream = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Display {
  const terminal = stream.isTTY === true && env.TERM !== "dumb";
  switch (mode === "auto" ? (terminal ? "bars" : "lines") : mode) {
    case "bars":
      return new BarDisplay(stream, env);
    case "lines":
      return { hooks: { progress: (line) => void stream.write(`${line}\n`) }, end: () => {} };
    case "json":
      return new JsonDisplay(stream);
    case "none":
      return { hooks: { note: () => {} }, end: () => {} };
  }
}
