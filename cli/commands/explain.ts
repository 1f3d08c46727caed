import type { Command } from "commander";
import { exitCodes, printJson, runCommand, withExitCodes } from "./command.ts";
import { readPlan, readSource } from "./inputs.ts";

interface ExplainOptions {
  readonly source?: string;
  readonly json?: boolean;
}

const help = `
PostgreSQL plans each query and runs none. A table that is read as a whole, although rows are chosen or sorted by a
column, is told with the CREATE INDEX that would spare it; one of fewer than 1,000 rows is well read as a whole.

Examples:
    hearth plan explain warm.yaml
    hearth plan explain sessions --source demo --json

Exit codes:
  0    no index is missing
  1    an index is missing
  2    wrong input: options, plan or source
  3    PostgreSQL failed
  130  interrupted`;

/** Adds `hearth plan explain`. */
export function registerExplain(plan: Command): void {
  withExitCodes(plan.command("explain"))
    .argument("<plan>", "a YAML or JSON file, or the name of a built-in plan")
    .description("show how PostgreSQL will run each query, and which indexes are missing")
    .option("--source <file>", 'file with the URL of the database, or "demo" (default: DATABASE_URL)')
    .option("--json", "print what was found as JSON")
    .addHelpText("after", help)
    .action((name: string, options: ExplainOptions) =>
      runCommand(async ({ signal }) => {
        const [checked, source] = await Promise.all([readPlan(name), readSource(options.source)]);
        const { explainPlan, formatExplained, missingIndexes } = await import("../../warmer/explain/explain.ts");
        const datasets = await explainPlan({ plan: checked, source, signal });
        const missing = missingIndexes(datasets);
        if (options.json) printJson({ plan: checked.name, datasets, missingIndexes: missing });
        else process.stdout.write(`${formatExplained(datasets)}\n`);
        return missing.length === 0 ? exitCodes.ok : exitCodes.gateMissed;
      }),
    );
}
