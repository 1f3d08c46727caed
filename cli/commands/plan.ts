import type { Command } from "commander";
import { exitCodes, printJson, runCommand, withExitCodes } from "./command.ts";
import { registerExplain } from "./explain.ts";
import { readPlan } from "./inputs.ts";

const help = `
Looks at the plan alone: no database, no Redis. Every problem is told with its path.

Examples:
    hearth plan check warm.yaml
    hearth plan check meal-planner --json

Exit codes:
  0  the plan is right
  2  it is not, or cannot be read`;

const schemaHelp = `
For editors that complete and check YAML or JSON. In a plan of YAML, name the file in the first line:
    # yaml-language-server: $schema=./plan.schema.json

Examples:
    hearth plan schema > plan.schema.json

Exit codes:
  0  always`;

/** Adds `hearth plan check` and its like. */
export function register(program: Command): void {
  const plan = program.command("plan").description("look at a warm plan");
  withExitCodes(plan.command("check"))
    .argument("<plan>", "a YAML or JSON file, or the name of a built-in plan")
    .description("tell everything that is wrong with a plan")
    .option("--json", "print the plan with all defaults filled in")
    .addHelpText("after", help)
    .action((name: string, options: { readonly json?: boolean }) =>
      runCommand(async () => {
        const checked = await readPlan(name);
        if (options.json) {
          printJson(checked);
        } else {
          const names = checked.datasets.map((dataset) => dataset.name).join(", ");
          process.stdout.write(`${checked.name}: ${checked.datasets.length} datasets (${names}); nothing is wrong.\n`);
        }
        return exitCodes.ok;
      }),
    );
  withExitCodes(plan.command("schema"))
    .description("print the JSON Schema of plans")
    .option("--json", "the same: it is JSON already")
    .addHelpText("after", schemaHelp)
    .action(() =>
      runCommand(async () => {
        const { planJsonSchema } = await import("../../warmer/plan-json-schema.ts");
        printJson(planJsonSchema());
        return exitCodes.ok;
      }),
    );
  registerExplain(plan);
}
