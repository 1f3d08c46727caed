import { writeFileSync } from "node:fs";
import type { AppliedSetting, HostNeeds } from "../../contract/host.ts";
import type { OperationContext } from "../../contract/operation.ts";
import { type HostRecord, hasRecord, withRecord } from "./record.ts";
import { type HostRoots, whyNotWritable } from "./roots.ts";
import { currentValue, fits, type KernelSetting, kernelSettings, pathOf } from "./settings.ts";

/** A setting that is not as the topology needs it. */
export interface Unfit {
  readonly setting: KernelSetting;
  readonly found: string;
  /** Why it cannot be set from here; undefined when it can. */
  readonly obstacle: ReturnType<typeof whyNotWritable>;
}

/** All settings that are not as the topology needs them. Those that this kernel does not show are left out. */
export function unfitSettings(needs: HostNeeds, roots: HostRoots): Unfit[] {
  return kernelSettings.flatMap((setting) => {
    const found = currentValue(setting.name, roots);
    if (found === undefined || fits(setting, found, needs)) return [];
    return [{ setting, found, obstacle: whyNotWritable(pathOf(setting.name, roots)) }];
  });
}

/**
 * Sets what is not as the topology needs it and may be set, and claims what Hearth has set before. What was good
 * without Hearth is left alone, and so never undone.
 *
 * @param claim the topology, by the folder of its nodes
 * @returns what Hearth has set that this topology relies on, and why each of the others could not be set
 */
export async function applySettings(
  needs: HostNeeds,
  claim: string,
  roots: HostRoots,
  { signal, progress }: OperationContext,
): Promise<{ applied: Record<string, AppliedSetting>; failed: Record<string, string> }> {
  const settable = unfitSettings(needs, roots).filter(({ obstacle }) => obstacle === undefined);
  const failed: Record<string, string> = {};
  if (settable.length === 0 && !hasRecord(roots)) return { applied: {}, failed };
  const obstacle = hasRecord(roots) ? whyNotWritable(roots.state) : undefined;
  if (obstacle !== undefined) return { applied: {}, failed }; // another user's: what root has set is there anyway
  const notKept = (reason: string) => progress(`not kept for the next start of this machine: ${reason}`);
  const work = (record: HostRecord, save: () => void) => {
    for (const setting of kernelSettings) {
      const problem = applyOne(setting, needs, claim, roots, record, save);
      if (problem !== undefined) failed[setting.name] = problem;
    }
    const own = Object.entries(record).filter(([, { claims }]) => claims.includes(claim));
    return { applied: Object.fromEntries(own.map(([name, { before, set }]) => [name, { before, set }])), failed };
  };
  try {
    return await withRecord(roots, signal, notKept, work);
  } catch (error) {
    if (signal.aborted) throw error;
    // What cannot be written down is not set, or it could never be put back. That is no reason to deploy nothing.
    for (const { setting } of settable) failed[setting.name] ??= (error as Error).message;
    return { applied: {}, failed };
  }
}

/** Why it could not be set; undefined when it is as it should be, or nobody could set it. */
function applyOne(
  setting: KernelSetting,
  needs: HostNeeds,
  claim: string,
  roots: HostRoots,
  record: HostRecord,
  save: () => void,
): string | undefined {
  const { name } = setting;
  const found = currentValue(name, roots);
  if (found === undefined) return undefined;
  const known = record[name];
  const claims = [...new Set([...(known?.claims ?? []), claim])];
  if (fits(setting, found, needs)) {
    if (known) record[name] = { ...known, claims };
    return undefined;
  }
  if (whyNotWritable(pathOf(name, roots)) !== undefined) return undefined;
  const set = String(setting.value(needs));
  // Somebody has changed it since Hearth set it: that is now what was there before.
  record[name] = { before: known?.set === found ? known.before : found, set, claims };
  save();
  const problem = write(name, set, roots);
  if (problem === undefined) return undefined;
  if (known) record[name] = known;
  else delete record[name];
  return problem;
}

/**
 * Gives up what the topology relied on. What no other topology needs is put back, unless somebody has changed it since.
 *
 * @returns what was put back, and why the rest could not be
 */
export async function releaseSettings(
  claim: string,
  roots: HostRoots,
  { signal, progress }: OperationContext,
): Promise<{ restored: Record<string, AppliedSetting>; failed: Record<string, string> }> {
  const restored: Record<string, AppliedSetting> = {};
  const failed: Record<string, string> = {};
  if (!hasRecord(roots) || whyNotWritable(roots.state) !== undefined) return { restored, failed };
  const notRemoved = (reason: string) => progress(`set again at the next start of this machine: ${reason}`);
  return withRecord(roots, signal, notRemoved, (record) => {
    for (const [name, entry] of Object.entries(record)) {
      if (!entry.claims.includes(claim)) continue;
      const { before, set } = entry;
      const claims = entry.claims.filter((other) => other !== claim);
      if (claims.length > 0) {
        record[name] = { ...entry, claims };
        continue;
      }
      delete record[name];
      if (currentValue(name, roots) !== set) continue;
      const problem = write(name, before, roots);
      if (problem === undefined) restored[name] = { before, set };
      else failed[name] = problem;
    }
    return { restored, failed };
  });
}

/** Writes a value and reads it back: a kernel may accept a value and keep another. */
function write(name: string, value: string, roots: HostRoots): string | undefined {
  try {
    writeFileSync(pathOf(name, roots), `${value}\n`);
  } catch (error) {
    return `it could not be written: ${(error as Error).message}`;
  }
  const now = currentValue(name, roots);
  return now === value ? undefined : `"${value}" was written, but it is "${now}"`;
}
