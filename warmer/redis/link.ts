import type { Socket } from "node:net";
import type { Address } from "../../contract/address.ts";
import { formatAddress } from "../../contract/address.ts";
import { type Chunk, hasExpired, type Row } from "../chunk.ts";
import type { Pace } from "../pacing/pace.ts";
import { takeData } from "../read-buffer.ts";

const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const ZERO = 48;
const LF = 10;

/** What a link tells its owner. */
export interface LinkEvents {
  /** A row was answered with an error. The row can be sent again. */
  refused(address: Address, row: Row, message: string): void;
  /** Every row of a chunk was answered; its memory is free. */
  answered(chunk: Chunk): void;
  /** The connection is gone, with the rows that were not answered. */
  lost(link: Link, rows: Row[], error: Error): void;
}

/** Reply to a PEXPIREAT that found no key: it was evicted, or deleted by somebody, since the HSET before it. */
export const VANISHED = "VANISHED the key was gone before its TTL could be set: evicted, or deleted by another client";

/** What Redis does not say of a key whose time has come already: it is deleted at once, and the reply is that of success. */
export const EXPIRED =
  "EXPIRED the TTL had passed before Redis had acknowledged the key: it is too short, or the run was held up";

/**
 * Sends chunks over one socket and counts replies. All commands answer with one line, so a reply is attributed by
 * counting: to the command, its row, its chunk, and so to key and dataset.
 */
export class Link {
  readonly address: Address;
  /** Milliseconds by which the server's clock is ahead of ours; NaN where nobody knows. */
  readonly ahead: number;
  readonly #socket: Socket;
  readonly #events: LinkEvents;
  readonly #pace: Pace;
  /** Runs until the first of the queue may be sent; `#allowed` then. */
  #delay: NodeJS.Timeout | undefined;
  #allowed = false;
  /** Sent; the first is the one being answered. */
  readonly #sent: Chunk[] = [];
  readonly #queue: Chunk[] = [];
  #inFlight = 0;
  /** Place of the next reply: row of the first chunk, command of that row. */
  #row = 0;
  #command = 0;
  #error: string | undefined;
  /** A line of which only a part has come. */
  #partial = "";
  #closed = false;
  /** When something was last heard, or sent after silence: `performance.now()`. */
  #heard = performance.now();
  /** When the replies at hand came, by the server's clock. */
  #now = 0;

  constructor(address: Address, socket: Socket, ahead: number, events: LinkEvents, pace: Pace) {
    this.address = address;
    this.#socket = socket;
    this.ahead = ahead;
    this.#events = events;
    this.#pace = pace;
    takeData(socket, (data) => this.#onData(data));
    socket.on("error", (error) => this.#onLost(error));
    socket.on("close", () => this.#onLost(new Error("the connection was closed")));
  }

  /** Whether chunks wait for room: whoever makes more should pause. */
  get congested(): boolean {
    return this.#queue.length > 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Milliseconds for which the server owes an answer; 0 where it owes none. */
  get silence(): number {
    return this.#sent.length === 0 ? 0 : performance.now() - this.#heard;
  }

  send(chunk: Chunk): void {
    this.#queue.push(chunk);
    this.#pump();
  }

  /** Ends the connection; rows in flight are reported as lost. */
  drop(error: Error): void {
    this.#onLost(error);
  }

  #pump(): void {
    for (;;) {
      const next = this.#queue[0];
      // A chunk larger than the window goes alone.
      if (next === undefined || this.#closed) return;
      if (this.#inFlight > 0 && this.#inFlight + next.used > this.#pace.window) return;
      if (!this.#isDue(next)) return;
      this.#queue.shift();
      if (this.#sent.length === 0) this.#heard = performance.now();
      this.#sent.push(next);
      this.#inFlight += next.used;
      next.account.bytes += next.used;
      this.#socket.write(next.bytes.subarray(0, next.used));
    }
  }

  /** Whether the pace lets the first of the queue go now; else this is asked again when it does. */
  #isDue(next: Chunk): boolean {
    if (this.#delay !== undefined) return false;
    const wait = this.#allowed ? 0 : this.#pace.reserve(next.rows, next.used);
    this.#allowed = false;
    if (wait === 0) return true;
    this.#delay = setTimeout(() => {
      this.#delay = undefined;
      this.#allowed = true;
      this.#pump();
    }, wait);
    return false;
  }

  #onData(data: Buffer): void {
    this.#heard = performance.now();
    this.#now = Date.now() + this.ahead;
    let at = 0;
    const length = data.length;
    while (at < length && !this.#closed) {
      if (this.#partial === "") {
        const first = data[at];
        // "+OK\r\n", the reply to nearly everything.
        if (first === PLUS && data[at + 4] === LF) {
          at += 5;
          this.#answer();
          continue;
        }
        if (first === COLON && data[at + 3] === LF) {
          const zero = data[at + 1] === ZERO;
          at += 4;
          this.#answer(zero);
          continue;
        }
      }
      const end = data.indexOf(LF, at);
      if (end < 0) {
        this.#partial += data.toString("latin1", at);
        return;
      }
      const line = this.#partial + data.toString("latin1", at, end - 1);
      // The piece before may have ended between CR and LF.
      this.#partial = "";
      at = end + 1;
      this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
  }

  #line(line: string): void {
    const first = line.charCodeAt(0);
    if (first === MINUS) {
      this.#error ??= line.slice(1);
      this.#answer();
    } else if (first === PLUS || first === COLON) {
      this.#answer(line === ":0");
    } else {
      this.#onLost(
        new Error(
          `Redis ${formatAddress(this.address)} sent an unexpected reply: ${JSON.stringify(line.slice(0, 60))}`,
        ),
      );
    }
  }

  /** Counts one reply. */
  #answer(zero = false): void {
    const chunk = this.#sent[0];
    if (chunk === undefined) {
      this.#onLost(new Error(`Redis ${formatAddress(this.address)} sent a reply to nothing`));
      return;
    }
    this.#command += 1;
    const commands = chunk.commands[this.#row] as number;
    if (this.#command < commands) return;
    // Only PEXPIREAT, the last of several commands, answers 0 there.
    if (zero && commands > 1) this.#error ??= VANISHED;
    const row = this.#row;
    if (chunk.firstExpiry <= this.#now && hasExpired(chunk.expires[row] as number, this.#now)) this.#error ??= EXPIRED;
    const error = this.#error;
    this.#command = 0;
    this.#error = undefined;
    this.#row += 1;
    if (error === undefined) chunk.account.acknowledge(chunk.samples?.get(row));
    else this.#events.refused(this.address, chunk.takeRow(row), error);
    if (this.#row < chunk.rows || this.#closed) return;
    this.#row = 0;
    this.#sent.shift();
    this.#inFlight -= chunk.used;
    this.#pump();
    this.#events.answered(chunk);
  }

  #onLost(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#delay);
    this.#socket.destroy();
    const rows: Row[] = [];
    let from = this.#row;
    for (const chunk of [...this.#sent.splice(0), ...this.#queue.splice(0)]) {
      for (let row = from; row < chunk.rows; row++) rows.push(chunk.takeRow(row));
      from = 0;
    }
    this.#inFlight = 0;
    this.#events.lost(this, rows, error);
  }
}
