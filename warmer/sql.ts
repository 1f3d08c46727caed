import pg from "pg";
import { didYouMean, listNames } from "./suggest.ts";

/** A stretch of SQL: code, or something that may hold any character (a string, a quoted name, a comment). */
interface Stretch {
  readonly kind: "code" | "opaque";
  readonly text: string;
}

/** SQL that cannot be used: the message says why and what is allowed. */
export class SqlError extends Error {
  override name = "SqlError";
}

function unterminated(what: string, start: number): never {
  throw new SqlError(`the SQL has a ${what} that does not end, starting at character ${start + 1}`);
}

/** Where a quoted stretch that starts at `start` ends; a doubled quote stays inside. */
function quotedEnd(sql: string, start: number, quote: string, escapes: boolean): number {
  let index = start + 1;
  while (index < sql.length) {
    if (escapes && sql[index] === "\\") index += 2;
    else if (sql[index] !== quote) index += 1;
    else if (sql[index + 1] === quote) index += 2;
    else return index + 1;
  }
  return unterminated(quote === "'" ? "string" : "quoted name", start);
}

/** Where a block comment ends; PostgreSQL nests them. */
function commentEnd(sql: string, start: number): number {
  let depth = 0;
  for (let index = start; index < sql.length - 1; index++) {
    const pair = sql.slice(index, index + 2);
    if (pair !== "/*" && pair !== "*/") continue;
    depth += pair === "/*" ? 1 : -1;
    if (depth === 0) return index + 2;
    index += 1;
  }
  return unterminated("comment", start);
}

/** Where the opaque stretch that starts at `index` ends, or `index` where none starts. */
function opaqueEnd(sql: string, index: number): number {
  const char = sql[index];
  if (char === "'") return quotedEnd(sql, index, "'", /(^|[^\w$])e$/i.test(sql.slice(Math.max(0, index - 2), index)));
  if (char === '"') return quotedEnd(sql, index, '"', false);
  if (char === "-" && sql[index + 1] === "-") {
    const end = sql.indexOf("\n", index);
    return end < 0 ? sql.length : end;
  }
  if (char === "/" && sql[index + 1] === "*") return commentEnd(sql, index);
  if (char === "$" && !/[\w$]/.test(sql[index - 1] ?? "")) {
    const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(sql.slice(index, index + 70))?.[0];
    if (tag === undefined) return index;
    const end = sql.indexOf(tag, index + tag.length);
    return end < 0 ? unterminated("dollar-quoted string", index) : end + tag.length;
  }
  return index;
}

function scan(sql: string): Stretch[] {
  const stretches: Stretch[] = [];
  let codeStart = 0;
  let index = 0;
  while (index < sql.length) {
    const end = opaqueEnd(sql, index);
    if (end === index) {
      index += 1;
      continue;
    }
    if (index > codeStart) stretches.push({ kind: "code", text: sql.slice(codeStart, index) });
    stretches.push({ kind: "opaque", text: sql.slice(index, end) });
    index = end;
    codeStart = end;
  }
  if (codeStart < sql.length) stretches.push({ kind: "code", text: sql.slice(codeStart) });
  return stretches;
}

/**
 * One statement without its trailing semicolons. It will stand in parentheses, so a parenthesis that closes more
 * than was opened is refused as well: nothing may step out of them.
 * @throws SqlError when there is none, more than one, or something unbalanced
 */
export function splitStatement(sql: string): string {
  let depth = 0;
  let ended = false;
  let kept = "";
  for (const { kind, text } of scan(sql)) {
    if (kind === "opaque") {
      const comment = text.startsWith("--") || text.startsWith("/*");
      if (ended && !comment) throw new SqlError("the SQL holds more than one statement; allowed is one SELECT");
      if (!ended) kept += text;
      continue;
    }
    for (const char of text) {
      if (char === ";") ended = true;
      else if (ended && !/\s/.test(char)) {
        throw new SqlError("the SQL holds more than one statement; allowed is one SELECT");
      }
      if (char === "(") depth += 1;
      if (char === ")") depth -= 1;
      if (depth < 0) throw new SqlError('the SQL has a ")" without "("');
      if (!ended) kept += char;
    }
  }
  if (depth > 0) throw new SqlError('the SQL has a "(" without ")"');
  if (kept.includes("\0")) throw new SqlError("the SQL holds a NUL character");
  const bare = kept.trim();
  if (bare === "") throw new SqlError("the SQL is empty; allowed is one SELECT");
  return bare;
}

/** `:name`, but not a cast (`::name`), nor `a:b` in the bounds of an array. */
const PARAMETER = /(?<![:\w"\])]):([A-Za-z_]\w*)/g;

/** Names used as `:name`, outside of strings and comments, each once. */
export function parameterNames(sql: string): string[] {
  const names = new Set<string>();
  for (const { kind, text } of scan(sql)) {
    if (kind === "code") for (const match of text.matchAll(PARAMETER)) names.add(match[1] ?? "");
  }
  return [...names];
}

function literal(value: string | number | boolean): string {
  if (typeof value === "string") return pg.escapeLiteral(value).trim();
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return value < 0 || Object.is(value, -0) ? `(${value})` : String(value);
}

/**
 * The SQL with every `:name` replaced by the quoted value.
 * @throws SqlError for a name without a value
 */
export function bindParameters(sql: string, parameters: Readonly<Record<string, string | number | boolean>>): string {
  const known = Object.keys(parameters);
  return scan(sql)
    .map(({ kind, text }) => {
      if (kind === "opaque") return text;
      return text.replace(PARAMETER, (_, name: string) => {
        const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
        if (value !== undefined) return literal(value);
        throw new SqlError(
          `":${name}" is not a parameter${didYouMean(name, known)}; parameters are ${listNames(known)}`,
        );
      });
    })
    .join("");
}
