import type { Command } from "commander";
import { exitCodes, printJson, runCommand, withExitCodes } from "./command.ts";
import { readEndpoint } from "./inputs.ts";

interface StatsOptions {
  readonly endpoint: string;
  readonly json?: boolean;
}

const help = `
Hits and misses are what each server has counted since it started, by whomever; to know how warm a cache is for its
users, see hearth validate.

Examples:
    pulumi stack output endpoint --json --show-secrets | hearth stats
    hearth stats --endpoint endpoint.json --json

Exit codes:
  0    every server answered
  2    wrong input: options or endpoint
  3    a server did not answer
  130  interrupted`;

/** Adds `hearth stats`. */
export function register(program: Command): void {
  withExitCodes(program.command("stats"))
    .description("show keys, memory, hits and evictions of every server")
    .option("--endpoint <file>", 'the endpoint in JSON, or all outputs of a stack; "-" for standard input', "-")
    .option("--json", "print the figures as JSON")
    .addHelpText("after", help)
    .action((options: StatsOptions) => runCommand(() => statsCommand(options)));
}

async function statsCommand(options: StatsOptions): Promise<number> {
  const endpoint = await readEndpoint(options.endpoint);
  const { formatStats, readStats } = await import("../../warmer/stats.ts");
  const stats = await readStats(endpoint);
  options.json ? printJson(stats) : process.stdout.write(`${formatStats(stats)}\n`);
  return stats.some(({ error }) => error !== undefined) ? exitCodes.failed : exitCodes.ok;
}
