import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Picture, readPng } from "./png.ts";

const run = promisify(execFile);
const programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const chromium = programs.find((path) => existsSync(path));

/** Why no page can be looked at here; undefined when it can. */
export const whyNoChromium =
  chromium === undefined ? "there is no Chromium (Debian: apt-get install chromium)" : undefined;

/** How a page is shown. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  /** Milliseconds of the page's own time that pass before the picture is taken. @default none: when it has loaded */
  readonly after?: number;
}

/**
 * A page as Chromium shows it.
 *
 * @param folder for the browser's profile
 * @param file where the picture is kept, as PNG
 */
export async function look(url: string, folder: string, file: string, shown: Look): Promise<Picture> {
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"];
  const scheme = shown.dark ? ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] : [];
  const where = [`--user-data-dir=${join(folder, "profile")}`, `--screenshot=${file}`];
  const when = shown.after === undefined ? [] : [`--virtual-time-budget=${shown.after}`];
  const size = `--window-size=${shown.width},${shown.height}`;
  await run(chromium ?? "", [...flags, ...scheme, ...where, ...when, size, url], { timeout: 60_000 });
  return readPng(await readFile(file));
}
