import pg from "pg";
import { wrapQuery } from "./compile.ts";
import type { DatasetPlan, WarmPlan } from "./plan.ts";
import type { Column } from "./postgres/types.ts";
import { textSql } from "./postgres/types.ts";
import { bindParameters, splitStatement } from "./sql.ts";
import { applyFilters, type KeyPart, parseTemplate } from "./template.ts";

/** Tells of a key which dataset it belongs to, and what its parts are. */
interface KeyPattern {
  readonly dataset: DatasetPlan;
  readonly parts: readonly Extract<KeyPart, { column: string }>[];
  readonly pattern: RegExp;
  /** Characters of the template that are not a column's: the pattern with more of them says more. */
  readonly literals: number;
}

/** A key of a dataset, taken apart. */
export interface ParsedKey {
  readonly dataset: DatasetPlan;
  readonly key: string;
  /** What stands in the key for each column of the template, after its filters. */
  readonly texts: readonly { readonly part: Extract<KeyPart, { column: string }>; readonly text: string }[];
}

function keyPattern(dataset: DatasetPlan): KeyPattern {
  const template = parseTemplate(dataset.key);
  const parts = template.flatMap((part) => ("column" in part ? [part] : []));
  const literals = template.reduce((sum, part) => sum + ("literal" in part ? part.literal.length : 0), 0);
  const source = template.map((part) => ("literal" in part ? escapeRegExp(part.literal) : "([\\s\\S]+?)")).join("");
  return { dataset, parts, literals, pattern: new RegExp(`^${source}$`) };
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A function that finds the dataset of a key; undefined for keys of no dataset of the plan. */
export function keyParser(plan: WarmPlan): (key: string) => ParsedKey | undefined {
  const patterns = plan.datasets.map(keyPattern).sort((a, b) => b.literals - a.literals);
  return (key) => {
    for (const { dataset, parts, pattern } of patterns) {
      const found = pattern.exec(key);
      if (found !== null) {
        return { dataset, key, texts: parts.map((part, index) => ({ part, text: found[index + 1] ?? "" })) };
      }
    }
    return undefined;
  };
}

/**
 * What PostgreSQL is asked when a key is not in the cache: the dataset's `lookup`, or its query restricted to the
 * key. A column that stands in the key as it is is compared itself, so that its index can be used.
 */
export function missQuery({ dataset, key, texts }: ParsedKey, columns: readonly Column[], plan: WarmPlan): string {
  if (dataset.lookup !== undefined) {
    const parts = Object.fromEntries(texts.map(({ part, text }) => [part.column, text]));
    return bindParameters(splitStatement(dataset.lookup), { ...plan.parameters, ...parts, key });
  }
  const conditions = texts.map(({ part, text }) => {
    const column = columns.find(({ name }) => name === part.column);
    const left =
      part.filters.length === 0 || column === undefined
        ? pg.escapeIdentifier(part.column)
        : applyFilters(textSql(column), part.filters);
    return `${left} = ${pg.escapeLiteral(text)}`;
  });
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  return `SELECT * FROM ${wrapQuery(dataset.query, plan.parameters)}${where}`;
}
