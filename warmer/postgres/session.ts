import { createConnection, Socket } from "node:net";
import pg from "pg";
import { wrapQuery } from "../compile.ts";
import type { PlanParameters } from "../plan.ts";
import { rowsSocket } from "../read-buffer.ts";
import type { PgConfig } from "../types.ts";
import { answerWithin } from "./answer.ts";
import type { CopyHandler } from "./copy.ts";
import { CopyOut } from "./copy.ts";
import { Describe } from "./describe.ts";
import type { Column, ColumnKind } from "./types.ts";
import { kindOfBuiltIn, kindOfType } from "./types.ts";
import { formOf } from "./wire.ts";

const APPLICATION_NAME = "hearth";
const CONNECT_TIMEOUT_MS = 10_000;
/** How much longer than its statement timeout an answer may take. */
const GRACE_MS = 2000;
const CANCEL_REQUEST = 80_877_102;

/** What is left to tell of an error of PostgreSQL: its message, code, place, detail and hint; never settings. */
export function describePostgresError(error: unknown, sql?: string): string {
  if (!(error instanceof Error)) return String(error);
  const { code, detail, hint, position } = error as Partial<pg.DatabaseError>;
  const at = position === undefined || sql === undefined ? -1 : Number(position) - 1;
  const near = at < 0 ? undefined : sql?.slice(at, at + 40).replaceAll(/\s+/g, " ");
  const parts = [
    error.message || code || error.name,
    code === undefined || error.message.includes(code) ? undefined : `(${code})`,
    near === undefined || near === "" ? undefined : `near "${near}"`,
    detail === undefined ? undefined : `(${detail})`,
    hint === undefined ? undefined : `Hint: ${hint}`,
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}

/** An error of that message with the code of another, which tells what kind it is. */
function withCode(message: string, cause: unknown): Error {
  const { code } = Object(cause) as { readonly code?: unknown };
  return typeof code === "string" ? Object.assign(new Error(message), { code }) : new Error(message);
}

/** `host:port/database` of a connection, for messages. */
function whereIs(client: pg.Client): string {
  return `${client.host}:${client.port}/${client.database ?? ""}`;
}

/** pg calls it with the settings of the connection, which its types do not say. */
function makeSocket(settings?: { readonly ssl?: unknown }): Socket {
  return settings?.ssl ? new Socket() : rowsSocket();
}

function makeClient(source: string | PgConfig): pg.Client {
  const common = {
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // Over TLS pg reads through a socket of its own.
    stream: makeSocket as () => Socket,
  };
  try {
    return new pg.Client(
      typeof source === "string" ? { connectionString: source, ...common } : { ...common, ...source },
    );
  } catch {
    // The error of a URL that cannot be parsed quotes the URL, with its password.
    throw new Error(
      "The PostgreSQL URL cannot be understood; expected postgres://user:password@host:5432/database, with special characters of the password percent-encoded",
    );
  }
}

/** Begins what every query runs in. */
function beginning(statementTimeoutMs: number): string {
  return [
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    `SET LOCAL statement_timeout = ${Math.max(1, Math.ceil(statementTimeoutMs))}`,
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL standard_conforming_strings = on",
  ].join("; ");
}

/** One connection to PostgreSQL: read-only, in UTC, with a limit for every statement. */
export class PostgresSession {
  readonly #client: pg.Client;
  readonly #kinds = new Map<number, ColumnKind>();
  #lost: Error | undefined;
  /** The statement timeout. */
  #limitMs = 60_000;
  #rolledBack: Promise<unknown> = Promise.resolve();

  private constructor(client: pg.Client) {
    this.#client = client;
    // pg reports a lost connection twice: to the query, and here; without a listener it would end the process.
    client.on("error", (error) => {
      this.#lost = error;
    });
  }

  /** Whether the connection can still be used. */
  get usable(): boolean {
    return this.#lost === undefined;
  }

  /** @throws Error naming host, port and database (never the password) and the cause */
  static async open(source: string | PgConfig): Promise<PostgresSession> {
    const client = makeClient(source);
    const session = new PostgresSession(client);
    try {
      await client.connect();
    } catch (error) {
      client.end().catch(() => {}); // it may never have been open; the reason is in `error`
      throw withCode(`Cannot connect to PostgreSQL ${whereIs(client)}: ${describePostgresError(error)}`, error);
    }
    return session;
  }

  /**
   * Runs `work` in a read-only transaction, which ends with it.
   * @param signal ends the connection where PostgreSQL does not answer to the beginning
   */
  async transaction<T>(statementTimeoutMs: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#limitMs = statementTimeoutMs;
    await this.#answer(this.#client.query(beginning(statementTimeoutMs)), statementTimeoutMs + GRACE_MS, signal);
    try {
      return await work();
    } finally {
      // Nothing was written, and only the next query waits; a connection that is gone has rolled back by itself.
      if (this.usable) this.#rolledBack = this.#answer(this.#client.query("ROLLBACK"), GRACE_MS).catch(() => {});
    }
  }

  /** The columns that a query returns. The extended protocol refuses a second statement whatever its spelling. */
  async describe(query: string, parameters: PlanParameters): Promise<Column[]> {
    const text = `SELECT * FROM ${wrapQuery(query, parameters)} LIMIT 0`;
    const describe = new Describe(text);
    this.#client.query(describe);
    const fields = await this.#told(describe.done, text);
    await this.#learnTypes(fields.map((field) => field.dataTypeID));
    return fields.map(({ name, dataTypeID }) => {
      const form = formOf(dataTypeID);
      const kind = this.#kinds.get(dataTypeID) ?? "other";
      return form === undefined ? { name, kind } : { name, kind, form };
    });
  }

  /** PostgreSQL's estimate of the rows of a query. */
  async estimateRows(select: string): Promise<number | undefined> {
    const result = await this.#query(`EXPLAIN (FORMAT JSON) ${select}`);
    const [row] = result.rows as [{ "QUERY PLAN": [{ Plan: { "Plan Rows"?: number } }] }?];
    return row?.["QUERY PLAN"][0].Plan["Plan Rows"];
  }

  /** The rows of a query, for small ones: the replay. */
  async rows(select: string): Promise<unknown[][]> {
    return (await this.#query(select, "array")).rows as unknown[][];
  }

  /** Streams a COPY into `handler`. An aborted `signal` ends it, also in PostgreSQL, with the signal's reason. */
  async copy(sql: string, handler: CopyHandler, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const copy = new CopyOut(sql, handler);
    const onAbort = (): void => {
      this.#cancel();
      this.#lost = signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
      copy.fail(this.#lost);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#client.query(copy);
      await copy.done;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the connection: says goodbye, for which PostgreSQL's own end is not waited for. */
  async close(): Promise<void> {
    await this.#rolledBack;
    this.#answer(this.#client.end(), GRACE_MS).catch(() => {}); // it may be gone already
  }

  /** Waits for an answer; without one the connection is given up. */
  #answer<T>(work: Promise<T>, milliseconds: number, signal?: AbortSignal): Promise<T> {
    return answerWithin(work, milliseconds, `PostgreSQL ${whereIs(this.#client)}`, signal, (reason) => {
      this.#lost ??= reason;
      (this.#client as pg.Client & { connection: { stream: Socket } }).connection.stream.destroy();
    });
  }

  async #query(text: string, rowMode?: "array"): Promise<pg.QueryResult> {
    // `queryMode` is missing from pg's types.
    const query = { text, queryMode: "extended", ...(rowMode === undefined ? {} : { rowMode }) };
    return await this.#told(this.#client.query(query as pg.QueryConfig), text);
  }

  /** What PostgreSQL answers to the text. @throws Error as {@link describePostgresError} tells it */
  async #told<T>(work: Promise<T>, text: string): Promise<T> {
    try {
      return await this.#answer(work, this.#limitMs + GRACE_MS);
    } catch (error) {
      throw withCode(describePostgresError(error, text), error);
    }
  }

  async #learnTypes(oids: readonly number[]): Promise<void> {
    for (const oid of oids) {
      const kind = kindOfBuiltIn(oid);
      if (kind !== undefined) this.#kinds.set(oid, kind);
    }
    const unknown = [...new Set(oids)].filter((oid) => !this.#kinds.has(oid));
    if (unknown.length === 0) return;
    const text =
      "SELECT oid::int8::text, typcategory::text, typtype::text FROM pg_catalog.pg_type WHERE oid = ANY($1::oid[])";
    const result = await this.#client.query<[string, string, string]>({ text, values: [unknown], rowMode: "array" });
    for (const [oid, category, type] of result.rows) this.#kinds.set(Number(oid), kindOfType(category, type));
  }

  /** Asks PostgreSQL to stop the running statement: it would otherwise only notice at the next row. */
  #cancel(): void {
    const { host, port, ssl } = this.#client;
    const { processID, secretKey } = this.#client as pg.Client & { processID: number | null; secretKey: number | null };
    // Over TLS the request would have to be encrypted as well; there the statement timeout has to do.
    if (processID === null || secretKey === null || ssl) return;
    const request = Buffer.alloc(16);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(CANCEL_REQUEST, 4);
    request.writeInt32BE(processID, 8);
    request.writeInt32BE(secretKey, 12);
    const path = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
    const socket = createConnection(path, () => socket.end(request));
    socket.on("error", () => {}); // best effort: the connection itself ends as well
    socket.unref();
  }
}
