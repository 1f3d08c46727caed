import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { htmlReport } from "../../../warmer/html/page.ts";
import { type Picture, readPng } from "../../support/png.ts";
import { exampleReport } from "../../support/report.ts";

const run = promisify(execFile);
const programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const chromium = programs.find((path) => existsSync(path));
if (chromium === undefined) {
  console.warn("page.test.ts: skipped, there is no Chromium (Debian: apt-get install chromium)");
}

describe.skipIf(chromium === undefined)("page of a report, looked at", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hearth-page-"));
    await writeFile(join(folder, "page.html"), htmlReport(exampleReport(), "meal-planner"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The page in a frame of this width: a window cannot be made as narrow as a telephone. */
  async function look(width: number, dark = false): Promise<Picture> {
    const height = width < 600 ? 3000 : 2100;
    const frame = `<body style="margin:0"><iframe src="page.html" style="border:0;width:${width}px;height:${height}px">`;
    await writeFile(join(folder, "frame.html"), frame);
    const picture = join(folder, `${width}${dark ? "-dark" : ""}.png`);
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"];
    const scheme = dark ? ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] : [];
    const where = [`--user-data-dir=${join(folder, "profile")}`, `--screenshot=${picture}`];
    const size = `--window-size=${Math.max(width, 600)},${height}`;
    await run(chromium ?? "", [...flags, ...scheme, ...where, size, `file://${join(folder, "frame.html")}`], {
      timeout: 60_000,
    });
    return readPng(await readFile(picture));
  }

  /** How often each colour is there. */
  function colours(picture: Picture, right: number): Map<string, number> {
    const found = new Map<string, number>();
    for (let y = 0; y < picture.height; y++) {
      for (let x = 0; x < right; x++) {
        const colour = picture.colour(x, y);
        found.set(colour, (found.get(colour) ?? 0) + 1);
      }
    }
    return found;
  }

  const light = { page: "#f6f6f4", series: ["#2a78d6", "#eb6834", "#1baf7a", "#eda100", "#e87ba4"] };
  const dark = { page: "#121211", series: ["#3987e5", "#d95926", "#199e70", "#c98500", "#d55181"] };

  it.each([
    [1280, false, light],
    [400, false, light],
    [1280, true, dark],
  ] as const)("at %d pixels, dark: %s", async (width, isDark, expected) => {
    const picture = await look(width, isDark);
    const found = colours(picture, width);
    expect(found.get(expected.page) ?? 0).toBeGreaterThan(20_000);
    // Each dataset has an area of its own in the chart of rates.
    for (const series of expected.series) expect(found.get(series) ?? 0, series).toBeGreaterThan(1000);
    // Nothing is wider than the page: its margin on the right is free from top to bottom.
    for (let y = 0; y < picture.height; y++) expect(picture.colour(width - 4, y)).toBe(expected.page);
  });
});
