import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import type { Account } from "./cache.ts";
import { demoData } from "./data.ts";
import { withLock } from "./lock.ts";
import { demoSchema } from "./schema.ts";
import { scramVerifier } from "./scram.ts";

/** Name of the demo's database and of the role that reads it. */
export const demoName = "meal_planner";

/** A data folder with the demo's tables, to be copied for each start. */
export interface Template {
  /** PostgreSQL's data folder. */
  readonly data: string;
  /** The password that the role has in it; each start gives the role a new one. */
  readonly password: string;
}

/** The data's windows reach 24 hours further than its age; see demoData. */
const maximumAgeMs = 24 * 3600 * 1000;

/** A template that is too old to be chosen may still be being copied by whoever chose it before. */
const graceMs = 3600 * 1000;

/**
 * Small, quick to start, reachable only from this machine. Nothing survives a crash (fsync off), and
 * nothing has to: the data is a copy. io_method and the worker settings spare the processes that a
 * database of 15 MB has no use for.
 */
const configuration = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 20
shared_buffers = 16MB
dynamic_shared_memory_type = mmap
io_method = sync
max_worker_processes = 0
max_parallel_workers = 0
max_parallel_workers_per_gather = 0
max_logical_replication_workers = 0
autovacuum = off
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 2MB
max_wal_size = 64MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
`;

/** Only the demo's role, only to its database, only with its password: the superuser has no way in. */
const authentication = `host ${demoName} ${demoName} 127.0.0.1/32 scram-sha-256\n`;

const beforeData = `
CREATE DATABASE ${demoName} TEMPLATE template0;
`;

function afterData(verifier: string): string {
  return `
CREATE ROLE ${demoName} LOGIN PASSWORD '${verifier}';

GRANT pg_read_all_data TO ${demoName};

ALTER ROLE ${demoName} SET default_transaction_read_only = on;

UPDATE pg_database SET datistemplate = false;

DROP DATABASE template0;

DROP DATABASE template1;

DROP DATABASE postgres;

VACUUM (FREEZE, ANALYZE);

CHECKPOINT;
`;
}

/** To be raised when `build` changes in a way that the other parts of the fingerprint do not show. */
const buildVersion = "3";

/** What the template depends on, as a short name. */
function fingerprint(version: string): string {
  const parts = [version, buildVersion, configuration, authentication, beforeData, demoSchema, demoData, afterData("")];
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 12);
}

/**
 * The newest template that is fit to use, built first when there is none. Two tools at once build one:
 * the second waits for the first.
 *
 * @param folder where templates are kept; exists.
 */
export async function demoTemplate(
  folder: string,
  binaries: Binaries,
  account: Account | undefined,
  options: { readonly signal?: AbortSignal; readonly progress?: (line: string) => void } = {},
): Promise<Template> {
  const prefix = `template-${fingerprint(binaries.version)}-`;
  const found = await newest(folder, prefix);
  if (found !== undefined) {
    return found;
  }
  return await withLock(join(folder, "template.lock"), options.signal, async () => {
    const built = await newest(folder, prefix);
    if (built !== undefined) {
      return built;
    }
    options.progress?.("preparing the demo database, once a day");
    await removeOld(folder);
    const unfinished = await mkdtemp(join(folder, "building-"));
    try {
      await build(unfinished, binaries, account);
      await rename(unfinished, join(folder, `${prefix}${Date.now()}`));
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    const template = await newest(folder, prefix);
    if (template === undefined) {
      throw new Error(`The demo's data was built in ${folder}, and something else has removed it.`);
    }
    return template;
  });
}

async function newest(folder: string, prefix: string): Promise<Template | undefined> {
  const times = (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((time) => Math.abs(Date.now() - time) < maximumAgeMs);
  if (times.length === 0) {
    return undefined;
  }
  const path = join(folder, prefix + Math.max(...times));
  return { data: join(path, "data"), password: await readFile(join(path, "password"), "utf8") };
}

/** Removes what nobody chooses any more, and what a killed builder (we hold the lock) left behind. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const time = /^template-[0-9a-f]+-(\d+)$/.exec(name)?.[1];
    const old = time !== undefined && Date.now() - Number(time) > maximumAgeMs + graceMs;
    if (old || name.startsWith("building-")) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

async function build(folder: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  const data = join(folder, "data");
  const password = randomBytes(24).toString("base64url");
  if (account !== undefined) {
    await chown(folder, account.uid, account.gid);
  }
  await run(binaries.initdb, account, "", [
    ...["--pgdata", data, "--username", "postgres", "--auth", "reject", "--encoding", "UTF8", "--wal-segsize", "1"],
    ...["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"],
    ...["--no-sync", "--no-data-checksums", "--no-instructions"],
  ]);
  await writeFile(join(data, "postgresql.conf"), configuration);
  await writeFile(join(data, "pg_hba.conf"), authentication);
  const alone = ["--single", "-j", "-D", data, "-c", "exit_on_error=on"];
  await run(binaries.postgres, account, beforeData, [...alone, "postgres"]);
  await run(binaries.postgres, account, demoSchema + demoData + afterData(scramVerifier(password)), [
    ...alone,
    demoName,
  ]);
  await dropSpareLog(join(data, "pg_wal"));
  await dropFreeSpaceMaps(join(data, "base"));
  await writeFile(join(folder, "password"), password, { mode: 0o600 });
  if (account !== undefined) {
    // From here on PostgreSQL's account may pass to its data, and change nothing beside it.
    await chown(folder, 0, 0);
    await chmod(folder, 0o711);
  }
}

/**
 * Removes the log segments that PostgreSQL keeps for later use: 1 MB each to copy for nothing. After a
 * clean shutdown the lowest one holds the last checkpoint, which may reach into the next.
 */
async function dropSpareLog(folder: string): Promise<void> {
  const segments = (await readdir(folder)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
  await Promise.all(segments.slice(2).map((name) => rm(join(folder, name))));
}

/**
 * Removes the maps of free space, an eighth of the files: they only help writers, and PostgreSQL makes one again where
 * it wants one.
 */
async function dropFreeSpaceMaps(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  await Promise.all(names.filter((name) => name.endsWith("_fsm")).map((name) => rm(join(folder, name))));
}

/** Runs a program of PostgreSQL to its end. */
function run(program: string, account: Account | undefined, input: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: "/",
      env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
      stdio: ["pipe", "ignore", "pipe"],
      ...account,
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(`The demo's data cannot be built: ${program} ended with ${code}:\n${said.trim()}`));
      }
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
