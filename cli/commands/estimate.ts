import type { Command } from "commander";
import { exitCodes, printJson, runCommand, withExitCodes } from "./command.ts";
import { readEndpoint, readPlan, readSource } from "./inputs.ts";

interface EstimateOptions {
  readonly plan: string;
  readonly source?: string;
  readonly endpoint?: string;
  readonly json?: boolean;
}

const help = `
Keys and time come from EXPLAIN and from the first 2,000 rows of each dataset, bytes from those rows, encoded as they
would be written. Nothing is written. With --endpoint the memory is compared with what Redis has left.

Examples:
    hearth estimate --plan warm.yaml
    hearth estimate --plan sessions --source demo --json
    hearth estimate --plan warm.yaml --endpoint endpoint.json

Exit codes:
  0    estimated; with --endpoint: it fits
  1    with --endpoint: it does not fit into Redis's memory
  2    wrong input: options, plan, endpoint or source
  3    PostgreSQL or Redis failed
  130  interrupted`;

/** Adds `hearth estimate`. */
export function register(program: Command): void {
  withExitCodes(program.command("estimate"))
    .description("tell how many keys, how much memory and how long a warming would take")
    .requiredOption("--plan <file or name>", "the warm plan: a YAML or JSON file, or the name of a built-in plan")
    .option("--source <file>", 'file with the URL of the database, or "demo" (default: DATABASE_URL)')
    .option("--endpoint <file>", 'the endpoint in JSON, or all outputs of a stack; "-" for standard input')
    .option("--json", "print the estimate as JSON")
    .addHelpText("after", help)
    .action((options: EstimateOptions) => runCommand(({ signal }) => estimateCommand(options, signal)));
}

async function estimateCommand(options: EstimateOptions, signal: AbortSignal): Promise<number> {
  const [plan, source] = await Promise.all([readPlan(options.plan), readSource(options.source)]);
  const endpoint = options.endpoint === undefined ? undefined : await readEndpoint(options.endpoint);
  const { estimatePlan, formatEstimate, memoryFit } = await import("../../warmer/estimate.ts");
  const estimate = await estimatePlan({ plan, source, signal });
  if (endpoint === undefined) {
    options.json ? printJson(estimate) : process.stdout.write(`${formatEstimate(estimate)}\n`);
    return exitCodes.ok;
  }
  const { readStats } = await import("../../warmer/stats.ts");
  const servers = await readStats(endpoint);
  const primary = servers.find(({ role }) => role === "primary");
  if (primary === undefined) {
    const [silent] = servers.filter(({ error }) => error !== undefined);
    throw new Error(`no primary of Redis answers: ${silent?.address ?? "none"}: ${silent?.error ?? "there is none"}`);
  }
  const fit = memoryFit(estimate, servers);
  options.json ? printJson({ ...estimate, redis: fit }) : process.stdout.write(`${formatEstimate(estimate, fit)}\n`);
  return fit.fits ? exitCodes.ok : exitCodes.gateMissed;
}
