import type { Gate, WarmSource } from "../contract/warming.ts";
import type { Deployment } from "./plan/args.ts";

/** How the stack warms its cache. */
export interface WarmingConfig {
  readonly source: WarmSource;
  /** Name of a built-in plan, or path of a YAML or JSON file, relative to the Pulumi program. */
  readonly plan: string;
  readonly gate: Gate;
  /** Warm when something changed, or at every `up`. */
  readonly when: "change" | "always";
  readonly deadlineMs: number;
}

/** What the stack deploys: topology and its arguments, target, and how it is warmed. */
export type StackConfig = Deployment & {
  readonly target: "local";
  /** Absent where `hearth:warm` is off. */
  readonly warming?: WarmingConfig;
};

/**
 * The stack's configuration, typed. Throws RefusalError with every problem at once; each is named by its key.
 *
 * @param get the value of a key without its namespace: `new pulumi.Config("hearth").get`
 * @param keys every key that the stack sets, with or without `hearth:`; those of other namespaces are none of ours
 * @param secretKeys those that are set as secrets; where it is absent, whether a key is one is not checked
 */
export function readStackConfig(
  _get: (key: string) => string | undefined,
  _keys: readonly string[],
  _secretKeys?: readonly string[],
): StackConfig {
  throw new Error("not yet");
}
