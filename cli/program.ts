import { Command } from "commander";
import { register as registerCheck } from "./commands/check.ts";
import { withExitCodes } from "./commands/command.ts";
import { register as registerEstimate } from "./commands/estimate.ts";
import { register as registerPlan } from "./commands/plan.ts";
import { register as registerServeHealth } from "./commands/serve-health.ts";
import { register as registerStats } from "./commands/stats.ts";
import { register as registerValidate } from "./commands/validate.ts";
import { register as registerWarm } from "./commands/warm.ts";

/** The commands for people; each documents its exit codes in its `--help`. */
export async function runCommands(argv: readonly string[]): Promise<void> {
  const program = withExitCodes(new Command("hearth"))
    .description("Fills Redis from PostgreSQL, proves that the cache is warm, and looks after Redis for Pulumi.")
    .version(process.env.HEARTH_TOOL_VERSION ?? "dev")
    .showHelpAfterError("(hearth --help lists the commands, hearth COMMAND --help its options)");
  registerWarm(program);
  registerValidate(program);
  registerStats(program);
  registerCheck(program);
  registerServeHealth(program);
  registerEstimate(program);
  registerPlan(program);
  program
    .command("operation", { hidden: true })
    .description("what Hearth's Pulumi resources ask for: a request in JSON on stdin, JSON lines on stdout");
  await program.parseAsync(argv);
}
