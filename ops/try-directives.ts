import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directiveLines } from "../contract/config-file.ts";
import type { AskedDirective } from "../contract/nodes.ts";
import { isIn } from "./redis-version.ts";

/** A redis-server that can be asked. */
export interface AskableServer {
  /** `7.0.15` */
  readonly version: string;
  /** Whose it is: `this machine's redis-server`. */
  readonly owner: string;
  /** How another version is had: `install Redis`. */
  readonly another: string;
  /** What it says to a configuration on its stdin; empty when it says nothing in time. */
  readConfig(text: string): Promise<string>;
}

/** The installed redis-server. */
export function installedServer(program: string, version: string): AskableServer {
  return {
    version,
    owner: "this machine's redis-server",
    another: "install Redis",
    readConfig: (text) => readConfig(program, text),
  };
}

/** What is wrong with an argument, as Pulumi's check reports it. */
export interface ArgumentFailure {
  readonly property: string;
  readonly reason: string;
}

/**
 * Why a redis-server does not take these directives: it is of another version, it refuses a value, or it
 * was built without what one of them needs (active defragmentation). Empty when it takes them all.
 *
 * The server itself is asked: a configuration with them and `port 0` is read as a whole, then it says that it has
 * nowhere to listen and ends, before it touches any file. That takes 15 ms.
 */
export async function refusedDirectives(
  server: AskableServer,
  asked: readonly AskedDirective[],
): Promise<ArgumentFailure[]> {
  const failures: ArgumentFailure[] = [];
  let left = asked.filter((one) => {
    const reason = whyNotIn(server, one);
    if (reason !== undefined) failures.push({ property: one.property, reason });
    return reason === undefined;
  });
  // The server names the first one that it does not take: the others are tried again without that one.
  while (left.length > 0) {
    const refused = await firstRefused(server, left);
    const culprit = refused && left.find((one) => one.directive.toLowerCase() === refused.name);
    if (!culprit) break;
    const reason = `redis-server ${server.version} refuses ${shown(culprit)}: ${refused.reason}`;
    failures.push({ property: culprit.property, reason });
    left = left.filter((one) => one !== culprit);
  }
  return failures;
}

function whyNotIn({ version, owner, another }: AskableServer, asked: AskedDirective): string | undefined {
  if (isIn(version, asked)) return undefined;
  const here = `${owner} is ${version}, and ${asked.directive}`;
  return isIn(version, { since: asked.since })
    ? `${here} is not in Redis after ${asked.until}: leave it out`
    : `${here} came with Redis ${asked.since}: leave it out, or ${another} ${asked.since} or later`;
}

function shown({ value }: AskedDirective): string {
  return JSON.stringify(typeof value === "string" || value.length !== 1 ? value : value[0]);
}

async function firstRefused(
  server: AskableServer,
  asked: readonly AskedDirective[],
): Promise<{ name: string; reason: string } | undefined> {
  const lines = asked.flatMap(({ directive, value }) => directiveLines(directive, value));
  const said = await server.readConfig(`${["port 0", ...lines].join("\n")}\n`);
  const [, name, ...rest] = />>> '(\S+)[^\n]*\n([^\n]*)/.exec(said) ?? [];
  if (name === undefined) return undefined;
  // From Redis 8 on each line begins as a line of the log: `7967:M 21 Nov 2026 12:22:55.161 # `.
  const reason = (rest[0] ?? "").replace(/^\d+:[A-Z] .*? [#*.-] /, "").trim();
  const unsupported = /modified Jemalloc/i.test(reason);
  return {
    name: name.replace(/'$/, "").toLowerCase(),
    reason: unsupported
      ? "it was built without Redis's own jemalloc, as those of Debian and Ubuntu are; leave it out"
      : reason,
  };
}

/** Whether a redis-server was built without TLS: with it, the first thing that it misses is a certificate. */
export async function lacksTls(server: AskableServer): Promise<boolean> {
  const said = await server.readConfig("port 0\ntls-port 6379\n");
  return /Bad directive|TLS support/i.test(said);
}

/** What redis-server says to a configuration on its stdin; empty when it says nothing in time. */
async function readConfig(program: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hearth-try-"));
  try {
    return await new Promise<string>((resolve) => {
      const child = execFile(program, ["-"], { cwd: folder, timeout: 5000, env: {} }, (_error, stdout, stderr) =>
        resolve(`${stderr}\n${stdout}`),
      );
      child.stdin?.on("error", () => {}); // it ended before it had read everything
      child.stdin?.end(text);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
