// Before something is timed: until the machine has put away what was ended before (containers, their networks).
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const lookMs = 250;
const limitMs = 15_000;

/** Waits until the processors had next to nothing to do for a moment; goes on after 15 s in any case. */
export async function atRest() {
  for (const end = Date.now() + limitMs; Date.now() < end; ) {
    const before = ticks();
    await sleep(lookMs);
    const after = ticks();
    if ((after.busy - before.busy) / (after.all - before.all) < 0.05) return;
  }
}

/** What the processors have done since the start: user, nice, system, idle, iowait, irq, softirq, steal. */
function ticks() {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, ...others] = line.split(/\s+/).slice(1, 9).map(Number);
  const busy = user + nice + system + others.reduce((sum, one) => sum + one, 0);
  return { busy, all: busy + idle + iowait };
}
