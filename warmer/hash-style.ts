import { parseTemplate } from "./template.ts";

/** The text of a key template before its first column. */
function literalPrefix(template: string): string {
  const [first] = parseTemplate(template);
  return first !== undefined && "literal" in first ? first.literal : "";
}

/**
 * Which of the key templates may make a key that another one of them makes too: where the text of one before its first
 * column begins with that of the other. In one pass over all, since a plan may have thousands.
 */
export function templatesThatShare(templates: readonly string[]): boolean[] {
  const shared = templates.map(() => false);
  const sorted = templates
    .map((template, index) => ({ prefix: literalPrefix(template), index }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0));
  // What begins with a text follows it in this order, with nothing else in between.
  let first = sorted[0];
  for (const next of sorted.slice(1)) {
    if (first !== undefined && next.prefix.startsWith(first.prefix)) {
      shared[first.index] = true;
      shared[next.index] = true;
    } else {
      first = next;
    }
  }
  return shared;
}
