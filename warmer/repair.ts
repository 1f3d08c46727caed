import { setTimeout as delay } from "node:timers/promises";
import { areSame, type Primaries, readPrimaries } from "./redis/identity.ts";
import type { RunCheckpoint } from "./resume/checkpoint.ts";
import type { Sink } from "./sink.ts";
import type { DatasetTask } from "./task.ts";

const LOOK_MS = 250;
/** So long the sentinels take, at most, to name the replica that they have promoted. */
const PROMOTION_MS = 5000;

export interface RepairOptions {
  readonly sink: Sink;
  readonly tasks: readonly DatasetTask[];
  /** The servers that the rows so far were written to. */
  readonly before: Primaries;
  readonly checkpoint: RunCheckpoint | undefined;
  /** Makes a dataset pending again, from its beginning. */
  readonly restart: (task: DatasetTask) => Promise<void>;
  /** Writes the datasets that are pending. */
  readonly write: () => Promise<void>;
}

/**
 * Replication is asynchronous, and a restart loses what is not on disk: keys that a server has acknowledged may be
 * missing at the one that is primary in the end, or have an older value there. So all datasets are written once more
 * where the primaries at the end are not those of the beginning, until they stay the same.
 *
 * All rows, not those whose keys are missing: EXISTS does not see an older value, nor a hash whose HSET came over and
 * whose EXPIRE did not, and the time of the last write that came over is known to nobody. Writing twice is harmless.
 * That holds with `onlyMissing` as well: of the keys it left alone, the new primary may have lost some too.
 *
 * @returns keys that were written again; undefined where nothing had to be
 */
export async function repair(options: RepairOptions): Promise<number | undefined> {
  const { sink, tasks, checkpoint } = options;
  let { before } = options;
  let keys: number | undefined;
  for (;;) {
    const after = await lookAgain(sink, before);
    if (areSame(before, after)) return keys;
    before = after;
    checkpoint?.forget(after.identities); // a run that dies from here on has lost the same keys
    const written = tasks.filter(({ status }) => status === "done");
    for (const task of written) await options.restart(task);
    await options.write();
    sink.signal.throwIfAborted();
    keys = (keys ?? 0) + written.reduce((sum, { account }) => sum + account.keys, 0);
  }
}

/** The primaries as they are when nothing changes for the moment. */
async function lookAgain(sink: Sink, before: Primaries): Promise<Primaries> {
  const patience = performance.now() + PROMOTION_MS;
  for (;;) {
    await sink.verify();
    sink.signal.throwIfAborted();
    try {
      const now = await readPrimaries(sink);
      // A replica that leaves may have been promoted: its old primary takes writes until it is told.
      const leaving = sink.watched && now.replicas < before.replicas && areSame(before, now);
      if ((!leaving && !now.demoted) || performance.now() > patience) return now;
      if (now.demoted) sink.rediscover();
    } catch (error) {
      sink.signal.throwIfAborted();
      // One that never lost its connection is there; it only has no room for another.
      if (sink.losses === before.losses && performance.now() > patience) throw error;
      sink.rediscover();
    }
    await delay(LOOK_MS, undefined, { signal: sink.signal });
  }
}
