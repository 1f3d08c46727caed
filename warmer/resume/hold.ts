import type { Cluster, Redis } from "ioredis";
import type { Shard } from "../types.ts";
import type { CheckpointStore } from "./checkpoint.ts";
import { BusyError, WarmLock } from "./lock.ts";
import { redisCheckpointStore } from "./redis-store.ts";

/** How a run behaves beside others, and after one that died. */
export interface HoldOptions {
  /** When another warmer is at work on the same plan in the same cache. @default neither looks nor locks */
  readonly onBusy?: "fail" | "wait" | undefined;
  /**
   * True: notes in Redis how far the run is, and goes on where an earlier one stopped. False: forgets what an earlier
   * one has noted. @default neither
   */
  readonly resume?: boolean | undefined;
}

/** What a run holds until it ends. */
export interface Hold {
  /** Ends the run. */
  readonly signal: AbortSignal | undefined;
  readonly checkpoint: CheckpointStore | undefined;
  /** Keys of Hearth's own that are in the cache now. */
  readonly ownKeys: number;
  /** What the operator should know. */
  readonly warnings: readonly string[];
  release(): Promise<void>;
}

/**
 * Takes the lock and finds the place for notes, as far as they are asked for.
 * @throws BusyError where another warmer is at work
 */
export async function holdCache(
  client: Redis | Cluster,
  options: HoldOptions,
  run: {
    readonly plan: string;
    readonly shard: Shard | undefined;
    readonly signal: AbortSignal | undefined;
    readonly waitMs: number;
    readonly progress: ((line: string) => void) | undefined;
  },
): Promise<Hold> {
  const { plan, shard, signal } = run;
  const store = redisCheckpointStore(client, plan, shard);
  const checkpoint = options.resume === true ? store : undefined;
  const free = { signal, checkpoint, ownKeys: 0, release: async () => {} };
  const forget = async (): Promise<void> => {
    if (options.resume === false) await store.clear().catch(() => {}); // it expires
  };
  if (options.onBusy === undefined) {
    await forget();
    return { ...free, warnings: [] };
  }
  try {
    const lock = await WarmLock.take(client, { ...run, onBusy: options.onBusy });
    await forget();
    return {
      signal: signal === undefined ? lock.signal : AbortSignal.any([signal, lock.signal]),
      checkpoint,
      ownKeys: 1,
      warnings: [],
      release: () => lock.release(),
    };
  } catch (error) {
    if (error instanceof BusyError || signal?.aborted === true) throw error;
    // A full Redis, or an ACL: the run itself tells what matters of it.
    const cause = error instanceof Error ? error.message : String(error);
    return { ...free, warnings: [`no lock keeps a second warmer away: ${cause}`] };
  }
}
