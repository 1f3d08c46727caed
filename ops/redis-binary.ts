import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The oldest Redis that Hearth starts: ACLs and their files came with 6.0. */
export const oldestVersion = "6.0.0";

const howToInstall =
  "install it (Debian, Ubuntu: apt-get install redis-server redis-sentinel; macOS: brew install redis) and see that it is on the PATH";

/** The program's full path, or undefined when it is in none of the folders: those of the PATH, and `more`. */
export function findProgram(name: string, more: readonly string[] = []): string | undefined {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...more]) {
    if (folder === "") continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder; the next one may have it
    }
  }
  return undefined;
}

/** Program and arguments that start a server of this kind; the path of its configuration file comes after them. */
export function serverCommand(kind: "redis" | "sentinel"): { program: string; before: string[]; after: string[] } {
  const sentinel = kind === "sentinel" ? findProgram("redis-sentinel") : undefined;
  if (sentinel) return { program: sentinel, before: [], after: [] };
  const program = findProgram("redis-server");
  if (!program) throw new Error(`redis-server is not on the PATH: ${howToInstall}`);
  return { program, before: [], after: kind === "sentinel" ? ["--sentinel"] : [] };
}

/** What is wrong with this machine's Redis, or its program and version. */
export async function inspectRedis(): Promise<
  { readonly program: string; readonly version: string } | { readonly problem: string }
> {
  const program = findProgram("redis-server");
  if (!program) return { problem: `redis-server is not on the PATH; Redis >= 6.0 is needed: ${howToInstall}` };
  const answer = await versionLine(program);
  const version = versionIn(answer);
  if (version === undefined) {
    const said = answer.trim().slice(0, 200);
    return {
      problem: `${program} --version did not name a version of Redis (${said}); Redis >= 6.0 is needed: ${howToInstall}`,
    };
  }
  if (Number.parseInt(version, 10) < Number.parseInt(oldestVersion, 10)) {
    return { problem: `${program} is Redis ${version}; Redis >= 6.0 is needed: ${howToInstall}` };
  }
  return { program, version };
}

/** Version of the program that starts a server of this kind (`7.0.15`); undefined when it does not tell. */
export async function installedVersion(kind: "redis" | "sentinel"): Promise<string | undefined> {
  return versionIn(await versionLine(serverCommand(kind).program));
}

function versionIn(answer: string): string | undefined {
  return /\bv=(\d+\.\d+\.\d+)/.exec(answer)?.[1];
}

const versionLines = new Map<string, Promise<string>>();

/** What the program says to `--version`: asked once, because one tool starts all servers of an update. */
function versionLine(program: string): Promise<string> {
  // Another program at the same path is another one; redis-sentinel is most often a link to redis-server.
  const file = realpathSync(program);
  const { mtimeMs, size } = statSync(file);
  const key = [file, mtimeMs, size].join(" ");
  const known = versionLines.get(key);
  if (known) return known;
  const asked = new Promise<string>((resolve) => {
    execFile(program, ["--version"], { timeout: 5000 }, (error, stdout, stderr) => {
      if (error) versionLines.delete(key);
      resolve(error && stdout === "" ? `it failed: ${stderr || error.message}` : stdout);
    });
  });
  versionLines.set(key, asked);
  return asked;
}
