import { type Command, InvalidArgumentError, Option } from "commander";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { WarmReport } from "../../contract/warming.ts";
import type { WarmPlan } from "../../warmer/plan.ts";
import type { RunStep } from "../../warmer/run-warming.ts";
import type { Shard } from "../../warmer/types.ts";
import { exitCodes, exitCodesHelp, printJson, runCommand, wholeNumber, withExitCodes } from "./command.ts";
import { type ControlCommandOptions, controlsOf, withControlOptions } from "./control-options.ts";
import { detach, detachedOption, takeOver } from "./detach.ts";
import { type GateOptions, gateOf, withGateOptions } from "./gate-options.ts";
import { InputError, readEndpoint, readPlan, readSource } from "./inputs.ts";
import { checkMetricsFile, type MetricsOptions, openMetrics, withMetricsOptions } from "./metrics-options.ts";
import { checkReportFile, type ReportOptions, withReportOptions, writeReportFile } from "./report-options.ts";
import { describeReason, type WatchCommandOptions, watchOf, withWatchOptions } from "./watch-options.ts";

const MOST_SHARDS = 10_000;

interface WarmCommandOptions
  extends GateOptions,
    ControlCommandOptions,
    ReportOptions,
    MetricsOptions,
    WatchCommandOptions {
  readonly plan: string;
  readonly endpoint?: string;
  readonly warmerEndpoint?: string;
  readonly source?: string;
  readonly engine: "auto" | "restore" | "hset";
  readonly count?: number;
  readonly shard?: Shard;
  readonly deadline: number;
  readonly dryRun?: boolean;
  readonly detach?: boolean;
  readonly detached?: boolean;
  readonly json?: boolean;
}

const help = `
Examples:
  Warm the cache of the current stack from the database in DATABASE_URL:
    pulumi stack output endpoint --json --show-secrets | hearth warm --plan warm.yaml --endpoint -

  Try the built-in plan with the demo database:
    hearth warm --plan meal-planner --endpoint endpoint.json --source demo

  Gently, and only what is missing; then again every 30 minutes, or when less than 85 % of the users' reads hit:
    hearth warm --plan warm.yaml --endpoint endpoint.json --keys-per-second 5000 --only-missing --watch

  Keep a page with charts, and follow the run by machine:
    hearth warm --plan warm.yaml --endpoint endpoint.json --report warm.html --progress json

  Share the work among 4 machines, here the third (in a Kubernetes Indexed Job: --shard "$JOB_COMPLETION_INDEX/4"):
    hearth warm --plan warm.yaml --endpoint endpoint.json --shard 2/4

  In the background, also after this terminal is closed; warm.log tells how it goes, warm.json how it ended:
    hearth warm --plan warm.yaml --endpoint endpoint.json --report warm.json --detach

  See what would be written, without Redis:
    hearth warm --plan warm.yaml --dry-run
${exitCodesHelp}`;

/** Adds `hearth warm`. */
export function register(program: Command): void {
  const command = withExitCodes(program.command("warm"))
    .description("fill Redis from PostgreSQL, and prove that the cache is warm")
    .requiredOption("--plan <file or name>", "the warm plan: a YAML or JSON file, or the name of a built-in plan")
    .option("--endpoint <file>", 'the endpoint in JSON, or all outputs of a stack; "-" for standard input')
    .option("--warmer-endpoint <file>", "where the warmer has a user of its own: validation stays with --endpoint")
    .option("--source <file>", 'file with the URL of the database, or "demo" (default: DATABASE_URL)')
    .addOption(
      new Option("--engine <name>", "how hashes are written").choices(["auto", "restore", "hset"]).default("auto"),
    )
    .option("--count <rows>", "rows of each dataset at most", wholeNumber(1))
    .option(
      "--shard <i/n>",
      "write only part i (0 to n-1) of n: n runs, also on n machines, warm together (a query with a limit needs an " +
        "ORDER BY that leaves no choice)",
      shardOf,
    )
    .option("--deadline <seconds>", "time for everything together", wholeNumber(1), 300)
    .option("--dry-run", "read from PostgreSQL what would be written, and write nothing")
    .option("--detach", "go on in the background: needs --report, beside which a log (.log) is written")
    .addOption(new Option(detachedOption).hideHelp())
    .option("--json", "print the report as JSON");
  withWatchOptions(withControlOptions(withGateOptions(withMetricsOptions(withReportOptions(command)))))
    .addHelpText("after", help)
    .action((options: WarmCommandOptions) => runCommand(({ signal }) => warmCommand(options, signal)));
}

async function warmCommand(options: WarmCommandOptions, signal: AbortSignal): Promise<number> {
  const handedOver = options.detached === true ? await takeOver() : undefined;
  const [plan, source] = await Promise.all([readPlan(options.plan), readSource(options.source)]);
  if (options.shard !== undefined && options.dryRun) {
    throw new InputError("--shard: a dry run shows examples of the whole plan; leave --shard out");
  }
  const limited = options.count === undefined ? plan : withLimit(plan, options.count);
  if (options.dryRun) {
    const { formatPreview, previewPlan } = await import("../../warmer/preview.ts");
    const preview = await previewPlan({ plan: limited, source, signal });
    options.json ? printJson(preview) : process.stdout.write(`${formatPreview(preview)}\n`);
    return exitCodes.ok;
  }
  if (options.freshFor !== undefined && options.onlyMissing !== true) {
    throw new InputError("--fresh-for: says which keys --only-missing leaves alone; give both, or neither");
  }
  await Promise.all([checkReportFile(options.report), checkMetricsFile(options.metrics)]);
  const endpoint = handedOver?.endpoint ?? (await readEndpoint(options.endpoint ?? "-"));
  const warmerEndpoint = options.warmerEndpoint === undefined ? undefined : await readEndpoint(options.warmerEndpoint);
  if (options.detach === true) {
    if (options.report === undefined) throw new InputError("--detach: give --report as well, to know how it ended");
    return await detach(endpoint, options.report);
  }
  const [{ runWarming }, { formatReport }, { openDisplay }, { metered }] = await Promise.all([
    import("../../warmer/run-warming.ts"),
    import("../../warmer/report.ts"),
    import("../display/display.ts"),
    import("../display/metered-display.ts"),
  ]);
  const metrics = await openMetrics(options, { plan: plan.name, shard: options.shard });
  const run = {
    endpoint,
    warmerEndpoint,
    plan: limited,
    source,
    gate: gateOf(options),
    engine: options.engine,
    deadlineMs: options.deadline * 1000,
    controls: controlsOf(options),
    ...(options.shard !== undefined && { shard: options.shard }),
    onBusy: options.onBusy,
    resume: options.resume,
    signal,
  };
  const once = async (): Promise<number> => {
    const display = metered(openDisplay(options.progress), metrics);
    let report: WarmReport;
    try {
      const onStep = (step: RunStep) => {
        if (step === "looking") handedOver?.begun();
        display.hooks.onStep?.(step);
      };
      report = await runWarming({ ...run, ...display.hooks, onStep });
    } catch (error) {
      display.end({ error });
      throw error;
    }
    display.end({ report });
    await metrics?.written();
    await writeReportFile(options.report, report, async () => {
      const { htmlReport } = await import("../../warmer/html/page.ts");
      return htmlReport(report, plan.name);
    });
    return showReport(report, options, formatReport);
  };
  try {
    if (options.watch !== true) return await once();
    await watch(options, { endpoint: warmerEndpoint ?? endpoint, once, signal });
    return exitCodes.ok;
  } finally {
    await metrics?.close();
  }
}

async function watch(
  options: WarmCommandOptions,
  { endpoint, once, signal }: { endpoint: Endpoint; once: () => Promise<number>; signal: AbortSignal },
): Promise<void> {
  const [{ watchCache }, { readStats }] = await Promise.all([
    import("../../warmer/resume/watch.ts"),
    import("../../warmer/stats.ts"),
  ]);
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  await watchCache({
    ...watchOf(options),
    signal,
    readCounters: () => readStats(endpoint),
    run: async (reason) => {
      tell(describeReason(reason));
      await once();
    },
    failed: (error) => tell(`hearth: ${error instanceof Error ? error.message : String(error)}`),
  });
}

/** Prints a report; with --watch and --json one a line. */
function showReport(report: WarmReport, options: WarmCommandOptions, format: (report: WarmReport) => string): number {
  if (options.json !== true) process.stdout.write(`${format(report)}\n`);
  else if (options.watch === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printJson(report);
  if (report.error !== undefined) {
    return exitCodes.failed;
  }
  return report.ok ? exitCodes.ok : exitCodes.gateMissed;
}

/** For commander: `2/4`. */
function shardOf(text: string): Shard {
  const [, index, count] = /^(\d{1,5})\/(\d{1,5})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || count === undefined || count < 1 || count > MOST_SHARDS || index >= count) {
    const advice =
      index !== undefined && index === count ? ` The parts are counted from 0: the last is ${index - 1}/${count}.` : "";
    throw new InvalidArgumentError(
      `Allowed is i/n, n from 1 to ${MOST_SHARDS} and i from 0 to n-1, such as 0/4, 1/4, 2/4 and 3/4.${advice}`,
    );
  }
  return { index, count };
}

/** The plan with no dataset larger than `count` rows. */
function withLimit(plan: WarmPlan, count: number): WarmPlan {
  const datasets = plan.datasets.map((dataset) => ({ ...dataset, limit: Math.min(count, dataset.limit ?? count) }));
  return { ...plan, datasets };
}
