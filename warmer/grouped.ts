/** A dataset whose rows are grouped into keys: set and sorted set. */
export interface GroupedDataset {
  /** SQL of the columns, over `source`. */
  readonly expressions: readonly string[];
  /** Which of them are parts of the key. */
  readonly keys: readonly number[];
  readonly value:
    | { readonly type: "set"; readonly members: number }
    | { readonly type: "zset"; readonly members: number; readonly scores: number };
  /** Which of them is the TTL: the longest of a key's rows counts. */
  readonly ttl: number | undefined;
  /** The query as a table expression called `source`. */
  readonly from: string;
  /** ` LIMIT n`, of keys, or nothing. */
  readonly limit: string;
  /** SQL that is true for the keys of this shard. */
  readonly part: string | undefined;
}

/**
 * A SELECT with one row for each key: members and scores as arrays, so that a key of any size is one tuple of the COPY.
 * Keys come in the order in which the query first has them; the limit counts keys. Members that are NULL, or have no
 * score, are left out.
 */
export function groupedSelect(dataset: GroupedDataset): string {
  const { expressions, keys, value, ttl, from, limit, part } = dataset;
  const name = (index: number): string => `c${index}`;
  const inner = expressions.map((sql, index) => `${sql} AS ${name(index)}`);
  const needed = value.type === "set" ? [value.members] : [value.members, value.scores];
  const given = needed.map((index) => `${name(index)} IS NOT NULL`).join(" AND ");
  const outer = expressions.map((_, index) => {
    if (index === ttl) return `max(${name(index)})`;
    if (!needed.includes(index)) return name(index);
    // Of a member that comes twice the last score counts; a set has no order.
    const order = value.type === "zset" ? " ORDER BY place" : "";
    return `array_agg(${name(index)}${order}) FILTER (WHERE ${given})`;
  });
  const groups = [...new Set(keys)].map(name);
  const mine = part === undefined ? "" : `, (${part}) AS mine`;
  const grouped = [
    `FROM (SELECT ${inner.join(", ")}${mine}, row_number() OVER () AS place FROM ${from}) AS numbered`,
    // A key without columns is one group, also of no rows at all.
    groups.length === 0 ? "HAVING count(*) > 0" : `GROUP BY ${groups.join(", ")}`,
    `ORDER BY min(place)${limit}`,
  ].join(" ");
  if (part === undefined) return `SELECT ${outer.join(", ")} ${grouped}`;
  // The limit counts the dataset's keys, not the shard's.
  const named = outer.map((sql, index) => `${sql} AS ${name(index)}`).join(", ");
  const names = expressions.map((_, index) => name(index)).join(", ");
  return `SELECT ${names} FROM (SELECT ${named}, bool_and(mine) AS mine ${grouped}) AS keys WHERE mine`;
}
