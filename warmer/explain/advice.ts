import pg from "pg";
import { columnPattern, type Scan, withBareColumns } from "./scans.ts";

/** What an index would be made of. */
interface IndexParts {
  /** Compared with `=`: these come first. */
  readonly equal: readonly string[];
  /** Compared with `<`, `>` and the like: one of these can follow. */
  readonly range: readonly string[];
  /** Searched with LIKE or ILIKE. */
  readonly pattern: readonly string[];
  /** Conditions without a value, for a partial index. */
  readonly where: readonly string[];
}

/** An index of nothing but conditions is worth having where at most this share of the rows meets them. */
const SELECTIVE = 0.1;

/**
 * The CREATE INDEX that would spare the scan; undefined where none would: most rows are wanted, or the filter is odd.
 *
 * @param share of the table's rows that the filter leaves, 0-1
 */
export function adviseIndex(scan: Scan, share: number): string | undefined {
  const parts = indexParts(scan);
  const table = `${identifier(scan.schema)}.${identifier(scan.table)}`;
  const where = parts.where.length === 0 ? "" : ` WHERE ${parts.where.join(" AND ")}`;
  const columns = indexColumns(scan, parts, share);
  if (columns.length > 0) return `CREATE INDEX CONCURRENTLY ON ${table} (${columns.join(", ")})${where};`;
  if (parts.pattern.length > 0) {
    // Needs the extension pg_trgm.
    const searched = parts.pattern.map((column) => `${column} gin_trgm_ops`);
    return `CREATE INDEX CONCURRENTLY ON ${table} USING gin (${searched.join(", ")})${where};`;
  }
  return undefined;
}

/** A name, in quotes where it needs them. */
function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : pg.escapeIdentifier(name);
}

function indexColumns({ sortKeys, limited }: Scan, { equal, range, where }: IndexParts, share: number): string[] {
  const bare = sortKeys.map((key) => key.replace(/ .*$/, ""));
  const first = range[0];
  // An order is worth more than a range where only the first rows are wanted, and as much where it is the same column.
  const bySort = sortKeys.length > 0 && (limited || first === undefined || bare[0] === first);
  const rest = bySort ? sortKeys : first === undefined ? [] : [first];
  const columns = [...new Set([...equal, ...rest.filter((key) => !equal.includes(key.replace(/ .*$/, "")))])];
  const [condition] = where;
  if (columns.length > 0 || condition === undefined || share > SELECTIVE) return columns;
  // Only conditions without a value: few rows are in the index, by whichever column.
  return [condition.replace(/^NOT /, "").replace(/ IS .*$/, "")];
}

/** Takes a filter apart: only what is joined by AND counts. */
function indexParts({ node, alias }: Scan): IndexParts {
  const parts = { equal: [] as string[], range: [] as string[], pattern: [] as string[], where: [] as string[] };
  const column = columnPattern(alias);
  const kinds: readonly (readonly [RegExp, string[], boolean?])[] = [
    [new RegExp(`^${column} (?:=|= ANY) `), parts.equal],
    [new RegExp(` = ${column}$`), parts.equal],
    [new RegExp(`^${column} (?:<|>|<=|>=) `), parts.range],
    [new RegExp(` (?:<|>|<=|>=) ${column}$`), parts.range],
    [new RegExp(`^${column} ~~\\*? `), parts.pattern],
    [new RegExp(`^(?:NOT )?${column}$`), parts.where, true],
    [new RegExp(`^${column} IS (?:NOT )?NULL$`), parts.where, true],
  ];
  for (const piece of conjuncts(node.Filter ?? "")) {
    const condition = withBareColumns(piece, alias);
    const lower = new RegExp(`^(lower|upper)\\(${column}\\) = `).exec(condition);
    if (lower !== null) {
      parts.equal.push(`${lower[1]}(${lower[2]})`);
      continue;
    }
    for (const [pattern, list, whole] of kinds) {
      const name = pattern.exec(condition)?.[1];
      if (name === undefined) continue;
      const text = whole ? condition.replace(new RegExp(column), name) : name;
      if (!list.includes(text)) list.push(text);
      break;
    }
  }
  return parts;
}

/** `((a = 1) AND (b > 2))` as `a = 1` and `b > 2`. */
export function conjuncts(filter: string): string[] {
  const text = withoutParentheses(filter.trim());
  const pieces: string[] = [];
  let [depth, start, quote] = [0, 0, ""];
  for (let index = 0; index < text.length; index++) {
    const char = text[index] as string;
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    else if (depth === 0 && text.startsWith(" AND ", index)) {
      pieces.push(text.slice(start, index));
      start = index + 5;
    }
  }
  pieces.push(text.slice(start));
  return pieces.length === 1 ? pieces.filter((piece) => piece !== "") : pieces.flatMap(conjuncts);
}

/** Without the parentheses around the whole. */
function withoutParentheses(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let [depth, quote] = [0, ""];
  for (let index = 0; index < text.length; index++) {
    const char = text[index] as string;
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "(") depth += 1;
    else if (char === ")") {
      depth -= 1;
      if (depth === 0) return index === text.length - 1 ? withoutParentheses(text.slice(1, -1)) : text;
    }
  }
  return text;
}
