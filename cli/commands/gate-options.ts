import { type Command, Option } from "commander";
import { type Gate, gateSchema } from "../../contract/warming.ts";
import { share, wholeNumber } from "./command.ts";

export interface GateOptions {
  readonly minKeys?: number;
  readonly minHitRatio?: number;
  readonly onNoTraffic?: Gate["onNoTraffic"];
}

/** Adds the options of the gate. */
export function withGateOptions(command: Command): Command {
  return command
    .option("--min-keys <number>", "keys that there must be, at least (default: 1)", wholeNumber(0))
    .option("--min-hit-ratio <share>", "replayed requests that must hit, 0-1 (default: 0.9)", share)
    .addOption(
      new Option("--on-no-traffic <what>", "what to do without requests to replay").choices(["fail", "warn", "pass"]),
    );
}

/** The gate that the options describe. */
export function gateOf({ minKeys, minHitRatio, onNoTraffic }: GateOptions): Gate {
  return gateSchema.parse({ minKeys, minHitRatio, onNoTraffic });
}
