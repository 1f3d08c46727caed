import { chmodSync, lstatSync, mkdirSync, type Stats, statSync } from "node:fs";

/**
 * Why a folder cannot hold a node's files: who owns it can exchange what is in it, and a server reads its users, its
 * password and the modules that it loads from there. A symbolic link is its owner's, wherever it leads. Undefined when
 * the folder is ours, or not there yet.
 */
export function whyNotOurs(folder: string): string | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined; // no owners by number here
  // Root by sudo may trust whoever may become root.
  const trusted = [own, ...(own === 0 && process.env.SUDO_UID ? [Number(process.env.SUDO_UID)] : [])];
  const foreign = [lstatSync, statSync].map((look) => look(folder, { throwIfNoEntry: false }) as Stats | undefined);
  const owner = foreign.find((stats) => stats !== undefined && !trusted.includes(stats.uid))?.uid;
  if (owner === undefined) return undefined;
  return `${folder} belongs to user ${owner}, who could exchange what servers read there, and this is user ${own}: remove it, or choose another folder (hearth:directory)`;
}

/** Makes a folder that its owner alone may enter. Throws where it is there and somebody else's. */
export function makeOwnFolder(folder: string): void {
  const why = whyNotOurs(folder);
  if (why !== undefined) throw new Error(why);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}
