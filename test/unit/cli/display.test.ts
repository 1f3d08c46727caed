import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BarDisplay } from "../../../cli/display/bar-display.ts";
import { Pulses, renderBars, type Terminal } from "../../../cli/display/bars.ts";
import { openDisplay } from "../../../cli/display/display.ts";
import { JsonDisplay } from "../../../cli/display/json-display.ts";
import type { DatasetProgress, Progress } from "../../../warmer/types.ts";
import { Screen } from "../../support/screen.ts";

const dataset = (name: string, changes: Partial<DatasetProgress> = {}): DatasetProgress => ({
  ...{ name, priority: "HIGH", status: "running", rows: 0, keys: 0, failed: 0, bytes: 0, total: 1000 },
  ...changes,
});

const at = (elapsedMs: number, rows: number): Progress => ({
  elapsedMs,
  datasets: [
    dataset("recipes", { status: "done", rows: 100, keys: 100, total: 100 }),
    dataset("preferences", { rows, keys: rows - 2, failed: 2 }),
    dataset("searches", { status: "pending", total: 20 }),
    dataset("meal-plans", { status: "failed", rows: 250, keys: 250, total: 500 }),
  ],
});

/** The run above after two seconds: 250 keys/s in the last one. */
function pulsesOf(...states: readonly Progress[]): Pulses {
  const pulses = new Pulses();
  for (const state of states) pulses.add(state);
  return pulses;
}

const wide: Terminal = { columns: 90, rows: 24, colour: false, unicode: true };
const render = (terminal: Partial<Terminal>) =>
  renderBars(at(2000, 500), pulsesOf(at(1000, 250), at(2000, 500)), { ...wide, ...terminal });

describe("bars", () => {
  it("tell of each dataset how far it is, its keys, failures, rate and time left", () => {
    expect(render({})).toEqual(
      [
        "recipes      ████████████████████████████████████  100 %  100 keys",
        "preferences  ██████████████████░░░░░░░░░░░░░░░░░░   50 %  498 keys  2 failed  250/s  ETA 2 s",
        "searches     ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  waiting",
        "meal-plans   ██████████████████░░░░░░░░░░░░░░░░░░  failed  250 keys",
        "total        ██████████████████░░░░░░░░░░░░░░░░░░   62 %  848 keys  2 failed  250/s  ETA 3 s",
      ].map((line) =>
        expect.stringMatching(new RegExp(`^${line.replaceAll(/[█░]+/g, "[█░]+").replaceAll(/ +/g, " +")}$`)),
      ),
    );
  });

  it("fit into every width: bars, then cells, then names give way", () => {
    for (let columns = 1; columns <= 200; columns++) {
      for (const line of render({ columns })) expect(line.length, `${columns}: ${line}`).toBeLessThanOrEqual(columns);
    }
    expect(render({ columns: 40 })[1]).toMatch(/^preferences {2}[█░]{8,} +50 % {2}498 keys$/);
    expect(render({ columns: 24 })[1]).toBe("preferen     50 %");
  });

  it("are coloured only where that is wanted, and of ASCII where blocks are not known", () => {
    expect(render({}).join("")).not.toContain("\u001b");
    expect(render({ colour: true })[1]).toMatch(/\u001b\[36m█+░+\u001b\[0m/u);
    expect(render({ colour: true })[3]).toContain("\u001b[31m");
    expect(render({ unicode: false }).join("\n")).toMatch(/#+\.+/);
    expect(render({ unicode: false }).join("\n")).not.toMatch(/[█░]/);
  });

  it("of more datasets than lines: those that run, and a count of the others", () => {
    const datasets = Array.from({ length: 50 }, (_, index) =>
      dataset(`d${index}`, { status: index < 40 ? "done" : index === 40 ? "running" : "pending" }),
    );
    const lines = renderBars({ elapsedMs: 1, datasets }, new Pulses(), { ...wide, rows: 10 });
    expect(lines).toHaveLength(8);
    expect(lines[0]).toMatch(/^d40 /);
    expect(lines.at(-2)).toBe("and 44 more datasets");
    expect(lines.at(-1)).toMatch(/^total /);
  });

  it("of a dataset whose size is not known tell no share and no time left", () => {
    const { total: _, ...unknown } = dataset("x", { rows: 5, keys: 5 });
    const lines = renderBars({ elapsedMs: 1000, datasets: [unknown] }, new Pulses(), wide);
    expect(lines[0]).toMatch(/^x {6}░+ {2}\? {2}5 keys {2}0\/s$/);
  });
});

describe("display on a terminal", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const open = (screen: Screen, env: NodeJS.ProcessEnv = {}) => {
    const stream = {
      isTTY: true,
      rows: 24,
      get columns() {
        return screen.columns;
      },
      write: (text: string) => screen.write(text),
    };
    return openDisplay("auto", stream, { LANG: "C.UTF-8", ...env });
  };

  it("draws again in place, keeps notes, and leaves nothing behind", () => {
    const screen = new Screen(80);
    screen.write("$ hearth warm\n");
    const display = open(screen);
    expect(display).toBeInstanceOf(BarDisplay);
    display.hooks.onStep?.("warming");
    display.hooks.onProgress?.(at(1000, 250));
    vi.advanceTimersByTime(1000);
    expect(screen.text).toMatch(/^\$ hearth warm\nwarming, 1\.\d\d s\nrecipes .*100 keys\npreferences .*248 keys/);
    expect(screen.cursorVisible).toBe(false);
    expect(screen.coloured).toBe(true);
    display.hooks.note?.("another warmer is at work");
    display.hooks.onProgress?.(at(2000, 500));
    vi.advanceTimersByTime(1000);
    expect(screen.text.split("\n")).toHaveLength(8);
    expect(screen.text).toMatch(/^\$ hearth warm\nanother warmer is at work\nwarming, 2\.\d\d s\n/);
    display.end({ error: new Error("x") });
    vi.advanceTimersByTime(1000);
    expect(screen.text).toBe("$ hearth warm\nanother warmer is at work");
    expect(screen.cursorVisible).toBe(true);
  });

  it("stays in place on a screen of any width, and without colour when NO_COLOR is set", () => {
    for (const columns of [2, 10, 20, 33, 47, 60, 100]) {
      const screen = new Screen(columns);
      const display = open(screen, { NO_COLOR: "1" });
      display.hooks.onProgress?.(at(1000, 250));
      vi.advanceTimersByTime(3000);
      expect(screen.text.split("\n"), String(columns)).toHaveLength(6);
      expect(screen.coloured).toBe(false);
      display.end({ error: new Error("x") });
      expect(screen.text).toBe("");
    }
  });

  it("shows nothing of a run that is over at once", () => {
    const screen = new Screen(80);
    const display = open(screen);
    display.hooks.onProgress?.(at(100, 250));
    vi.advanceTimersByTime(150);
    display.end({ error: new Error("x") });
    expect(screen.text).toBe("");
    expect(screen.cursorVisible).toBe(true);
  });
});

describe("display elsewhere", () => {
  it.each([
    ["auto", { isTTY: true }, {}, BarDisplay],
    ["auto", { isTTY: true }, { TERM: "dumb" }, Object],
    ["auto", {}, {}, Object],
    ["bars", {}, {}, BarDisplay],
    ["json", { isTTY: true }, {}, JsonDisplay],
    ["none", { isTTY: true }, {}, Object],
  ] as const)("%s, %j, %j", (mode, stream, env, type) => {
    const display = openDisplay(mode, { ...stream, write: () => {} }, env);
    display.end({ error: "x" });
    expect(display.constructor).toBe(type);
  });

  it("json: an object a line, at most four a second while rows flow", () => {
    const lines: string[] = [];
    const display = openDisplay("json", { write: (text) => lines.push(text) }, {});
    display.hooks.onStep?.("warming");
    display.hooks.note?.("a note");
    display.hooks.onProgress?.({ ...at(1000, 250), usedMemory: 1_000_000 });
    display.hooks.onProgress?.(at(1001, 251));
    display.end({ error: new Error("no Redis") });
    expect(lines.every((line) => line.endsWith("\n"))).toBe(true);
    const elapsedMs = expect.any(Number);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { event: "step", elapsedMs, step: "warming" },
      { event: "note", elapsedMs, text: "a note" },
      {
        ...{ event: "progress", elapsedMs, totalKeysWarmed: 598, warmingProgress: 43.7, estimatedTimeRemaining: null },
        ...{ warmingRate: 0, memoryUsage: 1_000_000, hitRatioImprovement: null },
        phases: {
          recipes: { status: "done", keys: 100, failed: 0, total: 100 },
          preferences: { status: "running", keys: 248, failed: 2, total: 1000 },
          searches: { status: "pending", keys: 0, failed: 0, total: 20 },
          "meal-plans": { status: "failed", keys: 250, failed: 0, total: 500 },
        },
      },
      { event: "end", elapsedMs, ok: false, verdict: null, error: "no Redis" },
    ]);
  });
});
