import pg from "pg";
import type { WireForm } from "./wire.ts";

/** A column that a query returns. */
export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The binary form in which it can be sent; absent where PostgreSQL has to make text of it. */
  readonly form?: WireForm;
}

/** How values of a type are turned into bytes. */
export type ColumnKind =
  | "text" // sent as it is
  | "other" // whatever PostgreSQL prints: uuid, inet, interval, enums, ...
  | "boolean"
  | "integer"
  | "decimal" // may be NaN or infinite
  | "address" // inet: as PostgreSQL prints it, where a cast would add "/32"
  | "json"
  | "bytes"
  | "date"
  | "timestamp"
  | "timestamptz"
  | "structure"; // arrays and composites, as JSON

/** Types of PostgreSQL's own by their fixed identifiers (pg_type.dat); all others are looked up. */
const KINDS: Readonly<Record<number, ColumnKind>> = {
  16: "boolean",
  17: "bytes",
  18: "other", // "char"
  19: "text", // name
  20: "integer",
  21: "integer",
  23: "integer",
  25: "text",
  26: "integer", // oid
  114: "json",
  869: "address",
  700: "decimal",
  701: "decimal",
  1042: "text", // char(n)
  1043: "text", // varchar
  1082: "date",
  1083: "other", // time
  1114: "timestamp",
  1184: "timestamptz",
  1186: "other", // interval
  1700: "decimal",
  2249: "structure", // record
  2950: "other", // uuid
  3802: "json",
};

/** The kind of a type that is not in the table, from pg_type. */
export function kindOfType(category: string, type: string): ColumnKind {
  return category === "A" || type === "c" ? "structure" : "other";
}

/** The kind of a built-in type; undefined where it has to be looked up. */
export function kindOfBuiltIn(oid: number): ColumnKind | undefined {
  return KINDS[oid];
}

/** SQL of a value: what COPY sends are its bytes. `raw` stands in JSON as it is, `text` in quotes, escaped. */
export interface ValueSql {
  readonly sql: string;
  readonly form: "raw" | "text";
}

/** What COPY is asked for, and in which form it comes. */
export interface Sent {
  readonly sql: string;
  readonly wire: WireForm;
}

/** The value as bytes of their own, as `bytesSql` has them, made of its binary form where there is one. */
export function sentBytes(column: Column): Sent {
  return column.form === undefined
    ? { sql: bytesSql(column), wire: "bytes" }
    : { sql: columnSql(column), wire: column.form };
}

/** The value in a JSON document, as `jsonSql` has it, made of its binary form where there is one. */
export function sentJson(column: Column): Sent & Pick<ValueSql, "form"> {
  const { sql, form } = jsonSql(column);
  return column.form === undefined ? { sql, form, wire: "bytes" } : { sql: columnSql(column), form, wire: column.form };
}

/** `source."name"`: a column of the wrapped query. */
export function columnSql(column: Column): string {
  return `source.${pg.escapeIdentifier(column.name)}`;
}

const isoTimestamp = (sql: string): string => `to_char(${sql}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The value as bytes of their own: in a key, a field of a hash, a string. */
export function bytesSql(column: Column): string {
  const sql = columnSql(column);
  switch (column.kind) {
    case "text":
    case "bytes":
      return sql;
    case "date":
      return `CASE WHEN isfinite(${sql}) THEN ${sql}::text END`; // NULL as an infinite timestamp is
    case "timestamp":
      return isoTimestamp(sql);
    case "timestamptz":
      return isoTimestamp(`${sql} AT TIME ZONE 'UTC'`);
    case "structure":
      return `to_json(${sql})::text`;
    case "address":
      return `abbrev(${sql})`;
    default:
      return `${sql}::text`;
  }
}

/** The value as text, for filters: bytea as hexadecimal. */
export function textSql(column: Column): string {
  if (column.kind === "bytes") return `encode(${columnSql(column)}, 'hex')`;
  return column.kind === "text" ? `${columnSql(column)}::text` : bytesSql(column);
}

/** The value in a JSON document. JSON has no NaN and no infinity: they become null. bytea is base64. */
export function jsonSql(column: Column): ValueSql {
  switch (column.kind) {
    case "boolean":
    case "integer":
    case "json":
    case "structure":
      return { sql: bytesSql(column), form: "raw" };
    case "decimal":
      return { sql: `nullif(nullif(nullif(${bytesSql(column)}, 'NaN'), 'Infinity'), '-Infinity')`, form: "raw" };
    case "bytes":
      return { sql: `translate(encode(${columnSql(column)}, 'base64'), E'\\n', '')`, form: "text" };
    default:
      return { sql: bytesSql(column), form: "text" };
  }
}
