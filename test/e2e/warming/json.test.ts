import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { type DemoDatabase, startDemoDatabase } from "../../../warmer/demo/index.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "hearth-json-"));
const endpoint = join(folder, "endpoint.json");

let database: DemoDatabase;
let redis: TestTopology<"standalone">;

beforeAll(async () => {
  [database, redis] = await Promise.all([startDemoDatabase(), startStandalone()]);
  writeFileSync(endpoint, JSON.stringify(redis.endpoint));
});

afterAll(async () => {
  await Promise.all([database?.stop(), redis?.stop()]);
  rmSync(folder, { recursive: true });
});

async function hearth(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, DATABASE_URL: database.url };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (piece) => {
      text[name] += piece;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...text };
}

/** What `contract/warming.ts` documents, field by field: one more, or one less, is a change of the contract. */
const number = z.number();
const share = z.number().min(0).max(1);
const status = z.enum(["pending", "running", "done", "failed", "skipped"]);
const priority = z.enum(["CRITICAL", "HIGH", "MEDIUM", "LOW"]);
const times = z.strictObject({ samples: number, p50Ms: number, p95Ms: number });
const latency = { hits: times, misses: times, speedup: z.strictObject({ p50: number, p95: number }) };

const validation = z.strictObject({
  readBack: z.strictObject({ sampled: number, matching: number, mismatches: z.array(z.string()) }),
  replay: z.strictObject({
    source: z.enum(["access-log", "datasets", "none"]),
    requests: number,
    hits: number,
    hitRatio: share.nullable(),
    population: number,
    interval: z.strictObject({ low: share, high: share }).nullable(),
    before: z.strictObject({ hits: number, hitRatio: share }).nullable(),
    improvement: number.nullable(),
  }),
  latency: z
    .strictObject({ ...latency, datasets: z.array(z.strictObject({ name: z.string(), ...latency })) })
    .nullable(),
  verdict: z.enum(["warm", "cold", "no-traffic"]),
  problems: z.array(z.string()),
});

const phase = z.strictObject({ status, keys: number, failed: number, total: number.nullable() });

const metrics = z.strictObject({
  totalKeysWarmed: number,
  warmingProgress: z.number().min(0).max(100).nullable(),
  estimatedTimeRemaining: number.nullable(),
  warmingRate: number,
  memoryUsage: number.nullable(),
  hitRatioImprovement: number.nullable(),
  phases: z.record(z.string(), phase),
});

const dataset = z.strictObject({
  ...{ name: z.string(), priority, status },
  ...{ rows: number, keys: number, failed: number, fresh: number.optional(), bytes: number, durationMs: number },
  ...{ retries: number.optional(), error: z.string().optional(), warnings: z.array(z.string()) },
});

const warmReport = z.strictObject({
  ok: z.literal(true),
  startedAt: z.iso.datetime(),
  ...{ durationMs: number, rows: number, keys: number, failed: number, repaired: number.optional(), bytes: number },
  rate: number,
  usedMemory: z.strictObject({ before: number, after: number }),
  evictedKeys: number,
  datasets: z.array(dataset).length(3),
  warnings: z.array(z.string()).optional(),
  validation,
  metrics,
  timeline: z.strictObject({ atMs: z.array(number), keys: z.record(z.string(), z.array(number)) }),
});

const preview = z
  .array(z.strictObject({ name: z.string(), priority, rows: number, keys: z.array(z.string()).min(1).max(3) }))
  .length(3);

const serverStats = z.strictObject({
  address: z.string(),
  role: z.enum(["primary", "replica"]),
  version: z.string(),
  ...{ keys: number, usedMemory: number, maxMemory: number, hits: number, misses: number },
  hitRatio: share.nullable(),
  ...{ evictedKeys: number, expiredKeys: number, clients: number },
});

const sizes = { keys: number, bytes: number, memory: number, milliseconds: number };
const estimate = {
  plan: z.literal("api-keys"),
  datasets: z.array(z.strictObject({ name: z.string(), priority, counted: z.boolean(), ...sizes })).length(3),
  ...sizes,
};

const checked = z.strictObject({
  name: z.literal("api-keys"),
  parameters: z.record(z.string(), z.unknown()),
  datasets: z
    .array(z.looseObject({ name: z.string(), priority, query: z.string(), key: z.string(), jitter: share }))
    .length(3),
  replay: z.looseObject({ query: z.string() }).optional(),
});

const scan = z.strictObject({
  ...{ table: z.string(), tableRows: number, filter: z.string().optional(), sort: z.array(z.string()).optional() },
  ...{ createIndex: z.string().optional(), small: z.boolean() },
});
const explained = z.strictObject({
  plan: z.literal("running-app"),
  datasets: z
    .array(z.strictObject({ name: z.string(), priority, rows: number, cost: number, scans: z.array(scan) }))
    .min(5),
  missingIndexes: z.array(z.string()),
});

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly schema: z.ZodType;
  /** As its `--help` names them. */
  readonly exitCodes: readonly number[];
}

const RUN = [0, 1, 2, 3, 4, 130];
const plan = ["--plan", "api-keys"];
const cache = ["--endpoint", endpoint];

const commands: readonly Command[] = [
  { command: "warm", args: [...plan, ...cache, "--min-hit-ratio", "0"], schema: warmReport, exitCodes: RUN },
  { command: "warm", args: [...plan, "--dry-run"], schema: preview, exitCodes: RUN },
  { command: "validate", args: [...plan, ...cache, "--min-hit-ratio", "0"], schema: validation, exitCodes: RUN },
  { command: "stats", args: cache, schema: z.array(serverStats).length(1), exitCodes: [0, 2, 3, 130] },
  { command: "estimate", args: plan, schema: z.strictObject(estimate), exitCodes: [0, 1, 2, 3, 130] },
  {
    command: "estimate",
    args: [...plan, ...cache],
    schema: z.strictObject({
      ...estimate,
      redis: z.strictObject({ used: number, limit: number, fits: z.literal(true) }),
    }),
    exitCodes: [0, 1, 2, 3, 130],
  },
  { command: "plan check", args: ["api-keys"], schema: checked, exitCodes: [0, 2] },
  { command: "plan explain", args: ["running-app"], schema: explained, exitCodes: [0, 1, 2, 3, 130] },
];

describe.each(commands)("hearth $command $args", ({ command, args, schema, exitCodes }) => {
  it("--json prints one JSON text, with the documented fields, and nothing else on standard output", async () => {
    const { code, stdout, stderr } = await hearth(...command.split(" "), ...args, "--json");
    expect(stderr).not.toContain("hearth:");
    expect(code).toBe(0);
    const found: unknown = JSON.parse(stdout);
    const result = schema.safeParse(found);
    expect(result.error === undefined ? "" : z.prettifyError(result.error)).toBe("");
  });

  it("--help names the exit codes", async () => {
    const { code, stdout } = await hearth(...command.split(" "), "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--json");
    const section = stdout.split("\nExit codes:\n")[1] ?? "";
    const named = [...section.matchAll(/^ {2}(\d+) +\S/gm)].map(([, number]) => Number(number));
    expect(named).toEqual(exitCodes);
  });
});
