import { access, constants } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { type Command, Option } from "commander";
import { replaceFile } from "../../warmer/open-metrics/text-file.ts";
import { type DisplayMode, displayModes } from "../display/modes.ts";
import { InputError } from "./inputs.ts";

export interface ReportOptions {
  readonly progress: DisplayMode;
  readonly report?: string;
}

/** Adds the options for showing how a run goes, and for keeping what it found. */
export function withReportOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--progress <how>",
        "how progress is shown on standard error: bars (a terminal), lines, json (an object a line), none",
      )
        .choices(displayModes)
        .default("auto"),
    )
    .option(...reportOption);
}

/** For commands that end with a report, without progress to show. */
export const reportOption = [
  "--report <file>",
  "write the report to a file as well: a page with charts (.html), or JSON (.json)",
] as const;

/**
 * Whether a report can be written there: known before a run that takes minutes.
 *
 * @throws InputError naming the file and what is wrong.
 */
export async function checkReportFile(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  if (![".html", ".json"].includes(extname(file).toLowerCase())) {
    throw new InputError(`--report: ${file} is neither .html nor .json; the name's end says what is written.`);
  }
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`--report: the folder ${dirname(file)} cannot be written to (${code}).`);
  }
}

/**
 * Writes the report in the form that the file's name asks for. Whoever waits for the file never sees half of it.
 *
 * @param page the report as HTML: made only where it is wanted
 */
export async function writeReportFile(
  file: string | undefined,
  report: object,
  page: () => Promise<string>,
): Promise<void> {
  if (file === undefined) return;
  const isJson = extname(file).toLowerCase() === ".json";
  await replaceFile(file, isJson ? `${JSON.stringify(report, undefined, 2)}\n` : await page());
}
