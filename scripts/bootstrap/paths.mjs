// Where things are: the repository, the cache that outlives it, and programs on the PATH.
import { accessSync, constants, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Programs of the installed packages; the project's own Node 24 is among them. */
export const binFolder = path.join(root, "node_modules", ".bin");

/**
 * Folder outside the repository for what is expensive to make, so that a second clone does not make it again:
 * `HEARTH_CACHE`, else `$XDG_CACHE_HOME/hearth`, else `~/.cache/hearth`.
 */
export function cacheFolder() {
  const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return path.resolve(process.env.HEARTH_CACHE || path.join(base, "hearth"));
}

/** True for a file that this user may run. */
export function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The full path of a program on the PATH, or undefined. Looked up without starting anything. */
export function findProgram(name, searchPath = process.env.PATH ?? "") {
  for (const folder of searchPath.split(path.delimiter)) {
    const file = path.resolve(folder || ".", name);
    if (isProgram(file)) return file;
  }
  return undefined;
}

/** The PATH with these folders first, each folder once. */
export function prependPath(folders, searchPath = process.env.PATH ?? "") {
  return [...new Set([...folders, ...searchPath.split(path.delimiter)])].filter(Boolean).join(path.delimiter);
}

/** The PATH without the repository's own programs: what a fresh clone would see. */
export function pathOutside(searchPath = process.env.PATH ?? "") {
  return searchPath
    .split(path.delimiter)
    .filter((folder) => path.resolve(folder) !== binFolder)
    .join(path.delimiter);
}

/** A path for people: the home folder as `~`. */
export function displayPath(file) {
  const home = os.homedir();
  return file === home || file.startsWith(home + path.sep) ? `~${file.slice(home.length)}` : file;
}
