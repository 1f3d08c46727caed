import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder } from "../../support/folders.ts";

const run = promisify(execFile);
const module = resolve(import.meta.dirname, "../../../scripts/bootstrap/own-lock.mjs");
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

/** Processes that each read a number, wait, and write one more, three times, alone. */
async function count(lock: string, processes: number): Promise<string> {
  const file = join(folder.path, "number");
  writeFileSync(file, "0");
  const script = `
    import { readFileSync, writeFileSync } from "node:fs";
    import { setTimeout as sleep } from "node:timers/promises";
    import { alone } from ${JSON.stringify(module)};
    for (let round = 0; round < 3; round++) await alone(${JSON.stringify(lock)}, async () => {
      const number = Number(readFileSync(${JSON.stringify(file)}, "utf8"));
      await sleep(20);
      writeFileSync(${JSON.stringify(file)}, String(number + 1));
    });`;
  const all = Array.from({ length: processes }, () => run(process.execPath, ["--input-type=module", "-e", script]));
  await Promise.all(all);
  return readFileSync(file, "utf8");
}

it("lets one process work at a time, and leaves nothing", async () => {
  const lock = join(folder.path, "made", "lock");
  expect(await count(lock, 4)).toBe("12");
  expect(existsSync(lock)).toBe(false);
});

it("is taken over from a process that was killed, by one alone", async () => {
  const lock = join(folder.path, "lock");
  writeFileSync(lock, String(spawnSync("true").pid));
  expect(await count(lock, 4)).toBe("12");
});
