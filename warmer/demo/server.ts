import { type ChildProcess, spawn } from "node:child_process";
import { chown, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Account } from "./cache.ts";

/** A running PostgreSQL over a data folder of its own. */
export interface Server {
  readonly port: number;
  /** The folder that holds the data and the log; gone after `stop`. */
  readonly folder: string;
  /** Set when the server ended by itself, with its last words. */
  readonly exited: Promise<Error>;
  /** Ends the server at once and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * The server's keeper, a POSIX shell in a session of its own.
 *
 * It copies the template, starts PostgreSQL, and ends it when its standard input closes. The tool
 * holds the other end, and the kernel closes it however the tool ends, SIGKILL included: stopping on
 * purpose and dying take the same way. SIGQUIT is PostgreSQL's immediate shutdown; it is repeated
 * because a signal that comes before PostgreSQL has set its handlers is lost (shells start background
 * commands with SIGQUIT ignored), for 10 seconds at most. Then the data, which nobody needs any more, is removed.
 *
 * Arguments: the template's data, the run's folder, the program, the port.
 */
const keeper = `
umask 077
exec 3<&0
cp -R "$1" "$2/data" || exit 1
"$3" -D "$2/data" -p "$4" </dev/null >>"$2/log" 2>&1 3<&- &
server=$!
(
  cat <&3 >/dev/null
  tries=0
  while [ "$tries" -lt 200 ] && kill -QUIT "$server" 2>/dev/null; do
    tries=$((tries + 1))
    sleep 0.05
  done
) </dev/null >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"
kill "$watcher" 2>/dev/null
tail -n 20 "$2/log"
rm -rf "$2/data" "$2/log"
`;

/**
 * Starts PostgreSQL on a copy of `template` and a free port of 127.0.0.1. It answers a little later.
 * It does not keep the tool's event loop alive, so that a forgotten `stop` delays nothing.
 */
export async function startServer(options: {
  readonly template: string;
  readonly runs: string;
  readonly postgres: string;
  readonly account: Account | undefined;
}): Promise<Server> {
  const folder = await mkdtemp(join(options.runs, "run-"));
  await writeFile(join(folder, "owner"), `${process.pid}\n`);
  if (options.account !== undefined) {
    await chown(folder, options.account.uid, options.account.gid);
  }
  const port = await freePort();
  const child = spawn("/bin/sh", ["-c", keeper, "sh", options.template, folder, options.postgres, String(port)], {
    detached: true,
    cwd: "/",
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    stdio: ["pipe", "pipe", "pipe"],
    ...options.account,
  });
  const exited = lastWords(child);
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as { unref?(): void } | null)?.unref?.();
  }
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    child.ref();
    child.stdin?.destroy();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  return {
    port,
    folder,
    exited,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Resolves when the keeper has ended, with an error that quotes what PostgreSQL and the shell said last. */
function lastWords(child: ChildProcess): Promise<Error> {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  // The keeper may be gone before it has read its input to the end: nothing is lost by that.
  child.stdin?.on("error", () => undefined);
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(new Error(`The demo database cannot start: ${error.message}.`)));
    child.once("close", () => resolve(new Error(`The demo database ended by itself. It said last:\n${said.trim()}`)));
  });
}

/** A TCP port of 127.0.0.1 that nobody listens on. Another program may take it first: see `startDemoDatabase`. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** The pid that a file of a run's folder begins with; undefined when there is none. */
export async function pidIn(file: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}
