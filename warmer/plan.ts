import { readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { parameterNames, splitStatement } from "./sql.ts";
import { didYouMean, listNames } from "./suggest.ts";
import { parseTemplate } from "./template.ts";
import { MAX_TTL_SECONDS, parseDuration } from "./ttl.ts";

/** Datasets are written in this order; what is last is dropped first when time runs out. */
export const PRIORITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Runs a check that throws, as part of a zod schema. */
function checked(check: (text: string) => unknown) {
  return (text: string, context: z.RefinementCtx): void => {
    try {
      check(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    }
  };
}

const querySchema = z.string().superRefine(checked(splitStatement));

const durationSchema = z.union([z.number(), z.string()]).transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds >= 1 && seconds <= MAX_TTL_SECONDS) return Math.floor(seconds);
  const message = `allowed are seconds, or a duration such as "4 hours", from 1 second to 100 years`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const ttlSchema = z.union([
  durationSchema,
  z.strictObject({ column: z.string().min(1) }),
  z.strictObject({ expression: z.string().superRefine(checked(splitStatement)) }),
]);

const columnsSchema = z
  .record(z.string().min(1), z.string().min(1))
  .refine((fields) => Object.keys(fields).length > 0, {
    message: "allowed is at least one `name: column`; leave `fields` out to take every column",
  });

/** json: an object of fields and constants, or one column by itself. */
const jsonSchema = z.strictObject({
  type: z.literal("json"),
  fields: columnsSchema.optional(),
  constants: z.record(z.string().min(1), z.json()).optional(),
  column: z.string().min(1).optional(),
});

/** hash: Redis field names to columns; constants are written as text. */
const hashSchema = z.strictObject({
  type: z.literal("hash"),
  fields: columnsSchema.optional(),
  constants: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

/** string: one column, byte for byte. */
const stringSchema = z.strictObject({ type: z.literal("string"), column: z.string().min(1) });

const valueSchema = z.discriminatedUnion("type", [jsonSchema, hashSchema, stringSchema]);

const datasetSchema = z.strictObject({
  /** Unique; lower-case letters, digits and hyphens. */
  name: z.string().regex(/^[a-z0-9-]{1,64}$/, "allowed are 1 to 64 of a-z, 0-9 and -"),
  priority: z.enum(PRIORITIES).default("MEDIUM"),
  /** One SELECT (or WITH ... SELECT); runs read-only. */
  query: querySchema,
  /** Rows at most. @default all */
  limit: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  /** Template of the key: `recipe:{id}`. */
  key: z.string().superRefine(checked(parseTemplate)),
  value: valueSchema,
  /** Seconds or a duration, a column, or an SQL expression over the columns. @default no expiry */
  ttl: ttlSchema.optional(),
  /** Share, 0-1, by which a TTL is shortened or lengthened at random. @default 0.1 */
  jitter: z.number().min(0).max(1).default(0.1),
});

/** The schema of a plan; `parsePlan` adds what concerns several properties at once. */
export const planSchema = z.strictObject({
  name: z.string().min(1).max(200),
  /** Values for `:name` in queries. */
  parameters: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.union([z.string(), z.number(), z.boolean()])).default({}),
  datasets: z.array(datasetSchema).min(1),
  /** Real requests to replay when the cache is validated. */
  replay: z
    .strictObject({
      /** Returns one text column: the keys that the application asked for, in their order. */
      query: querySchema,
      /** Requests at most. @default 2000 */
      sample: z.number().int().min(1).max(1_000_000).default(2000),
    })
    .optional(),
});

/** A checked plan. */
export type WarmPlan = z.infer<typeof planSchema>;
export type DatasetPlan = WarmPlan["datasets"][number];
export type ValuePlan = DatasetPlan["value"];
export type PlanParameters = WarmPlan["parameters"];

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
  value: ["type", "fields", "constants", "column"],
  ttl: ["column", "expression"],
  replay: ["query", "sample"],
} as const;

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const last = path.at(-1);
  if (last === "value") return KNOWN_KEYS.value;
  if (last === "ttl") return KNOWN_KEYS.ttl;
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
  return [`${path}: got ${shown(value)}; ${issue.message}`];
}

/** Problems that concern more than one property. */
function crossChecks(plan: WarmPlan): string[] {
  const problems: string[] = [];
  const parameters = Object.keys(plan.parameters);
  const names = new Map<string, number>();
  const checkParameters = (path: string, sql: string): void => {
    for (const name of parameterNames(sql)) {
      if (parameters.includes(name)) continue;
      problems.push(
        `${path}: ":${name}" is not a parameter${didYouMean(name, parameters)}; parameters are ${listNames(parameters)}`,
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
    const value = dataset.value;
    if (value.type === "json" && value.column !== undefined && (value.fields ?? value.constants) !== undefined) {
      problems.push(`${path}.value: got both column and fields or constants; allowed is one column alone, or fields`);
    }
    if (value.type !== "string" && value.constants !== undefined) {
      for (const name of Object.keys(value.constants)) {
        if (value.fields === undefined || !Object.hasOwn(value.fields, name)) continue;
        problems.push(`${path}.value.constants.${name}: "${name}" is a field as well; remove one of the two`);
      }
    }
  });
  if (plan.replay !== undefined) checkParameters("replay.query", plan.replay.query);
  return problems;
}

/**
 * Checks a plan, fills in its defaults, and returns it.
 * @throws PlanError that lists every problem with its path, its value and what is allowed
 */
export function parsePlan(input: unknown): WarmPlan {
  const result = planSchema.safeParse(input);
  if (!result.success) throw new PlanError(result.error.issues.flatMap((issue) => describeIssue(issue, input)));
  const problems = crossChecks(result.data);
  if (problems.length > 0) throw new PlanError(problems);
  return result.data;
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
  let input: unknown;
  try {
    input = parseYaml(text);
  } catch (error) {
    throw new Error(
      `The warm plan ${path} is neither YAML nor JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
  return parsePlan(input);
}
