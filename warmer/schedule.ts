import type { HashStyle } from "./encode/hash.ts";
import { PRIORITIES } from "./plan.ts";
import type { Sessions } from "./postgres/sessions.ts";
import type { Sink } from "./sink.ts";
import type { DatasetTask, TaskOptions } from "./task.ts";

export interface ScheduleOptions {
  readonly tasks: readonly DatasetTask[];
  readonly sessions: Sessions;
  /** Datasets of one priority that run at once. */
  readonly parallel: number;
  readonly style: (task: DatasetTask) => HashStyle;
  /** How a task is run that begins now. */
  readonly how: (task: DatasetTask) => TaskOptions;
  /** Called when a dataset begins and ends. */
  readonly changed: () => void;
}

/** Runs the datasets that are pending by priority; those of one priority side by side. Never rejects for one of them. */
export async function runByPriority(sink: Sink, options: ScheduleOptions): Promise<void> {
  for (const priority of PRIORITIES) {
    const waiting = options.tasks.filter(({ plan }) => plan.priority === priority);
    const workers = Math.min(waiting.length, options.parallel);
    await Promise.all(Array.from({ length: workers }, (_, index) => work(index, waiting, sink, options)));
  }
}

/** One worker: takes the next dataset until there is none. */
async function work(index: number, waiting: DatasetTask[], sink: Sink, options: ScheduleOptions): Promise<void> {
  for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
    if (task.status !== "pending") continue;
    if (sink.signal.aborted) {
      const reason: unknown = sink.signal.reason;
      task.skipPending(reason instanceof Error ? reason.message : String(reason));
      continue;
    }
    const running = task.run(() => options.sessions.of(index), sink, options.style(task), options.how(task));
    options.changed();
    await running;
    options.changed();
  }
}
