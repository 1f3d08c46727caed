import type { Directives, DirectiveValue } from "./nodes.ts";

/**
 * The one place that writes lines of redis.conf, sentinel.conf and users.acl.
 *
 * The first two are read by Redis's sdssplitargs: words are separated by blanks, a word with anything unusual stands in
 * double quotes, bytes beyond ASCII as \xHH. An ACL file knows no quotes (sdssplitlen by single blanks): a word with a
 * blank cannot be written there, and what need not be told apart from a quote or a backslash stands as it is.
 */

// `#` at the start of a line is a comment, quotes and backslashes are syntax: only what is surely plain stays bare.
const plainWord = /^[A-Za-z0-9_.,:;/@%+*=&!?^~-]+$/;

/** One word of a configuration line. Control characters are refused: they could end the line and begin another. */
export function quoteWord(word: string): string {
  if (/[\u0000-\u001f\u007f]/.test(word))
    throw new Error("control characters are not allowed in Redis's configuration");
  if (plainWord.test(word)) return word;
  let quoted = "";
  for (const byte of Buffer.from(word, "utf8")) {
    if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) quoted += String.fromCharCode(byte);
    else quoted += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${quoted}"`;
}

/**
 * The text of an ACL file, from lines such as `user app on #<sha256> ~app:* -@all +get`. Refused is what would be read
 * as something else, or would put a password on the disk; the message names the user, never the rules.
 */
export function aclText(lines: readonly string[]): string {
  for (const line of lines) {
    if (/[\u0000-\u001f\u007f]/.test(line)) {
      throw new Error("acl: control characters are not allowed in a line of the ACL");
    }
    const [user, name, ...rules] = line.split(" ");
    if (user !== "user" || !name) throw new Error("acl: a line must begin with the word user and a name");
    if (rules.includes("")) throw new Error(`acl: two blanks in a row in the line of ${name}: a rule cannot be empty`);
    if (rules.some((rule) => /^[<>]/.test(rule))) {
      throw new Error(`acl: the line of ${name} holds a password: write its SHA-256, #<64 hexadecimal digits>`);
    }
  }
  return `${lines.join("\n")}\n`;
}

const escapes: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

/** The words of a configuration line, as Redis reads them. Throws on quotes that do not end. */
export function splitWords(line: string): string[] {
  const bytes = Buffer.from(line, "utf8");
  const words: string[] = [];
  let at = 0;
  const blank = (byte: number | undefined) => byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);
  while (at < bytes.length) {
    if (blank(bytes[at])) {
      at++;
      continue;
    }
    const word: number[] = [];
    let quote = 0;
    while (at < bytes.length && (quote !== 0 || !blank(bytes[at]))) {
      const byte = bytes[at++] as number;
      const next = bytes[at] ?? 0;
      if (quote === 0 && (byte === 0x22 || byte === 0x27)) quote = byte;
      else if (byte === quote) quote = 0;
      else if (byte === 0x5c && quote === 0x22) {
        const hex = /^x([0-9a-fA-F]{2})/.exec(bytes.toString("latin1", at, at + 3));
        word.push(hex ? Number.parseInt(hex[1] as string, 16) : (escapes[String.fromCharCode(next)] ?? next));
        at += hex ? 3 : 1;
      } else if (byte === 0x5c && quote === 0x27 && next === 0x27) {
        word.push(next);
        at++;
      } else word.push(byte);
    }
    if (quote !== 0) throw new Error("a quoted word does not end on its line");
    words.push(Buffer.from(word).toString("utf8"));
  }
  return words;
}

// Directives of several words: their value is already a list of words. Everything else is one word, blanks and all.
const severalWords = new Set([
  "bind",
  "save",
  "client-output-buffer-limit",
  "oom-score-adj-values",
  "rename-command",
  "latency-tracking-info-percentiles",
  "shutdown-on-sigint",
  "shutdown-on-sigterm",
  "loadmodule",
  "replicaof",
  "slaveof",
  "user",
]);

// Words of Sentinel's directives after `sentinel <name>`; the last one takes what is left, blanks and all.
const sentinelWords: Record<string, number> = {
  monitor: 4,
  myid: 1,
  "sentinel-pass": 1,
  "sentinel-user": 1,
  "announce-ip": 1,
  "announce-port": 1,
  "announce-hostnames": 1,
  "resolve-hostnames": 1,
  "deny-scripts-reconfig": 1,
};

/** A directive's words after its name: `sentinel auth-pass mymaster` with a password of blanks stays one word at the end. */
export function directiveWords(name: string, value: string): string[] {
  const [first = "", ...rest] = name.trim().split(/\s+/);
  if (first.toLowerCase() === "sentinel") {
    const expected = 1 + (sentinelWords[(rest[0] ?? "").toLowerCase()] ?? 2);
    const words = [...rest];
    let left = value;
    while (words.length < expected - 1) {
      const [, word, remainder] = /^\s*(\S+)\s+([\s\S]*)$/.exec(left) ?? [];
      if (word === undefined || remainder === undefined) break;
      words.push(word);
      left = remainder;
    }
    return [...words, left];
  }
  if (rest.length > 0) return [...rest, value];
  return severalWords.has(first.toLowerCase()) && value.trim() !== "" ? splitWords(value) : [value];
}

/** The lines of one directive: one, or one for each value of a list. Throws naming the directive, never its value. */
export function directiveLines(name: string, value: DirectiveValue): string[] {
  const first = name.trim().split(/\s+/, 1)[0] ?? "";
  if (!/^[a-z][a-z0-9._-]*$/i.test(first)) {
    throw new Error(`directives: "${name}" is not the name of a directive; a name is letters, digits and hyphens`);
  }
  // `save` without a value stands for Redis's default (snapshots); an empty list means none at all.
  const values = typeof value === "string" ? [value] : value.length === 0 ? [""] : value;
  try {
    return values.map((one) => [first, ...directiveWords(name, one).map(quoteWord)].join(" "));
  } catch (error) {
    throw new Error(`directives.${name}: ${(error as Error).message}`);
  }
}

/** All directives, in the order of their names except that what must come first (`sentinel monitor`) does. */
export function configText(heading: string, directives: Directives): string {
  const rank = (name: string) => (/^sentinel\s+myid/i.test(name) ? 0 : /^sentinel\s+monitor/i.test(name) ? 1 : 2);
  const names = Object.keys(directives).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const lines = names.flatMap((name) => directiveLines(name, directives[name] as DirectiveValue));
  return `${[heading, ...lines].join("\n")}\n`;
}
