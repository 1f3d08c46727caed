import { jsonAnswer, type Served, serve } from "../../ops/health/http/serve.ts";
import { labelsOf, type RunIdentity } from "../../warmer/open-metrics/run-labels.ts";
import { readMetric, replaceFile } from "../../warmer/open-metrics/text-file.ts";
import { lastSuccessName, type RunEnd, WarmingMetrics } from "../../warmer/open-metrics/warming-metrics.ts";
import type { Progress } from "../../warmer/types.ts";
import type { MetricsOutput } from "./metered-display.ts";

/** Milliseconds between two writings of the file while a run goes on: scrapers come less often. */
const everyMs = 5000;

/** node_exporter runs as another user. */
const fileMode = 0o644;

interface RunMetricsOptions {
  readonly identity: RunIdentity;
  readonly file: string | undefined;
  readonly listen?: { readonly host: string; readonly port: number };
}

/** Metrics of the runs of this process: in a file, written again and again, or over HTTP, or both. */
export class RunMetrics implements MetricsOutput {
  readonly #metrics: WarmingMetrics;
  readonly #file: string | undefined;
  #served: Served | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #toldOfFailure = false;

  private constructor(metrics: WarmingMetrics, file: string | undefined) {
    this.#metrics = metrics;
    this.#file = file;
  }

  /** @throws Error when the port cannot be listened on */
  static async open({ identity, file, listen }: RunMetricsOptions): Promise<RunMetrics> {
    // A run that fails is not to make the good one before it forgotten.
    const lastSuccess = file === undefined ? undefined : await readMetric(file, lastSuccessName, labelsOf(identity));
    const metrics = new WarmingMetrics(identity, lastSuccess);
    const opened = new RunMetrics(metrics, file);
    if (listen !== undefined) {
      const routes = {
        "/metrics": async ({ headers }: { headers: { accept?: string | undefined } }) => {
          const { type, text } = await metrics.text(headers.accept);
          return { status: 200, type, body: text };
        },
        "/health/live": () => jsonAnswer(200, { status: "live" }),
      };
      opened.#served = await serve(routes, listen);
      process.stderr.write(`metrics on http://${listen.host}:${opened.#served.port}/metrics\n`);
    }
    return opened;
  }

  begin(): void {
    this.#metrics.begin();
    this.#write();
    this.#timer ??= setInterval(() => this.#write(), everyMs).unref();
  }

  progress(progress: Progress): void {
    this.#metrics.progress(progress);
  }

  end(result: RunEnd): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#metrics.end(result);
    this.#write();
  }

  async written(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.#served?.close();
  }

  /** One after the other: the last one is what stays. A file that cannot be written is no reason to stop warming. */
  #write(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#writing = this.#writing.then(async () => {
      try {
        await replaceFile(file, (await this.#metrics.text()).text, fileMode);
      } catch (error) {
        if (!this.#toldOfFailure) process.stderr.write(`hearth: --metrics: ${(error as Error).message}\n`);
        this.#toldOfFailure = true;
      }
    });
  }
}
