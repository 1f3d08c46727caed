import type { Socket } from "node:net";
import type { Connection, Submittable } from "pg";
import { takeData } from "../read-buffer.ts";

const COPY_DATA = 0x64; // d
const COPY_OUT = 0x48; // H
const NOTICE = 0x4e; // N
const PARAMETER_STATUS = 0x53; // S
const NOTIFICATION = 0x41; // A

/** Bytes of `PGCOPY\n\xff\r\n\0`, the flags, and the length of the extension that follows. */
const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const HEADER = SIGNATURE.length + 8;
const MESSAGE_HEADER = 5;
const ROOM = 16 * 1024;

/** Rows, and what may stand between them; anything else is for pg's own parser. */
function isCopyMessage(code: number | undefined): boolean {
  return (
    code === COPY_DATA || code === COPY_OUT || code === NOTICE || code === PARAMETER_STATUS || code === NOTIFICATION
  );
}

/** What to do with rows as they come. */
export interface CopyHandler {
  /** One tuple, in `bytes[start, end)`; the bytes are only valid during the call. What it throws ends the COPY. */
  row(bytes: Buffer, start: number, end: number): void;
  /** After each piece of network data: a promise makes the socket wait for it. */
  pressure(): Promise<void> | null;
  /** Where network data is best put before its rows are handed over; it is used where a piece has room there. */
  readonly input?: Buffer | undefined;
}

/**
 * Runs `COPY ... TO STDOUT (FORMAT binary)` on a client of pg: `client.query(new CopyOut(sql, handler))`.
 *
 * While the rows flow it takes the place of pg's own parser on the socket, which would make an object of every
 * message; whatever is not row data is handed back to that parser.
 */
export class CopyOut implements Submittable {
  /** Settles when the server is ready for the next query, or with what went wrong. */
  readonly done: Promise<void>;
  readonly #sql: string;
  readonly #handler: CopyHandler;
  #socket: Socket | undefined;
  #giveBack: () => void = () => {};
  #headerSeen = false;
  #failure: Error | undefined;
  /** A message of which only a part has come: the buffer has room for all of it where its length is known. */
  #partial: Buffer | undefined;
  /** Where partial messages of usual sizes are kept: one for each piece of network data would be much garbage. */
  readonly #room = Buffer.allocUnsafeSlow(ROOM);
  #filled = 0;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(sql: string, handler: CopyHandler) {
    this.#sql = sql;
    this.#handler = handler;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {}); // whoever started the query awaits `done`; an early failure must not end the process
  }

  /** Called by pg when it is this query's turn. */
  submit(connection: Connection): void {
    const socket = (connection as Connection & { stream: Socket }).stream;
    this.#socket = socket;
    this.#giveBack = takeData(socket, (data) => this.#feed(data));
    connection.query(this.#sql);
  }

  #feed(piece: Buffer): void {
    let at = this.#complete(piece);
    if (at < 0) return;
    let data = piece;
    let length = piece.length;
    const { input } = this.#handler;
    if (input !== undefined && length - at <= input.length) {
      data = input;
      length = piece.copy(input, 0, at);
      at = 0;
    }
    while (length - at >= MESSAGE_HEADER) {
      if (!isCopyMessage(data[at])) {
        this.#handBack(data.subarray(at, length));
        return;
      }
      const end = at + 1 + data.readInt32BE(at + 1);
      if (end > length) break;
      this.#message(data, at, end);
      at = end;
    }
    if (at < length) this.#keep(data.subarray(at, length));
    this.#wait();
  }

  /**
   * Completes the partial message from the beginning of `data`, so that only that one message is copied.
   * Returns where the rest begins, or -1 where there is nothing more to do.
   */
  #complete(data: Buffer): number {
    let at = 0;
    while (this.#partial !== undefined) {
      const partial = this.#partial;
      const taken = data.copy(partial, this.#filled, at, at + partial.length - this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled < partial.length) return -1;
      if (!isCopyMessage(partial[0])) {
        this.#handBack(Buffer.concat([partial, data.subarray(at)]));
        return -1;
      }
      this.#partial = undefined;
      const size = 1 + partial.readInt32BE(1);
      if (size > partial.length) {
        this.#partial = this.#hold(size);
        partial.copy(this.#partial); // where both begin at the same place, nothing is moved
      } else {
        this.#message(partial, 0, size);
      }
    }
    return at;
  }

  #keep(rest: Buffer): void {
    // Room for the whole message, so that a value of many megabytes is not copied again with every piece of it.
    const size = rest.length < MESSAGE_HEADER ? MESSAGE_HEADER : 1 + rest.readInt32BE(1);
    this.#partial = this.#hold(size);
    rest.copy(this.#partial);
    this.#filled = rest.length;
  }

  #hold(size: number): Buffer {
    return size <= ROOM ? this.#room.subarray(0, size) : Buffer.allocUnsafeSlow(size);
  }

  #message(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] !== COPY_DATA || this.#failure !== undefined) return;
    let at = start + MESSAGE_HEADER;
    try {
      if (!this.#headerSeen) {
        this.#headerSeen = true;
        if (!bytes.subarray(at, at + SIGNATURE.length).equals(SIGNATURE)) {
          throw new Error("what PostgreSQL sent is not in COPY's binary format");
        }
        at += HEADER + bytes.readInt32BE(at + HEADER - 4);
      }
      if (end - at < 2 || (end - at === 2 && bytes.readInt16BE(at) === -1)) return;
      this.#handler.row(bytes, at, end);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #wait(): void {
    const pressure = this.#failure === undefined ? this.#handler.pressure() : null;
    if (pressure === null) return;
    const socket = this.#socket;
    socket?.pause();
    pressure.then(
      () => socket?.resume(),
      (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Ends the COPY with an error: PostgreSQL cannot be told to stop, so the connection ends. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#reject(error);
    this.#socket?.destroy();
  }

  #handBack(rest: Buffer): void {
    this.#giveBack();
    this.#socket?.emit("data", Buffer.from(rest)); // a copy: the parser keeps what is not complete
  }

  /** Called by pg at the end. */
  handleReadyForQuery(): void {
    if (this.#failure === undefined) this.#resolve();
  }

  /** Called by pg: PostgreSQL refused, or the connection is gone. */
  handleError(error: Error): void {
    this.#failure ??= error;
    this.#reject(this.#failure);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}
