import pg from "pg";
import { groupedSelect } from "./grouped.ts";
import type { DatasetPlan, PlanParameters } from "./plan.ts";
import type { Column } from "./postgres/types.ts";
import { bytesSql, columnSql, sentJson, textSql } from "./postgres/types.ts";
import type { WireForm } from "./postgres/wire.ts";
import type { ResumeFrom } from "./resume/order.ts";
import { resumeSql } from "./resume/order.ts";
import { Columns, SelectList } from "./select.ts";
import { shardCondition } from "./shard.ts";
import { bindParameters, splitStatement } from "./sql.ts";
import { listNames } from "./suggest.ts";
import type { KeyPart } from "./template.ts";
import { applyFilters, parseTemplate } from "./template.ts";
import type { Shard } from "./types.ts";

/** A piece of the key: bytes, or the column of the tuple (by index) whose bytes stand here. */
export type CompiledKeyPart = { readonly literal: Buffer } | { readonly column: number };

/** A member of a JSON document. */
export interface JsonMember {
  readonly name: string;
  readonly column: number;
  /** Whether the bytes stand as they are (numbers, JSON) or in quotes, escaped. */
  readonly form: "raw" | "text";
}

/** What the value is made of; columns are indexes into the tuple. */
export type CompiledValue =
  | {
      readonly type: "json";
      readonly members: readonly JsonMember[];
      readonly constants: Readonly<Record<string, unknown>>;
    }
  | { readonly type: "json-column"; readonly column: number; readonly form: "raw" | "text" }
  | {
      readonly type: "hash";
      readonly fields: readonly { readonly name: string; readonly column: number }[];
      readonly constants: readonly { readonly name: string; readonly value: string }[];
    }
  | { readonly type: "string"; readonly column: number }
  | { readonly type: "set"; readonly members: number }
  | { readonly type: "zset"; readonly members: number; readonly scores: number };

/** Seconds for every key, or the column that holds them as an int8; null where keys do not expire. */
export type CompiledTtl = { readonly seconds: number } | { readonly column: number } | null;

/** A dataset ready to run: one COPY, and what its tuples mean. */
export interface CompiledDataset {
  readonly name: string;
  readonly plan: DatasetPlan;
  /** The SELECT inside of the COPY, for EXPLAIN. */
  readonly select: string;
  readonly copy: string;
  /** The form in which each column of a tuple comes. */
  readonly columns: readonly WireForm[];
  readonly key: readonly CompiledKeyPart[];
  readonly value: CompiledValue;
  readonly ttl: CompiledTtl;
  readonly jitter: number;
  /** The column that the rows are ordered by, where a run that died can go on in the middle. */
  readonly resumeColumn?: number;
}

/** The query as a table expression. The line ends keep a comment at its end from hiding what follows. */
export function wrapQuery(query: string, parameters: PlanParameters): string {
  return `(\n${bindParameters(splitStatement(query), parameters)}\n) AS source`;
}

function compileKey(parts: readonly KeyPart[], columns: Columns, list: SelectList): CompiledKeyPart[] {
  return parts.map((part) => {
    if ("literal" in part) return { literal: Buffer.from(part.literal) };
    const column = columns.get(part.column, "key");
    if (part.filters.length > 0) return { column: list.add(applyFilters(textSql(column), part.filters)) };
    return { column: list.addBytes(column) };
  });
}

function compileValue(plan: DatasetPlan["value"], columns: Columns, list: SelectList): CompiledValue {
  if (plan.type === "string") {
    return { type: "string", column: list.addBytes(columns.get(plan.column, "value.column")) };
  }
  if (plan.type === "set" || plan.type === "zset") return compileMembers(plan, columns, list);
  if (plan.type === "json" && plan.column !== undefined) {
    const { sql, form, wire } = sentJson(columns.get(plan.column, "value.column"));
    return { type: "json-column", column: list.add(sql, wire), form };
  }
  const constants = plan.constants ?? {};
  const named = plan.fields ?? Object.fromEntries(columns.names.map((name) => [name, name]));
  const fields = Object.entries(named).map(([name, column]) => {
    return { name, column: columns.get(column, plan.fields === undefined ? "query" : `value.fields.${name}`) };
  });
  const clash = fields.find((field) => Object.hasOwn(constants, field.name));
  if (clash !== undefined) {
    throw columns.error(
      `value.constants.${clash.name}`,
      `the query returns a column of this name; list \`fields\` to leave it out`,
    );
  }
  if (plan.type === "json") {
    const members = fields.map(({ name, column }) => {
      const { sql, form, wire } = sentJson(column);
      return { name, column: list.add(sql, wire), form };
    });
    return { type: "json", members, constants };
  }
  return {
    type: "hash",
    fields: fields.map(({ name, column }) => ({ name, column: list.addBytes(column) })),
    constants: Object.entries(constants).map(([name, value]) => ({ name, value: String(value) })),
  };
}

/** Members and scores become arrays: the parentheses keep them apart from a part of the key that is the same column. */
function compileMembers(
  plan: Extract<DatasetPlan["value"], { type: "set" | "zset" }>,
  columns: Columns,
  list: SelectList,
): CompiledValue {
  const members = list.add(`(${bytesSql(columns.get(plan.member, "value.member"))})`);
  if (plan.type === "set") return { type: "set", members };
  const score = columns.get(plan.score, "value.score");
  if (score.kind !== "integer" && score.kind !== "decimal") {
    throw columns.error(
      "value.score",
      `"${score.name}" is no number; allowed is a column of numbers, such as extract(epoch FROM ${score.name}) for a time`,
    );
  }
  return { type: "zset", members, scores: list.add(`((${bytesSql(score)}))`) };
}

function compileTtl(dataset: DatasetPlan, columns: Columns, list: SelectList, parameters: PlanParameters): CompiledTtl {
  const ttl = dataset.ttl;
  if (ttl === undefined) return null;
  if (typeof ttl === "number") return { seconds: ttl };
  if ("expression" in ttl) {
    return { column: list.add(`floor((\n${bindParameters(splitStatement(ttl.expression), parameters)}\n))::bigint`) };
  }
  const column = columns.get(ttl.column, "ttl.column");
  if (column.kind === "integer") return { column: list.add(`${columnSql(column)}::bigint`) };
  if (column.kind === "decimal") return { column: list.add(`floor(${columnSql(column)})::bigint`) };
  throw columns.error(
    "ttl.column",
    `"${column.name}" is no number; allowed is a column of seconds, or an expression such as "extract(epoch FROM ${column.name})"`,
  );
}

/** Rows whose key falls into the shard, by a hash of the key as it is stored. */
function shardFilter(key: readonly KeyPart[], columns: Columns, shard: Shard): string {
  const pieces = key.map((part) => {
    if ("literal" in part) return pg.escapeLiteral(part.literal).trim();
    return `coalesce(${applyFilters(textSql(columns.get(part.column, "key")), part.filters)}, '')`;
  });
  return shardCondition(pieces.join(" || "), shard);
}

/**
 * Makes one COPY of a dataset, and the meaning of its tuples.
 * @param resume where to begin in the order of the dataset's `resumeBy`, if it has one
 * @param available the columns that its query returns
 * @throws CompileError, SqlError for what does not fit
 */
export function compileDataset(
  dataset: DatasetPlan,
  available: readonly Column[],
  parameters: PlanParameters,
  shard?: Shard,
  resume?: ResumeFrom,
): CompiledDataset {
  const columns = new Columns(dataset.name, available);
  if (available.length === 0) throw columns.error("query", `it returns no columns; got ${listNames([])}`);
  const list = new SelectList();
  const template = parseTemplate(dataset.key);
  const key = compileKey(template, columns, list);
  const value = compileValue(dataset.value, columns, list);
  const ttl = compileTtl(dataset, columns, list, parameters);
  const limit = dataset.limit === undefined ? "" : ` LIMIT ${dataset.limit}`;
  const from = wrapQuery(dataset.query, parameters);
  const part = shard === undefined || shard.count === 1 ? undefined : shardFilter(template, columns, shard);
  const order =
    resume === undefined || dataset.resumeBy === undefined
      ? undefined
      : resumeSql(columns.get(dataset.resumeBy, "resumeBy"), resume);
  const resumeColumn = order === undefined ? undefined : list.add(order.value);
  let select: string;
  if (value.type === "set" || value.type === "zset") {
    const keys = key.flatMap((piece) => ("column" in piece ? [piece.column] : []));
    const longest = ttl !== null && "column" in ttl ? ttl.column : undefined;
    select = groupedSelect({ expressions: list.expressions, keys, value, ttl: longest, from, limit, part });
  } else if (part === undefined && order === undefined) {
    select = `SELECT ${list} FROM ${from}${limit}`;
  } else {
    // The limit counts the dataset's rows, not those of the shard, nor those from a place on.
    const conditions = [part, order?.where].filter((condition) => condition !== undefined);
    const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
    select = `SELECT ${list} FROM (SELECT * FROM ${from}${limit}) AS source${where}${order?.orderBy ?? ""}`;
  }
  return {
    name: dataset.name,
    plan: dataset,
    select,
    copy: `COPY (${select}) TO STDOUT (FORMAT binary)`,
    columns: list.forms,
    key,
    value,
    ttl,
    jitter: dataset.jitter,
    ...(resumeColumn !== undefined && { resumeColumn }),
  };
}
