import { accessSync, chmodSync, constants, mkdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** A user and group of this machine. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account that PostgreSQL runs under: `nobody` when the tool runs as root, which PostgreSQL
 * refuses; otherwise the tool's own, given as undefined.
 */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const accounts = new Map(
    readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }] as const),
  );
  const account = accounts.get("nobody") ?? accounts.get("daemon");
  if (account === undefined || !(account.uid > 0)) {
    throw new Error(
      "The demo database cannot start: PostgreSQL refuses to run as root, and /etc/passwd has neither the user " +
        '"nobody" nor "daemon" to run it under. Run as an ordinary user, or give a PostgreSQL URL as source.',
    );
  }
  return account;
}

/**
 * Where Hearth keeps what may be built again: HEARTH_CACHE, else $XDG_CACHE_HOME/hearth, else
 * ~/.cache/hearth. PostgreSQL must be able to reach it under `account`; where it cannot (the home
 * folder of root), /var/cache/hearth.
 */
export function cacheFolder(account: Account | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  const wanted = environment.HEARTH_CACHE
    ? resolve(environment.HEARTH_CACHE)
    : join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "hearth");
  const folder = account !== undefined && !openToOthers(wanted) ? "/var/cache/hearth" : wanted;
  try {
    makeFolder(folder, account);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new Error(
      `The cache folder ${folder} cannot be written (${(error as NodeJS.ErrnoException).code}). ` +
        "Set HEARTH_CACHE to a folder that can be.",
    );
  }
  return folder;
}

/** Makes a folder, with those above it; where PostgreSQL has an account of its own, passable whatever the umask is. */
export function makeFolder(folder: string, account: Account | undefined): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined || account === undefined) {
    return;
  }
  for (let made = folder; made.startsWith(first); made = dirname(made)) {
    chmodSync(made, 0o755);
  }
}

/** Whether every folder down to `folder` may be passed by any user; one that does not exist yet will be. */
function openToOthers(folder: string): boolean {
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
  if (mode !== undefined && (mode & 0o001) === 0) {
    return false;
  }
  const parent = dirname(folder);
  return parent === folder || openToOthers(parent);
}
