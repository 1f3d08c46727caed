import type { Command } from "commander";
import type { ValidationReport } from "../../contract/warming.ts";
import { exitCodes, exitCodesHelp, printJson, runCommand, wholeNumber, withExitCodes } from "./command.ts";
import { type GateOptions, gateOf, withGateOptions } from "./gate-options.ts";
import { readEndpoint, readPlan, readSource } from "./inputs.ts";
import { checkMetricsFile, metricsOption } from "./metrics-options.ts";
import { checkReportFile, reportOption, writeReportFile } from "./report-options.ts";

interface ValidateCommandOptions extends GateOptions {
  readonly plan: string;
  readonly endpoint: string;
  readonly source?: string;
  readonly sample?: number;
  readonly json?: boolean;
  readonly report?: string;
  readonly metrics?: string;
}

const help = `
Replays a sample of real requests (the plan's replay query; else the datasets' own keys) against the cache, and
counts the hits. Writes nothing.

Examples:
    pulumi stack output endpoint --json --show-secrets | hearth validate --plan warm.yaml --endpoint -
    hearth validate --plan meal-planner --endpoint endpoint.json --source demo --min-hit-ratio 0.85
    hearth validate --plan warm.yaml --endpoint endpoint.json --report validation.html
${exitCodesHelp}`;

/** Adds `hearth validate`. */
export function register(program: Command): void {
  const command = withExitCodes(program.command("validate"))
    .description("tell whether a cache is warm, by replaying requests")
    .requiredOption("--plan <file or name>", "the warm plan: a YAML or JSON file, or the name of a built-in plan")
    .option("--endpoint <file>", 'the endpoint in JSON, or all outputs of a stack; "-" for standard input', "-")
    .option("--source <file>", 'file with the URL of the database, or "demo" (default: DATABASE_URL)')
    .option(
      "--sample <requests>",
      "requests to replay at most (default: as the plan says, or enough for +-1 % at 95 %)",
      wholeNumber(1),
    )
    .option("--json", "print what was found as JSON")
    .option(...reportOption)
    .option(...metricsOption);
  withGateOptions(command)
    .addHelpText("after", help)
    .action((options: ValidateCommandOptions) => runCommand(({ signal }) => validateCommand(options, signal)));
}

async function validateCommand(options: ValidateCommandOptions, signal: AbortSignal): Promise<number> {
  const [plan, source] = await Promise.all([readPlan(options.plan), readSource(options.source)]);
  await Promise.all([checkReportFile(options.report), checkMetricsFile(options.metrics)]);
  const began = performance.now();
  const endpoint = await readEndpoint(options.endpoint);
  const [{ openSource }, { readReplay }, { passes, validate }, { formatValidation }] = await Promise.all([
    import("../../warmer/source.ts"),
    import("../../warmer/replay.ts"),
    import("../../warmer/validate.ts"),
    import("../../warmer/report.ts"),
  ]);
  const opened = await openSource(source, { signal });
  try {
    const sample = options.sample === undefined ? {} : { sample: options.sample };
    const replay = await readReplay({ plan, postgresUrl: opened.url, ...sample });
    const measure = { plan, postgresUrl: opened.url };
    const report = await validate({ endpoint, gate: gateOf(options), replay, measure, signal });
    await writeReportFile(options.report, report, async () => {
      const { htmlValidation } = await import("../../warmer/html/page.ts");
      return htmlValidation(report, plan.name);
    });
    await writeMetrics(options.metrics, plan.name, report, {
      ok: passes(report),
      durationMs: performance.now() - began,
    });
    options.json ? printJson(report) : process.stdout.write(`${formatValidation(report).join("\n")}\n`);
    return passes(report) ? exitCodes.ok : exitCodes.gateMissed;
  } finally {
    await opened.stop();
  }
}

async function writeMetrics(
  file: string | undefined,
  plan: string,
  report: ValidationReport,
  result: { readonly ok: boolean; readonly durationMs: number },
): Promise<void> {
  if (file === undefined) return;
  const [{ validationText }, { replaceFile }] = await Promise.all([
    import("../../warmer/open-metrics/validation-metrics.ts"),
    import("../../warmer/open-metrics/text-file.ts"),
  ]);
  // node_exporter runs as another user.
  await replaceFile(file, await validationText({ plan }, report, result), 0o644);
}
