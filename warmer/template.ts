import { didYouMean, listNames } from "./suggest.ts";

/** A filter of a key template: what it makes of a piece of SQL of type text. */
interface Filter {
  /** For messages: `prefix:n`. */
  readonly usage: string;
  /** Checks the argument: undefined when it is right, else what is allowed. */
  readonly check: (argument: string | undefined) => string | undefined;
  readonly sql: (text: string, argument: string) => string;
}

const noArgument = (argument: string | undefined): string | undefined =>
  argument === undefined ? undefined : "takes no argument";

const length = (argument: string | undefined): string | undefined =>
  argument !== undefined && /^[1-9]\d{0,5}$/.test(argument) ? undefined : "takes a number of characters, 1 or more";

const simple = (name: string, sql: (text: string) => string): Filter => ({ usage: name, check: noArgument, sql });

/** Percent-encoding as `encodeURIComponent` does it, but for the five marks `!'()*`, which are encoded as well. */
function urlEncode(text: string): string {
  const encoded = `regexp_replace(upper(encode(convert_to(part.c, 'UTF8'), 'hex')), '(..)', '%\\1', 'g')`;
  const piece = `CASE WHEN part.c ~ '^[A-Za-z0-9_.~-]$' THEN part.c ELSE ${encoded} END`;
  const split = `regexp_split_to_table(${text}, '') WITH ORDINALITY AS part(c, n)`;
  return `(CASE WHEN ${text} IS NULL THEN NULL ELSE coalesce((SELECT string_agg(${piece}, '' ORDER BY part.n) FROM ${split}), '') END)`;
}

/** Filters by name. They run in PostgreSQL, so that JavaScript only copies bytes. */
const FILTERS: Readonly<Record<string, Filter>> = {
  lower: simple("lower", (text) => `lower(${text})`),
  upper: simple("upper", (text) => `upper(${text})`),
  trim: simple("trim", (text) => `btrim(${text}, E' \\t\\r\\n')`),
  md5: simple("md5", (text) => `md5(${text})`),
  // Lower case, each run of white space one underscore: "Olive Oil" becomes "olive_oil".
  snake: simple("snake", (text) => `regexp_replace(lower(btrim(${text}, E' \\t\\r\\n')), '\\s+', '_', 'g')`),
  urlencode: simple("urlencode", urlEncode),
  prefix: { usage: "prefix:n", check: length, sql: (text, argument) => `left(${text}, ${Number(argument)})` },
  suffix: { usage: "suffix:n", check: length, sql: (text, argument) => `right(${text}, ${Number(argument)})` },
};

/** One use of a filter. */
export interface FilterUse {
  readonly name: string;
  readonly argument?: string;
}

/** A piece of a key: text as it is, or a column through filters. */
export type KeyPart =
  | { readonly literal: string }
  | { readonly column: string; readonly filters: readonly FilterUse[] };

/** A template that cannot be understood: the message says what is wrong and what is allowed. */
export class TemplateError extends Error {
  override name = "TemplateError";
}

function parseFilter(text: string, template: string): FilterUse {
  const colon = text.indexOf(":");
  const name = (colon < 0 ? text : text.slice(0, colon)).trim();
  const argument = colon < 0 ? undefined : text.slice(colon + 1).trim();
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (filter === undefined) {
    const known = Object.keys(FILTERS);
    const usages = Object.values(FILTERS).map((each) => each.usage);
    throw new TemplateError(
      `${JSON.stringify(template)} uses the filter "${name}"${didYouMean(name, known)}; allowed are ${usages.join(", ")}`,
    );
  }
  const problem = filter.check(argument);
  if (problem !== undefined) {
    throw new TemplateError(
      `${JSON.stringify(template)}: the filter "${name}" ${problem}, got ${JSON.stringify(argument ?? "nothing")}`,
    );
  }
  return argument === undefined ? { name } : { name, argument };
}

/**
 * Parses `recipe:{id}` or `search:{term|lower|md5}`. `{{` and `}}` stand for the braces themselves, so that a
 * cluster's hash tag is written `{{{user_id}}}:cart`.
 * @throws TemplateError naming the template, the place, and what is allowed
 */
export function parseTemplate(template: string): KeyPart[] {
  const parts: KeyPart[] = [];
  let literal = "";
  let index = 0;
  while (index < template.length) {
    const char = template[index] ?? "";
    if ((char === "{" || char === "}") && template[index + 1] === char) {
      // A doubled brace is the brace itself; of three opening ones the first two are the pair, of three closing
      // ones the last two, because the first of them ends the column.
      literal += char;
      index += 2;
    } else if (char === "}") {
      throw new TemplateError(
        `${JSON.stringify(template)} has a "}" without "{" at ${index}; write "}}" for the brace`,
      );
    } else if (char === "{") {
      const end = template.indexOf("}", index);
      if (end < 0) throw new TemplateError(`${JSON.stringify(template)} has a "{" without "}" at ${index}`);
      const [column = "", ...filters] = template.slice(index + 1, end).split("|");
      if (column.trim() === "") throw new TemplateError(`${JSON.stringify(template)} names no column at ${index}`);
      if (literal !== "") parts.push({ literal });
      literal = "";
      parts.push({ column: column.trim(), filters: filters.map((filter) => parseFilter(filter, template)) });
      index = end + 1;
    } else {
      literal += char;
      index += 1;
    }
  }
  if (literal !== "") parts.push({ literal });
  if (parts.length === 0) throw new TemplateError("the template is empty");
  return parts;
}

/** The SQL of a column through filters; `text` is SQL of type text. */
export function applyFilters(text: string, filters: readonly FilterUse[]): string {
  return filters.reduce((sql, use) => FILTERS[use.name]?.sql(sql, use.argument ?? "") ?? sql, text);
}

/** An unknown column, with the columns that there are. */
export function unknownColumn(column: string, columns: readonly string[]): string {
  return `there is no column "${column}"${didYouMean(column, columns)}; the query returns ${listNames(columns)}`;
}
