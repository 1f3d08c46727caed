import type { CheckpointStore } from "../resume/checkpoint.ts";
import type { PaceLimits } from "./pace.ts";

/** How far a run may go at the expense of others, and how it goes on after an end. All are options of `warm`. */
export interface ControlOptions {
  /** Keys and bytes per second, at most, over all primaries. @default no limits */
  readonly limits?: PaceLimits;
  /**
   * Milliseconds that the 95th percentile of PING, sent beside the rows, may reach: above, less is sent at a time.
   * Null for no ceiling. @default 5
   */
  readonly latencyCeilingMs?: number | null;
  /**
   * Share of maxmemory, 0-1, that stays free. Looked at before the first write (a plan that does not fit is refused
   * where Redis does not evict, else datasets of lower priority are left out) and while writing. Null: never looked
   * at. @default 0.1
   */
  readonly headroom?: number | null;
  /**
   * Milliseconds that each dataset may take; then it fails, and the others go on. Where a dataset of the plan has a
   * `deadline` of its own, the shorter counts. @default the run's deadline
   */
  readonly datasetDeadlineMs?: number;
  /**
   * How often a dataset is read again after the connection to PostgreSQL was lost: from the last place noted, where the
   * dataset has `resumeBy` and the run notes any, else from its beginning. @default 3
   */
  readonly retries?: number;
  /**
   * Write only keys that are missing, or have less than this many seconds to live (0: only what is missing).
   * @default every key is written
   */
  readonly onlyMissing?: { readonly freshSeconds: number };
  /** Where the run notes how far it is; a run that finds such a note of the same plan goes on there. @default none */
  readonly checkpoint?: CheckpointStore;
  /** Keys of Hearth's own that are in the cache before the run: its lock. @default 0 */
  readonly ownKeys?: number;
}

export const DEFAULT_LATENCY_CEILING_MS = 5;
export const DEFAULT_HEADROOM = 0.1;
export const DEFAULT_RETRIES = 3;
