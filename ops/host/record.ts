import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { AppliedSetting } from "../../contract/host.ts";
import { withLock } from "../lock.ts";
import { writeAtomically } from "../process-record.ts";
import type { HostRoots } from "./roots.ts";
import { isSysctl, tmpfilesLine } from "./settings.ts";

/** A setting that Hearth changed, and the topologies that still need it, by the folders of their nodes. */
export interface ClaimedSetting extends AppliedSetting {
  readonly claims: readonly string[];
}

/**
 * What Hearth has set on this machine, for all its stacks: several topologies share one kernel, so the one that set
 * something may be gone before another that relies on it. The last one to go puts back what was there.
 */
export type HostRecord = Record<string, ClaimedSetting>;

const recordFile = (roots: HostRoots): string => join(roots.state, "host.json");

/** Whether Hearth has set anything on this machine that was not put back yet. */
export function hasRecord(roots: HostRoots): boolean {
  return existsSync(recordFile(roots));
}

/**
 * Works on the record, alone: `work` changes it in place, and saves it by `save` before each change of the machine, so
 * that a tool which is killed in between has not forgotten what was there. At the end the files that set the same
 * after a restart of the machine are written, or removed.
 *
 * @param notKept is told why these files could not be written: no reason to fail
 */
export async function withRecord<T>(
  roots: HostRoots,
  signal: AbortSignal,
  notKept: (reason: string) => void,
  work: (record: HostRecord, save: () => void) => T,
): Promise<T> {
  mkdirSync(roots.state, { recursive: true, mode: 0o700 });
  try {
    return await withLock(join(roots.state, "host.lock"), "the settings of this machine", signal, async () => {
      const record = readRecord(roots);
      const save = () => saveRecord(roots, record);
      try {
        return work(record, save);
      } finally {
        save();
        try {
          keepAfterRestart(roots, record);
        } catch (error) {
          notKept((error as Error).message);
        }
      }
    });
  } finally {
    removeIfEmpty(roots.state);
  }
}

function readRecord(roots: HostRoots): HostRecord {
  if (!hasRecord(roots)) return {};
  try {
    return JSON.parse(readFileSync(recordFile(roots), "utf8")) as HostRecord;
  } catch (error) {
    throw new Error(
      `${recordFile(roots)}, the record of what Hearth has set on this machine, cannot be read: ${(error as Error).message}; remove it to forget what was there before`,
    );
  }
}

function saveRecord(roots: HostRoots, record: HostRecord): void {
  if (Object.keys(record).length === 0) rmSync(recordFile(roots), { force: true });
  else writeAtomically(recordFile(roots), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** One file each for sysctl.d and tmpfiles.d, where the system has these folders. */
function keepAfterRestart(roots: HostRoots, record: HostRecord): void {
  const entries = Object.entries(record);
  const sysctls = entries.filter(([name]) => isSysctl(name)).map(([name, { set }]) => `${name} = ${set}`);
  const others = entries.filter(([name]) => !isSysctl(name)).map(([, { set }]) => tmpfilesLine(set));
  writeOwn(join(roots.etc, "sysctl.d"), sysctls);
  writeOwn(join(roots.etc, "tmpfiles.d"), others);
}

function writeOwn(folder: string, lines: readonly string[]): void {
  const file = join(folder, "99-hearth.conf");
  if (lines.length === 0) rmSync(file, { force: true });
  if (lines.length === 0 || !existsSync(folder)) return;
  const head = "# Written by Hearth for hostTuning: apply; removed when no stack on this machine needs it any more.";
  writeAtomically(file, [head, ...lines, ""].join("\n"));
  chmodSync(file, 0o644);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // There is a record in it, or another tool's lock.
  }
}
