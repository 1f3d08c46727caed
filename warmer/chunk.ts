import type { Address } from "../contract/address.ts";
import type { Account, PendingSample } from "./account.ts";
import type { ChunkLimits } from "./pacing/pace.ts";

/** A chunk is sent when it has reached this many bytes. */
export const CHUNK_TARGET = 64 * 1024;
/** Room above the target: a row that may need more gets a chunk of its own. */
export const CHUNK_SLACK = 32 * 1024;
const CHUNK_ROWS = 4096;
/** Eight are in flight to each primary, at most: with fewer kept, a cluster's would be made and thrown away all the time. */
const POOLED = 64;
/** When a chunk is sent, unless the run's pace asks for smaller ones. */
export const FULL_CHUNK: Readonly<ChunkLimits> = { bytes: CHUNK_TARGET, rows: CHUNK_ROWS };

/** Rows as commands, kept until Redis has answered every one, so that they can be sent again. */
export class Chunk {
  readonly bytes: Buffer;
  readonly account: Account;
  used = 0;
  rows = 0;
  /** Our time when it was begun, milliseconds since 1970. */
  readonly begun = Date.now();
  /** The same by the clock of the server that it is for, where keys expire at a time; else 0. */
  now = 0;
  /** Where each row ends. */
  readonly ends: Int32Array;
  /** Commands, and so replies, of each row. */
  readonly commands: Uint8Array;
  /** When the key of each row expires, milliseconds since 1970 by the clock of Redis; 0 where nobody has to look. */
  readonly expires: Float64Array;
  /** The first of them. */
  firstExpiry = Number.POSITIVE_INFINITY;
  /** Samples by row; null while there is none. */
  samples: Map<number, PendingSample> | null = null;
  readonly #limits: Readonly<ChunkLimits>;

  constructor(account: Account, storage: ChunkStorage, limits: Readonly<ChunkLimits>) {
    this.account = account;
    this.#limits = limits;
    this.bytes = storage.bytes;
    this.ends = storage.ends;
    this.commands = storage.commands;
    this.expires = storage.expires;
  }

  get full(): boolean {
    return this.used >= this.#limits.bytes || this.rows >= this.#limits.rows || this.rows >= this.ends.length;
  }

  /** Notes that a row has been written up to `end`. */
  add(end: number, commands: number, expires: number, sample: PendingSample | undefined): void {
    this.ends[this.rows] = end;
    this.commands[this.rows] = commands;
    this.expires[this.rows] = expires;
    if (expires > 0 && expires < this.firstExpiry) this.firstExpiry = expires;
    if (sample !== undefined) {
      this.samples ??= new Map();
      this.samples.set(this.rows, sample);
    }
    this.rows += 1;
    this.used = end;
    this.account.pending += 1;
  }

  startOf(row: number): number {
    return row === 0 ? 0 : (this.ends[row - 1] as number);
  }

  /** A row that can be sent again after the chunk is gone. */
  takeRow(row: number): Row {
    return {
      bytes: Buffer.from(this.bytes.subarray(this.startOf(row), this.ends[row])),
      commands: this.commands[row] as number,
      expires: this.expires[row] as number,
      account: this.account,
      sample: this.samples?.get(row),
    };
  }
}

/** Whether a row's key is gone by then: see `expires` of Chunk. */
export function hasExpired(expires: number, now: number): boolean {
  return expires > 0 && expires <= now;
}

/** A row to be sent again. */
export interface Row {
  readonly bytes: Buffer;
  readonly commands: number;
  /** See `expires` of Chunk: a row that is sent again keeps its time. */
  readonly expires: number;
  readonly account: Account;
  readonly sample: PendingSample | undefined;
  /** The server that asked for this one row while its slot moves (ASK); the next attempt only. */
  ask?: Address;
}

interface ChunkStorage {
  readonly bytes: Buffer;
  readonly ends: Int32Array;
  readonly commands: Uint8Array;
  readonly expires: Float64Array;
}

/** Keeps the memory of chunks that were answered, for the next ones. */
export class ChunkPool {
  readonly #free: ChunkStorage[] = [];
  readonly #limits: Readonly<ChunkLimits>;

  /** @param limits when a chunk is full; may change */
  constructor(limits: Readonly<ChunkLimits> = FULL_CHUNK) {
    this.#limits = limits;
  }

  /** @param room bytes needed; more than the slack makes a chunk of its own */
  take(account: Account, room: number): Chunk {
    if (room > CHUNK_SLACK) return new Chunk(account, makeStorage(room, 1), this.#limits);
    return new Chunk(account, this.#free.pop() ?? makeStorage(CHUNK_TARGET + CHUNK_SLACK, CHUNK_ROWS), this.#limits);
  }

  /** Takes a chunk back. Not for one whose connection was lost: the socket may still hold its bytes. */
  give(chunk: Chunk): void {
    if (chunk.ends.length === CHUNK_ROWS && this.#free.length < POOLED) this.#free.push(chunk);
  }
}

function makeStorage(bytes: number, rows: number): ChunkStorage {
  // Slow: not out of Node's shared pool, which a long-lived slice would keep alive.
  return {
    bytes: Buffer.allocUnsafeSlow(bytes),
    ends: new Int32Array(rows),
    commands: new Uint8Array(rows),
    expires: new Float64Array(rows),
  };
}
