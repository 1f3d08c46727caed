import type { Gate } from "../../contract/warming.ts";
import type { Duration } from "./args.ts";
import { ArgumentChecker } from "./check-values.ts";
import { RefusalError } from "./refusals.ts";
import { milliseconds } from "./units.ts";

/** How a warming runs, beside what it reads and where it writes. */
export interface WarmingRun {
  readonly gate: Gate;
  /** Warm when something changed, or at every `up`. */
  readonly when: "change" | "always";
  readonly deadlineMs: number;
}

/** The arguments of a run: all that can be looked at before anything is made. */
export interface WarmingRunArgs extends Partial<Gate> {
  readonly deadline?: Duration | undefined;
  readonly when?: "change" | "always" | undefined;
}

const names = ["cache", "plan", "source", "minKeys", "minHitRatio", "onNoTraffic", "deadline", "when", "trigger"];

/** How to run. Throws RefusalError with everything that is wrong with the arguments. */
export function planWarming(name: string, args: WarmingRunArgs & { readonly plan: unknown }): WarmingRun {
  const checker = new ArgumentChecker({ ...args });
  checker.known("CacheWarming", names, () => undefined);
  if (typeof args.plan !== "string" && (typeof args.plan !== "object" || args.plan === null)) {
    checker.refuse(
      "plan",
      "is missing: write the path of a warm plan, YAML or JSON, the name of one of Hearth's, or a plan",
    );
  }
  const run = checkRun(checker);
  if (run === undefined || checker.findings.refusals.length > 0) {
    throw new RefusalError(`CacheWarming "${name}"`, checker.findings.refusals);
  }
  return run;
}

/** Reads the arguments of a run; undefined where one of them was refused. */
export function checkRun(checker: ArgumentChecker): WarmingRun | undefined {
  const minKeys = checker.integer("minKeys", { min: 0, max: 1_000_000_000_000, default: 1 });
  const minHitRatio = checker.share("minHitRatio", 0.9);
  const onNoTraffic = checker.choice("onNoTraffic", ["fail", "warn", "pass"], "fail");
  const when = checker.choice("when", ["change", "always"], "change");
  const deadlineMs = checker.duration("deadline", { min: 1000, max: milliseconds("1 day"), default: "5 minutes" });
  if (minKeys === undefined || minHitRatio === undefined || onNoTraffic === undefined) return undefined;
  if (when === undefined || deadlineMs === undefined) return undefined;
  return { gate: { minKeys, minHitRatio, onNoTraffic }, when, deadlineMs };
}
