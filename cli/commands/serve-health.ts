import type { Command } from "commander";
import { maskWith } from "../mask.ts";
import { exitCodes, runCommand, wholeNumber, withExitCodes } from "./command.ts";
import { readEndpoint } from "./inputs.ts";
import { type ThresholdOptions, thresholdsOf, withThresholdOptions } from "./threshold-options.ts";

interface ServeHealthOptions extends ThresholdOptions {
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  readonly keep: number;
}

const help = `
Paths:
  /health/cache   200 where the cache is healthy, else 503: degraded (such as below 0.8 of the reads hit) or unhealthy;
                  JSON with status, hitRate, totalEntries and what to do
  /health/live    200 as long as this process runs; Redis is not asked
  /metrics        the same for Prometheus (OpenMetrics where that is asked for); every check that hearth check makes

Hits are counted over the last five minutes of checks. Who asks while a check is
under way, or has just been made, is given its result. Nobody has to log in here: choose --host with care.

Examples:
    hearth serve-health --endpoint endpoint.json
    pulumi stack output endpoint --json --show-secrets | hearth serve-health --host 0.0.0.0 --port 8080

Exit codes:
  0    ended by SIGTERM or SIGINT, when the requests under way were answered
  2    wrong input: options or endpoint
  3    the port cannot be listened on`;

/** Adds `hearth serve-health`. */
export function register(program: Command): void {
  const command = withExitCodes(program.command("serve-health"))
    .description("answer over HTTP whether a cache is healthy, for load balancers and Prometheus")
    .option("--endpoint <file>", 'the endpoint in JSON, or all outputs of a stack; "-" for standard input', "-")
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--port <port>", "where to listen; 0: any that is free", wholeNumber(0, 65_535), 9410)
    .option("--keep <seconds>", "how long the result of a check is good", wholeNumber(0, 3600), 5);
  withThresholdOptions(command)
    .addHelpText("after", help)
    .action((options: ServeHealthOptions) =>
      runCommand(({ signal }) => serveHealth(options, signal), { interrupted: exitCodes.ok }),
    );
}

async function serveHealth(options: ServeHealthOptions, signal: AbortSignal): Promise<number> {
  const endpoint = await readEndpoint(options.endpoint);
  const [{ HealthChecker }, { healthRoutes }, { serve }] = await Promise.all([
    import("../../ops/health/checker.ts"),
    import("../../ops/health/http/routes.ts"),
    import("../../ops/health/http/serve.ts"),
  ]);
  const checker = new HealthChecker(endpoint, { timeoutMs: options.timeout * 1000, thresholds: thresholdsOf(options) });
  try {
    const { host } = options;
    const routes = healthRoutes(checker, options.keep * 1000);
    const served = await serve(routes, { host, port: options.port, mask: maskWith(endpoint) });
    process.stdout.write(
      `listening on http://${host.includes(":") ? `[${host}]` : host}:${served.port}/health/cache\n`,
    );
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await served.close();
    return exitCodes.ok;
  } finally {
    await checker.close();
  }
}
