import { createInterface } from "node:readline";
import type { KubernetesApi } from "./api.ts";

/** Lines kept for an error. */
const keptLines = 20;

/** The log of a pod's only container, read as it is written. */
export class PodLog {
  readonly #api: KubernetesApi;
  readonly #path: string;
  readonly #hear: (line: string) => boolean;
  #heard = 0;
  #unknown: string[] = [];
  #reading = false;
  /** Whether it was read to the end of a container that has ended. */
  complete = false;

  /** @param hear takes a line; true when it knew what to do with it. The last others are kept. */
  constructor(api: KubernetesApi, namespace: string, pod: string, hear: (line: string) => boolean) {
    this.#api = api;
    this.#path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?follow=true`;
    this.#hear = hear;
  }

  /** What was written that nobody understands: why Node could not start, for instance. */
  get rest(): string {
    return this.#unknown.join("\n").trim();
  }

  /**
   * Begins to read, or goes on: a stream breaks off when the API server or the node's network does, and is then read again
   * from its first line, without those that were heard.
   * @param ended whether the container has ended: then the end of the stream is the end of the log
   */
  read(ended: boolean, signal: AbortSignal): void {
    if (this.#reading || this.complete) return;
    this.#reading = true;
    void this.#follow(signal)
      .then(() => {
        this.complete = ended;
      })
      .catch(() => {}) // it is tried again at the next look
      .finally(() => {
        this.#reading = false;
      });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const stream = await this.#api.stream(this.#path, signal);
    let failed: Error | undefined;
    stream.on("error", (error) => {
      failed = error;
    });
    let number = 0;
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (number <= this.#heard) continue;
      this.#heard = number;
      if (!this.#hear(line)) this.#unknown = [...this.#unknown, line].slice(-keptLines);
    }
    if (failed) throw failed;
  }
}
