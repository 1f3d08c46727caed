import type { Node } from "./node.ts";
import { isAlive, type ProcessIdentity, removeRecord } from "./process-record.ts";
import { shutDownWithoutSaving } from "./steps.ts";
import { StillMissing, waitFor } from "./wait.ts";

/** Milliseconds that a server whose data is not wanted has to end by itself. */
const graceMs = 10_000;

/**
 * Stops a server and waits until it is gone, with its data as safe as its persistence makes it. SIGTERM is Redis's own
 * SHUTDOWN, and needs no password. A server that cannot save refuses to end: then this rejects at the operation's
 * deadline, and the server goes on. A refusal may be for the moment (while the first append-only file is written), so it
 * is asked again every second.
 */
export async function stopServer(node: Node, identity: ProcessIdentity, signal: AbortSignal): Promise<void> {
  let asked = Number.NEGATIVE_INFINITY;
  const gone = () => {
    if (performance.now() - asked >= 1000) {
      send(identity, "SIGTERM");
      asked = performance.now();
    }
    return goneOf(identity);
  };
  await waitFor(gone, {
    what: `stopping ${node.name} (its log ${node.logFile} says what it waits for)`,
    signal,
    everyMs: 10,
  });
  removeRecord(node.folder);
}

/**
 * Ends a server whose data is no longer wanted: SHUTDOWN NOSAVE, else SIGTERM, and SIGKILL after 10 s. It is not
 * interrupted by the operation's deadline, because half of it would leave a server that nobody knows of.
 */
export async function endServer(node: Node, identity: ProcessIdentity): Promise<void> {
  const { signal } = new AbortController();
  if (!(await shutDownWithoutSaving(node, identity.pid))) send(identity, "SIGTERM");
  const gone = () => goneOf(identity);
  try {
    await waitFor(gone, { what: `stopping ${node.name}`, signal, limitMs: graceMs, everyMs: 10 });
  } catch (error) {
    if (!(error instanceof StillMissing)) throw error;
    send(identity, "SIGKILL");
    await waitFor(gone, { what: `killing ${node.name}`, signal, limitMs: graceMs, everyMs: 10 });
  }
  removeRecord(node.folder);
}

function goneOf(identity: ProcessIdentity): { value: true } | { missing: string } {
  return isAlive(identity) ? { missing: `the end of process ${identity.pid}` } : { value: true };
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
