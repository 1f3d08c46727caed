import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a program asks the time with; straight to the kernel, so that no allocator is needed for it. */
const source = `
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead(void) {
  static long seconds;
  static int known;
  if (!known) {
    const char *text = getenv("CLOCK_AHEAD");
    seconds = text == NULL ? 0 : atol(text);
    known = 1;
  }
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += ahead();
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
`;

let library: string | undefined;

/** Why no clock can be wrong here; undefined where one can. libfaketime ends in a loop with Redis's allocator. */
export function whyNoWrongClock(): string | undefined {
  if (process.platform !== "linux") return "LD_PRELOAD is Linux's";
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "there is no C compiler (cc)";
  }
}

/** The environment of a process whose clock is so many seconds ahead of this machine's. */
export function clockAheadBy(seconds: number): NodeJS.ProcessEnv {
  if (library === undefined) {
    const folder = mkdtempSync(join(tmpdir(), "hearth-clock-"));
    writeFileSync(join(folder, "clock.c"), source);
    library = join(folder, "clock.so");
    execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, join(folder, "clock.c")], { stdio: "inherit" });
  }
  return { LD_PRELOAD: library, CLOCK_AHEAD: String(seconds) };
}
