import { readFile } from "node:fs/promises";
import { type Endpoint, endpointSchema } from "../../contract/endpoint.ts";
import type { WarmSource } from "../../contract/warming.ts";
import type { WarmPlan } from "../../warmer/plan.ts";

/** What was given on the command line, in a file or in the environment is wrong: exit code 2. */
export class InputError extends Error {
  override name = "InputError";
}

/**
 * The endpoint in a file, or on standard input when `path` is "-": as `pulumi stack output endpoint --json
 * --show-secrets` prints it, or all outputs of a stack (`pulumi stack output --json --show-secrets`).
 *
 * @throws InputError naming the file and what is wrong in it.
 */
export async function readEndpoint(path: string): Promise<Endpoint> {
  const where = path === "-" ? "standard input" : path;
  const text = path === "-" ? await readStandardInput() : await readText(path, "endpoint");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would quote the text, which holds a password.
    throw new InputError(`${where} is not JSON. ${endpointAdvice}`);
  }
  const outputs = typeof json === "object" && json !== null && !("topology" in json) ? json : {};
  const candidate = "endpoint" in outputs ? outputs.endpoint : json;
  if (candidate === "[secret]") {
    throw new InputError(`${where} has "[secret]" in place of the endpoint. ${endpointAdvice}`);
  }
  const result = endpointSchema.safeParse(candidate);
  if (!result.success) {
    const problems = result.error.issues.map(
      ({ path: steps, message }) => `${steps.join(".") || "endpoint"}: ${message}`,
    );
    throw new InputError(`${where} has no endpoint of Hearth: ${problems.join("; ")}. ${endpointAdvice}`);
  }
  return result.data;
}

const endpointAdvice = "Make it with: pulumi stack output endpoint --json --show-secrets";

/**
 * Where rows come from: "demo"; the URL in the file `source`; or, without `source`, the URL in DATABASE_URL.
 *
 * @throws InputError when there is none, or it was given where other users can read it.
 */
export async function readSource(source: string | undefined): Promise<WarmSource> {
  if (source === "demo") {
    return "demo";
  }
  if (source !== undefined && /^postgres(ql)?:/.test(source)) {
    throw new InputError(
      "--source: a URL on the command line can be seen by every user of this machine. Put it into the environment " +
        "variable DATABASE_URL, or into a file and name the file here.",
    );
  }
  const url = source === undefined ? process.env.DATABASE_URL : (await readText(source, "source")).trim();
  if (!url) {
    throw new InputError(
      "There is no source: set DATABASE_URL to the URL of a PostgreSQL database, or give --source with a file that " +
        "holds it, or --source demo for the demo database.",
    );
  }
  if (!/^postgres(ql)?:\/\//.test(url)) {
    const where = source === undefined ? "DATABASE_URL" : source;
    throw new InputError(
      `${where} does not hold the URL of a PostgreSQL database: it begins postgresql:// or postgres://.`,
    );
  }
  return { url };
}

/**
 * A plan by the name of a built-in one, or from a YAML or JSON file. "-" is not taken: standard input is the endpoint's.
 *
 * @throws InputError with every problem of the plan.
 */
export async function readPlan(plan: string): Promise<WarmPlan> {
  const [{ builtInPlan, isPlanName }, { loadPlanFile, parsePlan }] = await Promise.all([
    import("../../warmer/plans/index.ts"),
    import("../../warmer/plan.ts"),
  ]);
  try {
    return isPlanName(plan) ? parsePlan(builtInPlan(plan)) : await loadPlanFile(plan);
  } catch (error) {
    throw new InputError(error instanceof Error ? error.message : String(error));
  }
}

async function readText(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new InputError(`--${option}: the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new InputError(`--endpoint -: nothing is piped to standard input. ${endpointAdvice}`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
