/** What can be written as YAML here: data as JSON knows it. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * Plain data as YAML, in the order given: what is generated is read by people too, and a YAML library would cost every
 * preview its loading. Strings that YAML could take for something else are in quotes, as JSON writes them; those of
 * several lines are blocks.
 */
export function yaml(data: Plain): string {
  return `${lines(data, "").join("\n")}\n`;
}

function lines(value: Plain, indent: string): string[] {
  if (isLine(value)) return line(value, indent);
  if (Array.isArray(value)) {
    return value.flatMap((item: Plain) => {
      const [first = "", ...rest] = lines(item, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  return Object.entries(value).flatMap(([name, item]) => {
    const key = `${indent}${quoted(name)}:`;
    const [first = "", ...rest] = lines(item, `${indent}  `);
    return isLine(item) ? [`${key} ${first}`, ...rest] : [key, first, ...rest];
  });
}

/** What begins on the line of its key. */
function isLine(value: Plain): boolean {
  return typeof value !== "object" || Object.keys(value).length === 0;
}

function line(value: Plain, indent: string): string[] {
  if (typeof value === "object") return [Array.isArray(value) ? "[]" : "{}"];
  if (typeof value !== "string") return [String(value)];
  const isBlock = value.includes("\n") && /^\S/.test(value) && /^[\x20-\x7e\n]*\S$/.test(value);
  if (!isBlock) return [quoted(value)];
  return ["|-", ...value.split("\n").map((text) => (text === "" ? "" : indent + text))];
}

/** Words that YAML 1.1 takes for a truth or nothing. */
const words = /^(y|n|yes|no|on|off|true|false|null)$/i;

function quoted(text: string): string {
  const isPlain = /^([A-Za-z_][\w ./()%-]*|\d+[smhd])$/.test(text) && !text.endsWith(" ") && !words.test(text);
  if (isPlain) return text;
  // PromQL is full of quotes.
  const isSingle = text.includes('"') && /^[\x20-\x7e]*$/.test(text);
  return isSingle ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}
