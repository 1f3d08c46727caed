import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Props } from "../plugin-values.ts";

/** How one type of resource is made, looked at, changed and removed. */
export interface Resource<Inputs> {
  /** Makes it. The id is told as soon as there is something that must be removed again. */
  create(docker: Docker, inputs: Inputs, made: (id: string) => void): Promise<string>;
  /** What Docker says about it, by the names of the SDK's outputs. Rejects with Docker's 404 when it is gone. */
  read(docker: Docker, id: string, known: Inputs & Props): Promise<Props>;
  update(docker: Docker, id: string, olds: Inputs & Props, news: Inputs): Promise<void>;
  delete(docker: Docker, id: string, state: Inputs & Props): Promise<void>;
}

/** Docker's answer that there is no such thing. */
export function isGone(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** The HTTP status of what Docker refused. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error ? Number(error.statusCode) : undefined;
}

/** Removes a network or volume; Docker may hold it a little longer than the containers that used it. */
export async function removed(remove: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + 5_000;
  for (;;) {
    try {
      await remove();
      return;
    } catch (error) {
      if (isGone(error)) return;
      if (Date.now() > end) throw error;
      await sleep(200);
    }
  }
}

/** Labels as Docker takes them. */
export function labelMap(labels: readonly { label: string; value: string }[] = []): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}

/** An object without what is undefined, as Docker's client types want it. */
export function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
