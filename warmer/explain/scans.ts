/** A node of EXPLAIN (FORMAT JSON, VERBOSE): the properties that are looked at. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly Schema?: string;
  readonly "Relation Name"?: string;
  readonly Alias?: string;
  readonly Filter?: string;
  readonly "Index Cond"?: string;
  readonly "Recheck Cond"?: string;
  readonly "Sort Key"?: readonly string[];
  readonly "Startup Cost": number;
  readonly "Total Cost": number;
  readonly "Plan Rows": number;
  readonly Plans?: readonly PlanNode[];
}

/** A table that is read. */
export interface Scan {
  readonly node: PlanNode;
  readonly schema: string;
  readonly table: string;
  readonly alias: string;
  /** The keys of the sort above it, where all of them are columns of this table; else empty. */
  readonly sortKeys: readonly string[];
  /** Whether only the first rows of that sort are wanted. */
  readonly limited: boolean;
}

/** Nodes that make other rows of the rows below: a sort above them is not one of the table's own. */
const RESHAPING = /Aggregate|Group|WindowAgg|Unique|SetOp|Append|Subquery Scan|CTE Scan|Function Scan/;

/** Every table that a plan reads, as it reads it. */
export function findScans(root: PlanNode): Scan[] {
  const scans: Scan[] = [];
  const visit = (node: PlanNode, sort: readonly string[], limited: boolean, sortLimited: boolean): void => {
    const type = node["Node Type"];
    const { Schema: schema, "Relation Name": table, Alias: alias } = node;
    if (table !== undefined && schema !== undefined && alias !== undefined) {
      const own = sort.map((key) => ownColumn(key, alias));
      const sortKeys = own.every((key) => key !== undefined) ? (own as string[]) : [];
      scans.push({ node, schema, table, alias, sortKeys, limited: sortKeys.length > 0 && sortLimited });
    }
    const reshaping = RESHAPING.test(type);
    const isSort = type === "Sort" || type === "Incremental Sort";
    const below = isSort ? (node["Sort Key"] ?? []) : reshaping ? [] : sort;
    const belowLimited = isSort ? limited : reshaping ? false : sortLimited;
    const passesLimit = type === "Limit" || (limited && /^(Subquery Scan|Result)$/.test(type));
    for (const child of node.Plans ?? []) visit(child, below, passesLimit, belowLimited);
  };
  visit(root, [], false, false);
  return scans;
}

/** Whether an index does the work: it finds the rows, or brings them in order. */
export function servedByIndex({ node, sortKeys }: Scan): boolean {
  if (node["Node Type"] === "Seq Scan") return false;
  if (node["Index Cond"] !== undefined || node["Recheck Cond"] !== undefined) return true;
  return node.Filter === undefined && sortKeys.length === 0;
}

const NAME = '(?:"(?:[^"]|"")+"|[a-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*)';

/** `s.name DESC` as `name DESC`, where `s` is the alias; undefined for anything but a column of it. */
export function ownColumn(key: string, alias: string): string | undefined {
  const match = new RegExp(`^(${NAME})\\.(${NAME})((?: (?:DESC|ASC|NULLS FIRST|NULLS LAST))*)$`).exec(key);
  return match !== null && unquote(match[1] ?? "") === alias ? `${match[2]}${match[3]}` : undefined;
}

/** A pattern for `alias.column`, with or without a cast; the first group is the column. */
export function columnPattern(alias: string): string {
  return `${qualified(alias)}(?:::[a-z ]+)?`;
}

/** A condition in which no column stands in parentheses of its own, as PostgreSQL prints it before a cast. */
export function withBareColumns(condition: string, alias: string): string {
  return condition.replace(new RegExp(`(?<![\\w"])\\((${qualified(alias)})\\)`, "g"), "$1");
}

function qualified(alias: string): string {
  const names = [alias, `"${alias.replaceAll('"', '""')}"`].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return `(?:${names.join("|")})\\.(${NAME})`;
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
