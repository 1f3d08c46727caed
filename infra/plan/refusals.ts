/** What is wrong, or risky, about one argument. */
export interface Finding {
  /** Path of the argument: `memory`, `slowlog.maxLen`, `extraDirectives.port`. */
  readonly property: string;
  /** The value, what is allowed, and the likely fix. Never holds a secret. */
  readonly message: string;
}

/** An argument that is not accepted. */
export type Refusal = Finding;

/** An argument that is accepted, but that the user should hear about. */
export type Warning = Finding;

/** All that a check has to say. Nothing is deployed while there is a refusal. */
export interface Findings {
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Warning[];
}

/** Collects findings while arguments are looked at, so that all are reported at once. */
export class FindingsCollector implements Findings {
  readonly refusals: Refusal[] = [];
  readonly warnings: Warning[] = [];

  refuse(property: string, message: string): void {
    this.refusals.push({ property, message });
  }

  warn(property: string, message: string): void {
    this.warnings.push({ property, message });
  }

  /** Whether this argument, or a part of it, was refused. */
  refused(property: string): boolean {
    return this.refusals.some((refusal) => refusal.property === property);
  }
}

/**
 * The refusals as one text:
 *
 * ```text
 * 2 problems with RedisCluster "cache":
 *  - memory: "lots" is not a size: ...
 *  - primaries: 2 is too few: ...
 * ```
 *
 * `subject` is what they are about: `RedisCluster "cache"`, `the configuration of stack dev`.
 */
export function formatFindings(subject: string, findings: readonly Finding[], kind = "problem"): string {
  const count = `${findings.length} ${kind}${findings.length === 1 ? "" : "s"}`;
  return [`${count} with ${subject}:`, ...findings.map(({ property, message }) => ` - ${property}: ${message}`)].join(
    "\n",
  );
}

/** Thrown before anything is made: every refusal at once, in `refusals` and in the message. */
export class RefusalError extends Error {
  readonly refusals: readonly Refusal[];

  constructor(subject: string, refusals: readonly Refusal[]) {
    super(formatFindings(subject, refusals));
    this.name = "RefusalError";
    this.refusals = refusals;
  }
}
