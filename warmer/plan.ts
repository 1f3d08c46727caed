import { readFile } from "node:fs/promises";
import type { z } from "zod";
import {
  DEADLINE_ALLOWED,
  datasetSchema,
  planSchema,
  replaySchema,
  usageSchema,
  VALUE_PROPERTIES,
  type WarmPlan,
} from "./plan-schema.ts";
import { parameterNames } from "./sql.ts";
import { didYouMean, listNames } from "./suggest.ts";
import { parseTemplate } from "./template.ts";

export type { DatasetPlan, PlanParameters, Priority, UsagePlan, ValuePlan, WarmPlan } from "./plan-schema.ts";
export { PRIORITIES, planSchema } from "./plan-schema.ts";

/** A plan with something wrong: `problems` has one line for each. */
export class PlanError extends Error {
  override name = "PlanError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`The warm plan has ${count}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

function formatPath(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (so, step) => (typeof step === "number" ? `${so}[${step}]` : so === "" ? String(step) : `${so}.${String(step)}`),
    "",
  );
  return text === "" ? "plan" : text;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    input,
  );
}

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Keys that zod calls unrecognized, with the nearest that there is. */
const KNOWN_KEYS = {
  plan: Object.keys(planSchema.shape),
  dataset: Object.keys(datasetSchema.shape),
  value: VALUE_PROPERTIES,
  ttl: ["column", "expression"],
  usage: Object.keys(usageSchema.shape),
  replay: Object.keys(replaySchema.shape),
} as const;

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const last = path.at(-1);
  if (last === "value") return KNOWN_KEYS.value;
  if (last === "ttl") return KNOWN_KEYS.ttl;
  if (path.length === 1 && last === "usage") return KNOWN_KEYS.usage;
  if (last === "replay") return KNOWN_KEYS.replay;
  return path.length === 0 ? KNOWN_KEYS.plan : KNOWN_KEYS.dataset;
}

/** One line for each problem of a zod issue: path, value, what is allowed. */
function describeIssue(issue: z.core.$ZodIssue, input: unknown): string[] {
  const path = formatPath(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map(
      (key) => `${path}: unknown property "${key}"${didYouMean(key, known)}; allowed are ${listNames(known)}`,
    );
  }
  const value = valueAt(input, issue.path);
  if (issue.code === "invalid_union" && issue.path.at(-1) === "ttl") {
    const allowed = `seconds or a duration ("4 hours") from 1 second to 100 years, { column: ... } or { expression: ... }`;
    return [`${path}: got ${shown(value)}; allowed are ${allowed}`];
  }
  if (issue.code === "invalid_union" && issue.path.at(-1) === "deadline") {
    return [`${path}: got ${shown(value)}; ${DEADLINE_ALLOWED}`];
  }
  return [`${path}: got ${shown(value)}; ${issue.message}`];
}

/** Problems that concern more than one property. */
function crossChecks(plan: WarmPlan): string[] {
  const problems: string[] = [];
  const parameters = Object.keys(plan.parameters);
  const names = new Map<string, number>();
  const checkParameters = (path: string, sql: string, also: readonly string[] = []): void => {
    const known = [...also, ...parameters];
    for (const name of parameterNames(sql)) {
      if (known.includes(name)) continue;
      problems.push(
        `${path}: ":${name}" is not a parameter${didYouMean(name, known)}; parameters are ${listNames(known)}`,
      );
    }
  };
  plan.datasets.forEach((dataset, index) => {
    const path = `datasets[${index}]`;
    const first = names.get(dataset.name);
    if (first !== undefined) {
      problems.push(`${path}.name: got "${dataset.name}", which datasets[${first}] has already; names are unique`);
    }
    names.set(dataset.name, first ?? index);
    checkParameters(`${path}.query`, dataset.query);
    if (typeof dataset.ttl === "object" && "expression" in dataset.ttl) {
      checkParameters(`${path}.ttl.expression`, dataset.ttl.expression);
    }
    if (dataset.lookup !== undefined) {
      const parts = parseTemplate(dataset.key).flatMap((part) => ("column" in part ? [part.column] : []));
      checkParameters(`${path}.lookup`, dataset.lookup, [...parts, "key"]);
    }
    const value = dataset.value;
    if (value.type === "json" && value.column !== undefined && (value.fields ?? value.constants) !== undefined) {
      problems.push(`${path}.value: got both column and fields or constants; allowed is one column alone, or fields`);
    }
    if ((value.type === "json" || value.type === "hash") && value.constants !== undefined) {
      for (const name of Object.keys(value.constants)) {
        if (value.fields === undefined || !Object.hasOwn(value.fields, name)) continue;
        problems.push(`${path}.value.constants.${name}: "${name}" is a field as well; remove one of the two`);
      }
    }
    if (dataset.resumeBy !== undefined && (value.type === "set" || value.type === "zset")) {
      problems.push(
        `${path}.resumeBy: got "${dataset.resumeBy}", and the rows of a ${value.type} are grouped into keys; leave it out`,
      );
    }
    if (dataset.usage === "keys" && plan.usage === undefined) {
      problems.push(`${path}.usage: got "keys", and the plan has no usage that says which keys were asked for`);
    }
  });
  if (plan.usage !== undefined) checkParameters("usage.query", plan.usage.query);
  if (plan.replay !== undefined) checkParameters("replay.query", plan.replay.query);
  return problems;
}

/**
 * Checks a plan, fills in its defaults, and returns it.
 * @throws PlanError that lists every problem with its path, its value and what is allowed
 */
export function parsePlan(input: unknown): WarmPlan {
  const reserved = reservedNames(input, "");
  if (reserved.length > 0) throw new PlanError(reserved);
  const result = planSchema.safeParse(input);
  if (!result.success) throw new PlanError(result.error.issues.flatMap((issue) => describeIssue(issue, input)));
  const problems = crossChecks(result.data);
  if (problems.length > 0) throw new PlanError(problems);
  return result.data;
}

/** JavaScript takes `__proto__` for something else than a name, and so it would be lost without a word. */
function reservedNames(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = path === "" ? name : `${path}.${name}`;
    return name === "__proto__" ? [`${place}: this name cannot be used; choose another`] : reservedNames(inner, place);
  });
}

/**
 * Reads a plan from a YAML or JSON file (JSON is YAML) and checks it.
 * @throws PlanError for what the plan says, Error naming the file where it cannot be read or is not YAML
 */
export async function loadPlanFile(path: string): Promise<WarmPlan> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : String(error);
    throw new Error(`Cannot read the warm plan ${path}: ${reason}`);
  }
  let input = parseJson(text);
  if (input === undefined) {
    // To load it takes as long as many a run.
    const { parseYaml } = await import("./yaml.ts");
    try {
      input = parseYaml(text);
    } catch (error) {
      throw new Error(
        `The warm plan ${path} is neither YAML nor JSON: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return parsePlan(input);
}

/** What JSON says; undefined for other text, and where a name comes twice, of which YAML's parser can tell. */
function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const strings = text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g);
  const names = [...strings].filter(([, colon]) => colon !== undefined).length;
  return names === countNames(value) ? value : undefined;
}

function countNames(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const names = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, inner) => sum + countNames(inner), names);
}
