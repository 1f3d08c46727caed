import { mostShards } from "../../contract/shards.ts";
import type { Gate, WarmControls } from "../../contract/warming.ts";
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
  /** Parts that are warmed at once; absent: one. */
  readonly shards?: number;
  /** Those that were given; absent where there are none. */
  readonly controls?: WarmControls;
}

/** How far a warming may go at the expense of others. */
export interface WarmingControlArgs {
  /** Keys written per second, at most: 1 or more. @default no limit */
  readonly keysPerSecond?: number | undefined;
  /** Bytes sent to Redis per second, at most: a size such as `"10mb"`; 1000 or more. @default no limit */
  readonly bytesPerSecond?: number | string | undefined;
  /**
   * Time that the 95th percentile of a PING may reach, sent beside the rows, before less is sent at a time:
   * 1 ms to 1 minute; 0 for no ceiling. @default "5 ms"
   */
  readonly latencyCeiling?: Duration | undefined;
  /**
   * Share of `maxmemory`, 0-1, that stays free: a plan that does not fit is refused before the first write where
   * Redis does not evict, else the datasets of lower priority are left out. @default 0.1
   */
  readonly headroom?: number | undefined;
  /** When another warmer is at work on the same plan in this cache. @default "wait" */
  readonly onBusy?: "wait" | "fail" | undefined;
}

/** The arguments of a run: all that can be looked at before anything is made. */
export interface WarmingRunArgs extends Partial<Gate>, WarmingControlArgs {
  readonly deadline?: Duration | undefined;
  readonly when?: "change" | "always" | undefined;
  readonly shards?: number | undefined;
}

/** The arguments of {@link WarmingControlArgs}, which are keys of the stack's configuration as well. */
export const controlNames = ["keysPerSecond", "bytesPerSecond", "latencyCeiling", "headroom", "onBusy"] as const;

const gateNames = ["minKeys", "minHitRatio", "onNoTraffic"];
const names = ["cache", "plan", "source", ...gateNames, "deadline", "when", "shards", "trigger", ...controlNames];

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
  const shards = checker.integer("shards", { min: 1, max: mostShards, default: 1 });
  const controls = checkControls(checker);
  if (minKeys === undefined || minHitRatio === undefined || onNoTraffic === undefined) return undefined;
  if (when === undefined || deadlineMs === undefined || shards === undefined) return undefined;
  const gate = { minKeys, minHitRatio, onNoTraffic };
  return {
    gate,
    when,
    deadlineMs,
    ...(shards > 1 && { shards }),
    ...(Object.keys(controls).length > 0 && { controls }),
  };
}

/** The controls that were given, without those that were refused. */
function checkControls(checker: ArgumentChecker): WarmControls {
  const given = <T>(key: (typeof controlNames)[number], read: (key: string) => T): T | undefined =>
    checker.value(key) === undefined ? undefined : read(key);
  const latency = given("latencyCeiling", (key) => checker.duration(key, { min: 0, max: 60_000, default: "5 ms" }));
  const headroom = given("headroom", (key) => checker.share(key, 0.1));
  const controls: WarmControls = {
    keysPerSecond: given("keysPerSecond", (key) => checker.integer(key, { min: 1, max: 1e9, default: 5000 })),
    bytesPerSecond: given("bytesPerSecond", (key) => checker.size(key, { min: 1000, max: 2 ** 40, default: "10mb" })),
    latencyCeilingMs: latency === 0 ? null : latency,
    // All of the memory kept free would leave none to fill.
    headroom: headroom === undefined ? undefined : Math.min(headroom, 0.99),
    onBusy: given("onBusy", (key) => checker.choice(key, ["wait", "fail"], "wait")),
  };
  return Object.fromEntries(Object.entries(controls).filter(([, value]) => value !== undefined));
}
