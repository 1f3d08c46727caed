import { type ArgumentChecker, withoutQuotes } from "./check-values.ts";
import { show } from "./units.ts";

/** The cluster bus listens so much higher than the port: Redis's own rule. */
export const busOffset = 10_000;

/** Consecutive ports that one argument decides on. */
export interface PortRange {
  /** The argument that names the first port. */
  readonly key: string;
  /** Who listens, as a message says it: `the sentinels`. */
  readonly what: string;
  readonly count: number;
  readonly default: number;
  /** Every port is also used so much higher. */
  readonly bus?: number;
}

/** Consecutive ports that no argument decides on. */
export interface TakenPorts {
  /** Who listens, as a message says it: `the exporters`. */
  readonly what: string;
  readonly first: number;
  readonly last: number;
}

/**
 * Refuses ports that do not exist, need privileges, or are asked for twice.
 *
 * @param others ports that are taken whatever the arguments say
 */
export function checkPorts(
  checker: ArgumentChecker,
  ranges: readonly PortRange[],
  others: readonly TakenPorts[] = [],
): void {
  const taken = [...others];
  for (const range of ranges) {
    const highest = 65_535 - (range.bus ?? 0) - (range.count - 1);
    const first = checkPort(checker, range, highest);
    if (first === undefined) continue;
    const last = first + range.count - 1;
    const other = taken.find((earlier) => first <= earlier.last && earlier.first <= last);
    if (other) {
      checker.refuse(
        range.key,
        `${ports(first, last)} of ${range.what} overlaps ${ports(other.first, other.last)} of ${other.what}: ` +
          `write a port outside, such as ${outside(range, other)}`,
      );
    }
    taken.push({ what: range.what, first, last });
  }
}

function checkPort(checker: ArgumentChecker, range: PortRange, highest: number): number | undefined {
  const value = checker.value(range.key) ?? range.default;
  const allowed = `a port from 1024 to ${highest}, such as ${range.default}`;
  if (typeof value === "number" && Number.isInteger(value)) {
    if (value >= 1024 && value <= highest) return value;
    if (value > 0 && value < 1024) return checker.refuse(range.key, `${value} needs root: write ${allowed}`);
    const last = value + range.count - 1;
    if (value >= 1024 && value <= 65_535) {
      const asked = ports(value, last);
      const bus = range.bus === undefined ? "" : ` and the bus at ${ports(value + range.bus, last + range.bus)}`;
      return checker.refuse(range.key, `${value} puts ${range.what} at ${asked}${bus}, beyond 65535: write ${allowed}`);
    }
  }
  return checker.refuse(range.key, `${show(value)} is not a port: write ${allowed}${withoutQuotes(value)}`);
}

function ports(first: number, last: number): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** The default where it is free, else the first port behind what is taken, or before it at the end of all ports. */
function outside(range: PortRange, taken: { readonly first: number; readonly last: number }): number {
  const free = (first: number): boolean => first + range.count - 1 < taken.first || first > taken.last;
  if (free(range.default)) return range.default;
  return taken.last + range.count <= 65_535 ? taken.last + 1 : taken.first - range.count;
}
