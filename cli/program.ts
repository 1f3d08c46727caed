import { Command } from "commander";

/** The commands for people. Exits by itself; each command documents its exit codes. */
export async function runCommands(argv: readonly string[]): Promise<void> {
  const program = new Command("hearth")
    .description("Fills Redis from PostgreSQL, proves that the cache is warm, and looks after Redis for Pulumi")
    .version(process.env.HEARTH_TOOL_VERSION ?? "dev")
    .showHelpAfterError("(hearth --help lists the commands and their options)");
  program
    .command("operation", { hidden: true })
    .description("what Hearth's Pulumi resources ask for: a request in JSON on stdin, JSON lines on stdout");
  await program.parseAsync(argv);
}
