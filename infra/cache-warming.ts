import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { getRootDirectory } from "@pulumi/pulumi/metadata.js";
import { parse } from "yaml";
import type { Endpoint } from "../contract/endpoint.ts";
import type { RunnerInputs } from "../contract/runner.ts";
import type { Gate, WarmReport, WarmSource } from "../contract/warming.ts";
import { Warming } from "./operations/warming.ts";
import type { Duration } from "./plan/args.ts";
import { RefusalError } from "./plan/refusals.ts";
import { planWarming, type WarmingControlArgs } from "./plan/warming.ts";
import { ComponentResource, output } from "./pulumi.ts";
import { toolVersion } from "./tool.ts";

/** Arguments of CacheWarming. */
export interface CacheWarmingArgs extends Partial<Gate>, WarmingControlArgs {
  /** What to warm: a component of Hearth, or anything with an endpoint. */
  readonly cache: {
    /** The application's way to the cache: validation puts its requests over it. */
    readonly endpoint: pulumi.Input<Endpoint>;
    /**
     * The warmer's own way to the same data, where it has a user of its own: rows, lock, notes and markers are written
     * over it. Its user needs `warmerCommands`, that of `endpoint` no more than `validationCommands`.
     * @default endpoint
     */
    readonly warmerEndpoint?: pulumi.Input<Endpoint> | undefined;
    /** When one of these changes, the cache is warmed again. */
    readonly dataIds?: pulumi.Input<pulumi.Input<string>[]> | undefined;
    /** Where the warmer reaches the servers, where they are containers of Hearth's. @default here */
    readonly runner?: pulumi.Input<RunnerInputs | undefined> | undefined;
  };
  /** Path of a YAML or JSON file, relative to the folder of Pulumi.yaml; the name of a plan of Hearth's; or the plan itself. */
  readonly plan: string | object;
  /** `"demo"`, or where PostgreSQL is: a URL, which is a secret. */
  readonly source: "demo" | { readonly url: pulumi.Input<string> };
  /** Time for reading, writing and validating together. @default "5 minutes" */
  readonly deadline?: Duration | undefined;
  /** Warm again when something that matters has changed, or in every update. @default "change" */
  readonly when?: "change" | "always" | undefined;
  /**
   * Parts that are warmed at once, each by a pod of its own, where the cache is on Kubernetes: 1-64. A query with a limit
   * needs an ORDER BY that leaves no choice. @default 1
   */
  readonly shards?: number | undefined;
  /** Any text: warms again when it changes. */
  readonly trigger?: pulumi.Input<string> | undefined;
}

/**
 * Fills a cache from PostgreSQL and proves that it is warm, as part of `pulumi up`. When the gate is missed the update
 * fails with the figures, and what depends on this component is not made.
 *
 * Throws before anything is registered, with all that is wrong with the arguments.
 */
export class CacheWarming extends ComponentResource {
  /** What was written, how fast, and what validation found. */
  readonly report: pulumi.Output<WarmReport>;

  constructor(name: string, args: CacheWarmingArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const { cache, source, trigger } = args;
    const { gate, when, deadlineMs, controls, shards } = planWarming(name, args);
    const plan = readPlan(name, args.plan);
    super("hearth:index:CacheWarming", name, {}, opts);
    const warming = new Warming(
      `${name}-run`,
      {
        name,
        endpoint: cache.endpoint,
        ...(cache.warmerEndpoint !== undefined && { warmerEndpoint: cache.warmerEndpoint }),
        source: source === "demo" ? source : output(source.url).apply((url): WarmSource => ({ url })),
        plan,
        gate,
        ...(controls !== undefined && { controls }),
        ...(shards !== undefined && { shards }),
        deadlineMs,
        tool: toolVersion(),
        behind: cache.dataIds ?? [],
        ...(cache.runner !== undefined && { runner: cache.runner }),
        ...((when === "always" || trigger !== undefined) && { trigger: trigger ?? new Date().toISOString() }),
      },
      { parent: this },
    );
    this.report = warming.report;
    this.registerOutputs({ report: this.report });
  }
}

/** A path, relative to the project's folder, is read; a name and a plan stay what they are. */
function readPlan(name: string, plan: string | object): string | object {
  if (typeof plan !== "string" || !/[./]/.test(plan)) return plan;
  const file = resolve(getRootDirectory(), plan);
  try {
    return parse(readFileSync(file, "utf8")) as object;
  } catch (error) {
    const message = `"${plan}" cannot be read: ${(error as Error).message}; write a path relative to the folder of Pulumi.yaml`;
    throw new RefusalError(`CacheWarming "${name}"`, [{ property: "plan", message }]);
  }
}
