import { type Endpoint, endpointSchema } from "../contract/endpoint.ts";
import { runnerSchema } from "../contract/runner.ts";
import { gateSchema, warmControlsSchema } from "../contract/warming.ts";
import { PlanError, parsePlan, type WarmPlan } from "../warmer/plan.ts";
import { builtInPlan } from "../warmer/plans/index.ts";
import { whySourceIsOutOfReach } from "./runner/source.ts";

/** What Pulumi passes in a preview for a value that only exists after the update. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** A plan by the name of a built-in one, or as an object. */
export function resolvePlan(plan: unknown): WarmPlan {
  return parsePlan(typeof plan === "string" ? builtInPlan(plan) : plan);
}

/** All that is wrong with the inputs of `warm`, as far as they are known yet. */
export function checkWarming(inputs: Record<string, unknown>): Failure[] {
  const failures: Failure[] = [];
  const { plan, source, endpoint, warmerEndpoint, gate, controls } = inputs;
  if (isKnown(plan)) {
    failures.push(...planFailures(plan));
  }
  if (isKnown(source)) {
    failures.push(...sourceFailures(source, inputs.runner));
  }
  failures.push(...shardsFailures(inputs));
  if (isKnown(endpoint)) {
    failures.push(...schemaFailures("endpoint", endpointSchema.safeParse(endpoint).error?.issues));
  }
  if (isKnown(warmerEndpoint) && warmerEndpoint !== undefined) {
    const { data, error } = endpointSchema.safeParse(warmerEndpoint);
    failures.push(...schemaFailures("warmerEndpoint", error?.issues));
    const application = isKnown(endpoint) ? endpointSchema.safeParse(endpoint).data : undefined;
    if (data !== undefined && application !== undefined) failures.push(...otherData(data, application));
  }
  if (controls !== undefined) {
    failures.push(...schemaFailures("controls", warmControlsSchema.safeParse(controls).error?.issues));
  }
  if (isKnown(gate) && gate !== undefined) {
    failures.push(...schemaFailures("gate", gateSchema.safeParse(gate).error?.issues));
  }
  return failures;
}

/** The warmer would fill what the application never reads. */
function otherData(warmer: Endpoint, application: Endpoint): Failure[] {
  return (["topology", "database"] as const)
    .filter((property) => warmer[property] !== application[property])
    .map((property) => ({
      property: `warmerEndpoint.${property}`,
      reason: `is ${warmer[property]}, and the application's endpoint has ${application[property]}: both must lead to the same data, as different users`,
    }));
}

function isKnown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every(isKnown);
  }
  return value !== unknown;
}

function planFailures(plan: unknown): Failure[] {
  try {
    resolvePlan(plan);
    return [];
  } catch (error) {
    if (!(error instanceof PlanError)) {
      return [{ property: "plan", reason: error instanceof Error ? error.message : String(error) }];
    }
    return error.problems.map((problem) => {
      const [, path = "plan", reason = problem] = /^([\w.[\]-]+): ([\s\S]*)$/.exec(problem) ?? [];
      return { property: path === "plan" ? path : `plan.${path}`, reason };
    });
  }
}

/** The URL is a secret: what is wrong with it is told without it. */
function sourceFailures(source: unknown, runner: unknown): Failure[] {
  // With "auto" it is known when the nodes are there.
  const where = runnerSchema.safeParse(runner).data;
  const inCluster = where !== undefined && "kubernetes" in where;
  const away = inCluster ? "cluster" : where?.mode === "container" ? "container" : undefined;
  const reason = away === undefined ? undefined : whySourceIsOutOfReach(source, away);
  if (reason !== undefined) return [{ property: "source", reason }];
  if (source === "demo") return [];
  const url = typeof source === "object" && source !== null && "url" in source ? source.url : undefined;
  if (typeof url !== "string") {
    return [{ property: "source", reason: 'allowed are "demo" and { url } with the URL of a PostgreSQL database' }];
  }
  if (!/^postgres(ql)?:\/\//.test(url)) {
    return [{ property: "source.url", reason: "does not begin with postgresql:// or postgres://" }];
  }
  return [];
}

/** Parts are pods. */
function shardsFailures({ shards, runner }: Record<string, unknown>): Failure[] {
  if (shards === undefined || shards === 1 || !isKnown(runner)) return [];
  if (typeof runner === "object" && runner !== null && "kubernetes" in runner) return [];
  const advice = "leave it out, or share the work among machines by hand with hearth warm --shard";
  return [{ property: "shards", reason: `${shards} parts are warmed at once on Kubernetes only: ${advice}` }];
}

function schemaFailures(
  property: string,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] | undefined,
): Failure[] {
  return (issues ?? []).map(({ path, message }) => ({ property: [property, ...path].join("."), reason: message }));
}
