import type { HashStyle, ListpackLimits } from "./encode/hash.ts";
import { parseTemplate } from "./template.ts";

/** The text of a key template before its first column. */
function literalPrefix(template: string): string {
  const [first] = parseTemplate(template);
  return first !== undefined && "literal" in first ? first.literal : "";
}

/**
 * How the hashes of one dataset are written.
 * @param key its key template
 * @param others those of the other datasets: one that may make the same keys leaves something there
 * @param empty whether the cache held nothing when the run began
 */
export function hashStyleOf(
  key: string,
  others: readonly string[],
  restore: ListpackLimits | null,
  empty: boolean,
): HashStyle {
  const prefix = literalPrefix(key);
  const shares = others.some((other) => {
    const theirs = literalPrefix(other);
    return theirs.startsWith(prefix) || prefix.startsWith(theirs);
  });
  return { restore, mayExist: shares || !empty };
}
