import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const CHECK_MS = 500;
/** Of the space for new objects; V8 begins with 1 MiB, and has 16 to 32 of it after the start of the tool. */
const TOO_LARGE_BYTES = 6 * 1024 * 1024;

type Collect = (options: {
  readonly type: "major";
  readonly execution: "sync";
  readonly flavor: "last-resort";
}) => void;

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.physical_space_size ?? 0;
}

/**
 * Keeps a process that runs for seconds in the memory that it needs: loading the code makes V8 set aside tens of
 * megabytes for new objects, which warming hardly makes, and which V8 gives back only after a collection that is told
 * to save memory (20 ms). There is no option for it that could be set after the start of Node.
 *
 * For the tool alone: an application's heap is its own.
 * @returns ends it
 */
export function keepHeapSmall(): () => void {
  const timer = setInterval(() => {
    if (youngBytes() > TOO_LARGE_BYTES) collect()?.({ type: "major", execution: "sync", flavor: "last-resort" });
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
