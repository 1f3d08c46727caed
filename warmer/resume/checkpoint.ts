/** How far a dataset is, all of it acknowledged by Redis. */
export interface DatasetPosition {
  readonly done: boolean;
  readonly rows: number;
  readonly keys: number;
  readonly failed: number;
  /** The last value of the dataset's `resumeBy` column, as text; null for NULL; absent where it starts again. */
  readonly after?: string | null;
}

/** Where a run's note is kept: a few hundred bytes, for as long as it is good. */
export interface CheckpointStore {
  /** The note, where there is one. */
  load(): Promise<string | undefined>;
  save(note: string, expirySeconds: number): Promise<void>;
  clear(): Promise<void>;
}
