import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chown, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { installBinaries } from "../../warmer/demo/binaries.ts";
import { freePorts } from "./ports.ts";
import { until } from "./wait.ts";

const run = promisify(execFile);

/** A throw-away PostgreSQL of a test. */
export interface TestPostgres {
  readonly url: string;
  readonly port: number;
  /** Pid of the server. */
  readonly pid: number;
  /** Runs statements as the owner. */
  sql(text: string): Promise<pg.QueryResult>;
  /** Ends the server at once and removes its data. Safe to call twice. */
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root: there it runs as `nobody`. */
async function account(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "nobody"])).stdout)),
  );
  return { uid: uid ?? 65534, gid: gid ?? 65534 };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
}

/** Starts PostgreSQL on a free port of 127.0.0.1, without fsync, with the settings given (`work_mem=64MB`). */
export async function startPostgres(settings: readonly string[] = []): Promise<TestPostgres> {
  const cache = join(tmpdir(), "hearth-test-programs");
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const programs = await installBinaries(cache);
  const owner = await account();
  const folder = await mkdtemp(join(tmpdir(), "hearth-postgres-"));
  if (owner.uid !== undefined && owner.gid !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  const options = { ...owner, cwd: "/", env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } };
  await run(
    programs.initdb,
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    options,
  );
  const port = await freePorts(1);
  const all = [
    "fsync=off",
    "full_page_writes=off",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
    ...settings,
  ];
  const server = spawn(
    programs.postgres,
    ["-D", data, "-p", String(port), ...all.flatMap((setting) => ["-c", setting])],
    { ...options, stdio: "ignore" },
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const sql = async (text: string): Promise<pg.QueryResult> => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {}); // a test may end the server meanwhile
    await client.connect();
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  const stop = async (): Promise<void> => {
    server.kill("SIGQUIT");
    await ended(server);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(`PostgreSQL answers on ${port}`, () => sql("SELECT 1"));
  } catch (error) {
    await stop();
    throw new Error(`${error}: ${await readFile(join(data, "log"), "utf8").catch(() => "")}`);
  }
  return { url, port, pid: server.pid ?? 0, sql, stop };
}
