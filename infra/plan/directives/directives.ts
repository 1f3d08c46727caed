import type { VersionRange } from "../../../contract/nodes.ts";
import { didYouMean } from "../similar.ts";
import { oldNames } from "./encodings.ts";
import { knownDirectives, knownVersions } from "./known.ts";

/** What is known of a directive of redis.conf. Versions are `major.minor`, of those in `knownVersions`. */
export interface KnownDirective extends VersionRange {
  /** The first version that changes it while the server runs (CONFIG SET); absent: none does. */
  readonly live?: string;
}

/** The versions that the list covers, for messages: `6.0 to 8.0`. */
export const covered = `${knownVersions[0]} to ${knownVersions.at(-1)}`;

/** What is known of a directive, by its name in lower case; undefined: no version has it. */
export function directive(name: string): KnownDirective | undefined {
  return Object.hasOwn(knownDirectives, name) ? knownDirectives[name] : undefined;
}

/** The versions that have a directive; empty where all do, or where it is not known. */
export function versionsOf(name: string): VersionRange {
  const { since, until } = directive(name) ?? {};
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
}

/** Those of these directives that only some versions are given, with the versions. */
export function dependentOnVersion(names: readonly string[]): Record<string, VersionRange> {
  const ranges = names.map((name) => [name, oldNames[name] ?? versionsOf(name)] as const);
  return Object.fromEntries(ranges.filter(([, range]) => Object.keys(range).length > 0));
}

/** The same by range, as a resource holds it: `{ "since 7.0": "maxmemory-clients ...", "since 6.2 until 7.4": "..." }`. */
export function versionsByRange(names: readonly string[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, { since, until }] of Object.entries(dependentOnVersion(names))) {
    const range = [since && `since ${since}`, until && `until ${until}`].filter(Boolean).join(" ");
    texts[range] = texts[range] === undefined ? name : `${texts[range]} ${name}`;
  }
  return texts;
}

/** `; did you mean "maxmemory-samples"?`, or nothing. */
export function directiveMeant(name: string): string {
  return didYouMean(name, Object.keys(knownDirectives));
}
