/** Figures as people read them. */

/** `12,300`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `1,820 keys`, `1 key`. */
export function keyCount(value: number): string {
  return value === 1 ? "1 key" : `${count(value)} keys`;
}

/** `1.2 MB`: powers of 1,000, three figures at most. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"] as const;
  let size = Math.abs(value);
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : 1;
  return `${value < 0 ? "-" : ""}${size.toFixed(digits)} ${units[unit]}`;
}

/** `0.15 s`, `12 s`, `3 min 20 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) {
    return `${seconds.toFixed(2)} s`;
  }
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `0.085 ms`, `3.20 ms`, `150 ms`: three figures. */
export function milliseconds(value: number): string {
  return `${value < 1 ? value.toFixed(3) : value < 99.95 ? value.toPrecision(3) : Math.round(value)} ms`;
}

/** A share of 1 in percent: `95.4 %`; `100 %` only when nothing is missing, `0 %` only when there is nothing. */
export function percent(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1)} %`;
}

/** A difference of two shares in percentage points: `+35.0 points`. */
export function points(difference: number): string {
  return `${difference < 0 ? "" : "+"}${(difference * 100).toFixed(1)} points`;
}

/**
 * Columns of text under their headings; those of figures are right-aligned.
 *
 * @param figures headings of the columns of figures, with `separator` between them.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  figures: string,
  separator = " ",
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const right = new Set(figures.split(separator));
  return [headings, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          right.has(headings[column] ?? "") ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
