import * as z from "zod";
import { splitStatement } from "./sql.ts";
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

const MOST_DEADLINE_SECONDS = 86_400;
export const DEADLINE_ALLOWED = `allowed are seconds, or a duration such as "30 seconds", from 1 second to 24 hours`;

const durationSchema = z.union([z.number(), z.string()]).transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds >= 1 && seconds <= MAX_TTL_SECONDS) return Math.floor(seconds);
  const message = `allowed are seconds, or a duration such as "4 hours", from 1 second to 100 years`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const deadlineSchema = z.union([z.number(), z.string()]).transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds >= 1 && seconds <= MOST_DEADLINE_SECONDS) return Math.floor(seconds);
  context.addIssue({ code: "custom", message: DEADLINE_ALLOWED });
  return z.NEVER;
});

const columnSchema = z.string().min(1);

const ttlSchema = z.union([
  durationSchema.describe('Seconds, or a duration such as "4 hours"; from 1 second to 100 years.'),
  z.strictObject({ column: columnSchema }).describe("A column that holds seconds."),
  z
    .strictObject({ expression: z.string().superRefine(checked(splitStatement)) })
    .describe("An SQL expression over the query's columns that gives seconds; a row with 0 or less is left out."),
]);

const columnsSchema = z
  .record(z.string().min(1), columnSchema)
  .refine((fields) => Object.keys(fields).length > 0, {
    message: "allowed is at least one `name: column`; leave `fields` out to take every column",
  })
  .meta({
    description:
      "Names in the value, and the query's columns that they come from. Default: every column by its own name.",
    minProperties: 1,
  });

const jsonSchema = z
  .strictObject({
    type: z.literal("json"),
    fields: columnsSchema.optional(),
    constants: z.record(z.string().min(1), z.json()).optional().describe("Members that are the same in every value."),
    column: columnSchema.optional().describe("One column as the whole document, in place of fields."),
  })
  .describe("A string with a JSON document.");

const hashSchema = z
  .strictObject({
    type: z.literal("hash"),
    fields: columnsSchema.optional(),
    constants: z
      .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
      .optional()
      .describe("Fields that are the same in every value, written as text."),
  })
  .describe("A Hash; a column that is NULL is left out.");

const stringSchema = z
  .strictObject({ type: z.literal("string"), column: columnSchema.describe("The column, byte for byte.") })
  .describe("A plain string.");

const setSchema = z
  .strictObject({ type: z.literal("set"), member: columnSchema.describe("The column of the members.") })
  .describe("A Set: all rows of one key become its members; rows whose member is NULL are left out.");

const zsetSchema = z
  .strictObject({
    type: z.literal("zset"),
    member: columnSchema.describe("The column of the members."),
    score: columnSchema.describe("The column of the scores: a number."),
  })
  .describe("A Sorted Set: all rows of one key become its members; of a member that comes twice, the last counts.");

const valueSchema = z.discriminatedUnion("type", [jsonSchema, hashSchema, stringSchema, setSchema, zsetSchema]);

/** Names of every property of a value of any type. */
export const VALUE_PROPERTIES = ["type", "fields", "constants", "column", "member", "score"] as const;

export const datasetSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "allowed are 1 to 64 of a-z, 0-9 and -")
    .describe("Unique in the plan; 1 to 64 of a-z, 0-9 and -."),
  priority: z
    .enum(PRIORITIES)
    .default("MEDIUM")
    .describe("Datasets are written in the order CRITICAL, HIGH, MEDIUM, LOW; the last are dropped first."),
  query: querySchema.describe("One SELECT (or WITH ... SELECT); runs read-only. `:name` stands for a parameter."),
  limit: z
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe("Rows at most, the query's first ones; of a set or zset, keys at most. Default: all."),
  key: z
    .string()
    .superRefine(checked(parseTemplate))
    .describe(
      "Template of the key: `recipe:{id}`. Filters: {term|lower|md5}, upper, trim, snake, urlencode, prefix:n, suffix:n.",
    ),
  value: valueSchema,
  ttl: ttlSchema.optional().describe("Time to live. Default: no expiry."),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe("Share, 0-1, by which a TTL is shortened or lengthened at random."),
  deadline: deadlineSchema
    .optional()
    .describe(
      'Time for this dataset from its first row on, such as "30 seconds": when it has passed, the dataset has failed, ' +
        "and the others go on. Default: the deadline of the run.",
    ),
  lookup: querySchema
    .optional()
    .describe(
      "What the application asks PostgreSQL for when one key is not cached, to measure the time of a miss. `:column` " +
        "stands for that part of the key, `:key` for all of it. Default: the query, restricted to the key.",
    ),
  resumeBy: columnSchema
    .optional()
    .describe(
      "A column, unique and never NULL at best, in whose order the rows are read, so that a run that died goes on at " +
        "the row where it was. Default: the dataset begins again.",
    ),
  usage: z
    .enum(["dataset", "keys"])
    .optional()
    .describe(
      "With the plan's `usage`: `dataset` (the default) warms the whole dataset where it was asked for; `keys` only " +
        "the keys that were asked for, those asked for most first.",
    ),
});

export const usageSchema = z
  .strictObject({
    query: querySchema.describe(
      "Returns a row for each request, with the columns `key` and `pattern` (one of the two may be missing) and, " +
        "where it is known, `response_time` in milliseconds.",
    ),
    patterns: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe("Patterns that count, at most: by their number of requests, then by mean response time."),
    others: z
      .enum(["skip", "last"])
      .default("last")
      .describe("Datasets that no counted pattern asks for: left out, or written after the others of their priority."),
  })
  .describe("An access log that decides which datasets or keys are warmed, and in which order.");

export const replaySchema = z
  .strictObject({
    query: querySchema.describe("Returns one text column: the keys that the application asked for."),
    sample: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe("Requests at most. Default: as many as make the hit ratio right within 0.01 at 95 %, 9,604 or fewer."),
  })
  .describe("Real requests to replay when the cache is validated. Default: those of `usage`, where it has keys.");

/** The schema of a plan; `parsePlan` adds what concerns several properties at once. */
export const planSchema = z.strictObject({
  $schema: z.string().optional().describe("For editors: where the JSON Schema of plans is."),
  name: z.string().min(1).max(200),
  parameters: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe("Values for `:name` in queries."),
  datasets: z.array(datasetSchema).min(1),
  usage: usageSchema.optional(),
  replay: replaySchema.optional(),
});

/** A checked plan. */
export type WarmPlan = z.infer<typeof planSchema>;
export type DatasetPlan = WarmPlan["datasets"][number];
export type ValuePlan = DatasetPlan["value"];
export type UsagePlan = z.infer<typeof usageSchema>;
export type PlanParameters = WarmPlan["parameters"];
