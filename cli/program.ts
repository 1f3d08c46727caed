import { Command } from "commander";
import { withExitCodes } from "./commands/command.ts";

/** Each is loaded when it is asked for: what a command needs to describe its options takes milliseconds. */
const commands = {
  warm: () => import("./commands/warm.ts"),
  validate: () => import("./commands/validate.ts"),
  stats: () => import("./commands/stats.ts"),
  check: () => import("./commands/check.ts"),
  "serve-health": () => import("./commands/serve-health.ts"),
  estimate: () => import("./commands/estimate.ts"),
  plan: () => import("./commands/plan.ts"),
};

/** The commands for people; each documents its exit codes in its `--help`. */
export async function runCommands(argv: readonly string[]): Promise<void> {
  const program = withExitCodes(new Command("hearth"))
    .description("Fills Redis from PostgreSQL, proves that the cache is warm, and looks after Redis for Pulumi.")
    .version(process.env.HEARTH_TOOL_VERSION ?? "dev")
    .showHelpAfterError("(hearth --help lists the commands, hearth COMMAND --help its options)");
  const asked = argv[2] ?? "";
  const wanted = isCommand(asked) ? [commands[asked]] : Object.values(commands);
  for (const { register } of await Promise.all(wanted.map((load) => load()))) register(program);
  program
    .command("operation", { hidden: true })
    .description("what Hearth's Pulumi resources ask for: a request in JSON on stdin, JSON lines on stdout");
  await program.parseAsync(argv);
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name);
}
