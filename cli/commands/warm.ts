import { type Command, Option } from "commander";
import type { WarmPlan } from "../../warmer/plan.ts";
import { exitCodes, exitCodesHelp, printJson, runCommand, wholeNumber, withExitCodes } from "./command.ts";
import { type GateOptions, gateOf, withGateOptions } from "./gate-options.ts";
import { readEndpoint, readPlan, readSource } from "./inputs.ts";

interface WarmCommandOptions extends GateOptions {
  readonly plan: string;
  readonly endpoint?: string;
  readonly source?: string;
  readonly engine: "auto" | "restore" | "hset";
  readonly count?: number;
  readonly deadline: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const help = `
Examples:
  Warm the cache of the current stack from the database in DATABASE_URL:
    pulumi stack output endpoint --json --show-secrets | hearth warm --plan warm.yaml --endpoint -

  Try the built-in plan with the demo database:
    hearth warm --plan meal-planner --endpoint endpoint.json --source demo

  See what would be written, without Redis:
    hearth warm --plan warm.yaml --dry-run
${exitCodesHelp}`;

/** Adds `hearth warm`. */
export function register(program: Command): void {
  const command = withExitCodes(program.command("warm"))
    .description("fill Redis from PostgreSQL, and prove that the cache is warm")
    .requiredOption("--plan <file or name>", "the warm plan: a YAML or JSON file, or the name of a built-in plan")
    .option("--endpoint <file>", 'the endpoint in JSON, or all outputs of a stack; "-" for standard input')
    .option("--source <file>", 'file with the URL of the database, or "demo" (default: DATABASE_URL)')
    .addOption(
      new Option("--engine <name>", "how hashes are written").choices(["auto", "restore", "hset"]).default("auto"),
    )
    .option("--count <rows>", "rows of each dataset at most", wholeNumber(1))
    .option("--deadline <seconds>", "time for everything together", wholeNumber(1), 300)
    .option("--dry-run", "read from PostgreSQL what would be written, and write nothing")
    .option("--json", "print the report as JSON");
  withGateOptions(command)
    .addHelpText("after", help)
    .action((options: WarmCommandOptions) => runCommand(({ signal }) => warmCommand(options, signal)));
}

async function warmCommand(options: WarmCommandOptions, signal: AbortSignal): Promise<number> {
  const [plan, source] = await Promise.all([readPlan(options.plan), readSource(options.source)]);
  const limited = options.count === undefined ? plan : withLimit(plan, options.count);
  if (options.dryRun) {
    const { formatPreview, previewPlan } = await import("../../warmer/preview.ts");
    const preview = await previewPlan({ plan: limited, source, signal });
    options.json ? printJson(preview) : process.stdout.write(`${formatPreview(preview)}\n`);
    return exitCodes.ok;
  }
  const endpoint = await readEndpoint(options.endpoint ?? "-");
  const [{ runWarming }, { formatReport }] = await Promise.all([
    import("../../warmer/run-warming.ts"),
    import("../../warmer/report.ts"),
  ]);
  const report = await runWarming({
    endpoint,
    plan: limited,
    source,
    gate: gateOf(options),
    engine: options.engine,
    deadlineMs: options.deadline * 1000,
    signal,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  options.json ? printJson(report) : process.stdout.write(`${formatReport(report)}\n`);
  if (report.error !== undefined) {
    return exitCodes.failed;
  }
  return report.ok ? exitCodes.ok : exitCodes.gateMissed;
}

/** The plan with no dataset larger than `count` rows. */
function withLimit(plan: WarmPlan, count: number): WarmPlan {
  const datasets = plan.datasets.map((dataset) => ({ ...dataset, limit: Math.min(count, dataset.limit ?? count) }));
  return { ...plan, datasets };
}
