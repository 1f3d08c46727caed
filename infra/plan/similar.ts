/**
 * The candidate that was likely meant by a misspelt word: the nearest by letters changed, added, left out or swapped,
 * as long as that is at most a third of the word; else the first that contains it (`lru`). Case, `-` and `_` do not count.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_\s]/g, "");
  const wanted = plain(word);
  let best: string | undefined;
  let bestDistance = Math.floor(wanted.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? candidates.find((candidate) => wanted.length >= 3 && plain(candidate).includes(wanted));
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(word: unknown, candidates: readonly string[]): string {
  const meant = typeof word === "string" ? nearest(word, candidates) : undefined;
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

/** How many letters have to be changed, added, left out or swapped with their neighbour to make `a` of `b`. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (same ? 0 : 1),
          swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
