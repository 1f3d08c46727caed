import type { Duration } from "../args.ts";
import type { FindingsCollector } from "../refusals.ts";
import { didYouMean } from "../similar.ts";
import { milliseconds, UnitError } from "../units.ts";
import type { AlertRule } from "./rule.ts";

/** How long alerts must hold, by their names, where that is not as their rules say. */
export type Lasting = Readonly<Record<string, Duration>>;

/** A time as Prometheus writes it. */
export function promDuration(duration: Duration): string {
  const time = milliseconds(duration);
  return time % 1000 === 0 ? `${time / 1000}s` : `${time}ms`;
}

/** The rules with the times that were asked for. */
export function withLasting(rules: readonly AlertRule[], lasting: Lasting): AlertRule[] {
  return rules.map((rule) => {
    const time = lasting[rule.alert];
    return time === undefined ? rule : { ...rule, for: promDuration(time) };
  });
}

/** Refuses names of alerts that the deployment has not, and what is no time. */
export function checkLasting(
  lasting: Readonly<Record<string, unknown>>,
  rules: readonly AlertRule[],
  findings: FindingsCollector,
): void {
  const known = rules.map(({ alert }) => alert);
  for (const [name, time] of Object.entries(lasting)) {
    const property = `lasting.${name}`;
    if (!known.includes(name)) {
      const fix = didYouMean(name, known);
      findings.refuse(property, `is no alert of this deployment: there are ${known.join(", ")}${fix}`);
      continue;
    }
    try {
      if (time !== undefined) milliseconds(time as Duration);
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      findings.refuse(property, error.message);
    }
  }
}
