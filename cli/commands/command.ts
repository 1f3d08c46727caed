import { type Command, InvalidArgumentError } from "commander";
import { InputError } from "./inputs.ts";

/** Exit codes of the commands for people. */
export const exitCodes = { ok: 0, gateMissed: 1, badInput: 2, failed: 3, busy: 4, interrupted: 130 } as const;

/** For the end of a command's help. */
export const exitCodesHelp = `
Exit codes:
  0    done, and the cache is warm
  1    done, but the gate was missed: too few keys, or too low a hit ratio
  2    wrong input: options, plan, endpoint or source
  3    PostgreSQL or Redis failed
  4    warm: another warmer is at work on the plan, in the same cache
  130  interrupted`;

/** Wrong options end with the exit code that is documented for them; --help and --version with 0. */
export function withExitCodes(command: Command): Command {
  return command.exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput));
}

/** What a command is given besides its options. */
export interface CommandContext {
  /** Aborted by the first SIGINT or SIGTERM; the second one ends the process at once. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command to its exit code: errors become one message on stderr, signals an interruption that lets
 * the command clean up.
 *
 * @param interrupted the exit code after a signal: that of commands which only end by one is 0
 */
export async function runCommand(
  work: (context: CommandContext) => Promise<number>,
  { interrupted = exitCodes.interrupted }: { readonly interrupted?: number } = {},
): Promise<void> {
  const controller = new AbortController();
  const interrupt = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      process.exit(exitCodes.interrupted);
    }
    controller.abort(new Error(`interrupted by ${name}`));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  let code: number;
  try {
    code = await work({ signal: controller.signal });
  } catch (error) {
    process.stderr.write(`hearth: ${error instanceof Error ? error.message : String(error)}\n`);
    code = codeOf(error);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
  process.exitCode = controller.signal.aborted ? interrupted : code;
}

/** By name: the warmer is loaded only where it is needed. */
function codeOf(error: unknown): number {
  if (error instanceof InputError) return exitCodes.badInput;
  return error instanceof Error && error.name === "BusyError" ? exitCodes.busy : exitCodes.failed;
}

/** For commander: a whole number from `least` up, or to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text) || Number(text) < least || Number(text) > most) {
      const to = most === Number.MAX_SAFE_INTEGER ? "up" : `to ${most}`;
      throw new InvalidArgumentError(`Allowed is a whole number from ${least} ${to}.`);
    }
    return Number(text);
  };
}

/** For commander: a share from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError("Allowed is a share from 0 to 1, such as 0.9.");
  }
  return value;
}

/** JSON for machines, on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
