import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const CHECK_MS = 500;
/** Of the space for new objects: where it could not be kept small from the start. */
const TOO_LARGE_BYTES = 6 * 1024 * 1024;
/** Growth of the heap and its buffers since the last collection that is worth another. */
const WORTH_BYTES = 4 * 1024 * 1024;

type Collect = (options: {
  readonly type: "major";
  readonly execution: "sync";
  readonly flavor: "regular" | "last-resort";
}) => void;

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.physical_space_size ?? 0;
}

/** Bytes of objects and of the buffers that belong to them. */
function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/**
 * Keeps a process that runs for seconds in the memory that it needs: what was loaded and is not needed any more, and
 * the buffers that were let go, are freed by collections that are told to save memory (20 ms). The space for new
 * objects goes back to 2 MiB, and stays there: V8 doubles it again and again otherwise, while code is loaded and when
 * a run reads back what it has written. A run that is over before the first look has the time for neither.
 *
 * For the tool alone: an application's heap is its own.
 * @returns ends it
 */
export function keepHeapSmall(): () => void {
  // The first look always collects: what the start has left behind.
  let kept = 0;
  setFlagsFromString("--semi-space-growth-factor=1");
  const timer = setInterval(() => {
    if (usedBytes() - kept < WORTH_BYTES && youngBytes() <= TOO_LARGE_BYTES) return;
    // The first one also drops code, of which the start leaves much. Later ones must not: what encodes rows would have
    // to be compiled again each time, which costs a fifth of the speed.
    collect()?.({ type: "major", execution: "sync", flavor: kept === 0 ? "last-resort" : "regular" });
    kept = usedBytes();
  }, CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

let collector: Collect | undefined;

/** V8's own function; undefined where it cannot be had. */
function collect(): Collect | undefined {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("typeof gc === 'function' ? gc : undefined") as Collect | undefined;
    setFlagsFromString("--no-expose-gc");
  }
  return collector;
}
