import { type Gate, gateSchema } from "../../contract/warming.ts";
import type { Duration } from "./args.ts";
import { FindingsCollector, RefusalError } from "./refusals.ts";
import { milliseconds } from "./units.ts";

/** What CacheWarming is given that can be looked at before anything is made. */
export interface WarmingPlanArgs extends Partial<Gate> {
  readonly plan: string | object;
  readonly deadline?: Duration | undefined;
  readonly when?: "change" | "always" | undefined;
}

/** Inputs of a warming run. The plan itself is checked by the warmer, in the preview. */
export interface PlannedWarming {
  readonly plan: string | object;
  readonly gate: Gate;
  readonly deadlineMs: number;
}

const known = ["plan", "deadline", "when", "minKeys", "minHitRatio", "onNoTraffic"];

/** The inputs of a run. Throws RefusalError with everything that is wrong with the arguments. */
export function planWarming(name: string, args: WarmingPlanArgs): PlannedWarming {
  const findings = new FindingsCollector();
  for (const key of Object.keys(args)) {
    if (!known.includes(key)) findings.refuse(key, `there is no such argument; there are ${known.join(", ")}`);
  }
  if (args.when !== undefined && args.when !== "change" && args.when !== "always") {
    findings.refuse("when", `"${args.when}" is not one of "change", "always"`);
  }
  if (typeof args.plan !== "string" && (typeof args.plan !== "object" || args.plan === null)) {
    findings.refuse("plan", "must be the path of a YAML or JSON file, the name of a plan of Hearth's, or a plan");
  }
  let deadlineMs = 300_000;
  try {
    deadlineMs = milliseconds(args.deadline ?? deadlineMs);
    if (deadlineMs < 1000) findings.refuse("deadline", `${args.deadline} is too short: allow at least "1 second"`);
  } catch (error) {
    findings.refuse("deadline", (error as Error).message);
  }
  const gate = gateSchema.safeParse({
    minKeys: args.minKeys,
    minHitRatio: args.minHitRatio,
    onNoTraffic: args.onNoTraffic,
  });
  for (const { path, message } of gate.error?.issues ?? []) {
    const property = path.join(".");
    const value = JSON.stringify((args as unknown as Record<string, unknown>)[property]);
    findings.refuse(property, `${value} is not accepted: ${gateHelp[property] ?? message}`);
  }
  if (findings.refusals.length > 0 || !gate.data) throw new RefusalError(`CacheWarming "${name}"`, findings.refusals);
  return { plan: args.plan, gate: gate.data, deadlineMs };
}

const gateHelp: Readonly<Record<string, string>> = {
  minKeys: "a whole number of keys, 0 or more",
  minHitRatio: "a share between 0 and 1, as in 0.9",
  onNoTraffic: '"fail", "warn" or "pass"',
};
