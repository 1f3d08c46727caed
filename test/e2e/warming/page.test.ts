import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { htmlReport } from "../../../warmer/html/page.ts";
import { look as lookAt, whyNoChromium } from "../../support/chromium.ts";
import type { Picture } from "../../support/png.ts";
import { exampleReport } from "../../support/report.ts";

if (whyNoChromium) console.warn(`page.test.ts: skipped, ${whyNoChromium}`);

describe.skipIf(whyNoChromium)("page of a report, looked at", () => {
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
    return lookAt(`file://${join(folder, "frame.html")}`, folder, picture, {
      width: Math.max(width, 600),
      height,
      dark,
    });
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
