import type { Command } from "commander";
import type { HealthStatus } from "../../ops/health/finding.ts";
import { printJson, runCommand, wholeNumber } from "./command.ts";
import { InputError, readEndpoint } from "./inputs.ts";
import { type ThresholdOptions, thresholdsOf, withThresholdOptions } from "./threshold-options.ts";

interface CheckCommandOptions extends ThresholdOptions {
  readonly endpoint: string;
  readonly hitWindow: number;
  readonly json?: boolean;
}

/** Exit codes of `hearth check`, as monitoring systems read them. */
export const checkExitCodes = { healthy: 0, degraded: 1, unhealthy: 2, notChecked: 3 } as const;

const help = `
Connects to every server, sets, reads and deletes a key of its own on every primary, and looks at replication, quorum
or slots, memory, clients, persistence, certificates, hits and errors. Each line says what to do.

It works as any user; app is enough, unless its keys are confined to prefixes. What a user may not ask is "unknown",
and says which user may: it does not count against the cache. See docs/health.md.

Examples:
    pulumi stack output endpoint --json --show-secrets | hearth check
    hearth check --endpoint endpoint.json --hit-window 60 --json

Exit codes:
  0    healthy
  1    degraded: it serves, but less well or less safely than it was built to
  2    unhealthy: requests fail, or data is about to be lost
  3    nothing was checked: wrong options or endpoint
  130  interrupted`;

/** Adds `hearth check`. */
export function register(program: Command): void {
  const command = program
    .command("check")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : checkExitCodes.notChecked))
    .description("tell whether a cache is healthy, and what to do where it is not")
    .option("--endpoint <file>", 'the endpoint in JSON, or all outputs of a stack; "-" for standard input', "-")
    .option(
      "--hit-window <seconds>",
      "over which hits, misses and errors are counted; 0: since the servers started, for advice only",
      wholeNumber(0, 86_400),
      5,
    )
    .option("--json", "print what was found as JSON");
  withThresholdOptions(command)
    .addHelpText("after", help)
    .action((options: CheckCommandOptions) => runCommand(({ signal }) => checkCommand(options, signal)));
}

async function checkCommand(options: CheckCommandOptions, signal: AbortSignal): Promise<number> {
  const [{ HealthChecker }, { formatHealth }] = await Promise.all([
    import("../../ops/health/checker.ts"),
    import("../../ops/health/report.ts"),
  ]);
  try {
    const endpoint = await readEndpoint(options.endpoint);
    const checker = new HealthChecker(endpoint, {
      timeoutMs: options.timeout * 1000,
      thresholds: thresholdsOf(options),
    });
    try {
      const report = await checker.check({ windowMs: options.hitWindow * 1000, signal });
      options.json ? printJson(report) : process.stdout.write(`${formatHealth(report)}\n`);
      return exitCodeOf(report.status);
    } finally {
      await checker.close();
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(`hearth: ${error.message}\n`);
    return checkExitCodes.notChecked;
  }
}

function exitCodeOf(status: HealthStatus): number {
  return checkExitCodes[status];
}
