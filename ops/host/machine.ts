import { statfsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { type HostRoots, readText } from "./roots.ts";

/** What the machine, or the part of it that this process is given, offers. */
export interface Machine {
  /** Bytes of memory: the machine's, or the least limit that holds for this process. */
  readonly memory: number;
  /** Whether `memory` is the limit of a control group: a container's, a service's. */
  readonly limited: boolean;
  /** Bytes of memory that can be had at once; undefined within a limit, whose use counts what is only cached. */
  readonly available: number | undefined;
  /** Processors, or the share of them that this process is given. */
  readonly cores: number;
  /** Free bytes where a folder is, or will be; undefined when that cannot be told. */
  freeAt(folder: string): number | undefined;
  /** Files that a server started by this process may have open; undefined when that cannot be told. */
  readonly openFiles: number | undefined;
}

/** Looks at the machine. */
export function inspectMachine(roots: HostRoots): Machine {
  const groups = controlGroups(roots);
  const total = meminfo(roots, "MemTotal") ?? totalmem();
  const limit = Math.min(...groups.flatMap(memoryLimit));
  const limited = limit < total;
  return {
    memory: limited ? limit : total,
    limited,
    available: limited ? undefined : meminfo(roots, "MemAvailable"),
    cores: Math.min(availableParallelism(), ...groups.flatMap(coreLimit)),
    freeAt,
    openFiles: openFiles(roots),
  };
}

/** A line of /proc/meminfo, in bytes. */
function meminfo(roots: HostRoots, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readText(join(roots.proc, "meminfo")) ?? "");
  return found ? Number(found[1]) * 1024 : undefined;
}

/** The hard limit: Redis, and Node before it, raise the other one by themselves. */
function openFiles(roots: HostRoots): number | undefined {
  const limits = readText(join(roots.proc, "self/limits")) ?? "";
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === undefined ? undefined : hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}

function freeAt(folder: string): number | undefined {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      return bavail * bsize;
    } catch {
      if (dirname(at) === at) return undefined;
    }
  }
}

/**
 * Folders of the control groups that this process is in, with those above: a limit holds for all below. Version 2 has
 * one tree, version 1 one for each kind. A container may see only its own part of the tree, at the top.
 */
function controlGroups(roots: HostRoots): string[] {
  const base = join(roots.sys, "fs/cgroup");
  const lines = (readText(join(roots.proc, "self/cgroup")) ?? "").split("\n");
  const trees = lines.flatMap((line) => {
    const [, kinds, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (kinds === undefined || path === undefined) return [];
    if (kinds === "") return [base, join(base, "unified")].map((tree) => ({ tree, path }));
    return kinds.split(",").flatMap((kind) => (/^(memory|cpu)$/.test(kind) ? [{ tree: join(base, kind), path }] : []));
  });
  return trees.flatMap(({ tree, path }) => {
    const folders = [tree];
    for (let at = join(tree, path); at.startsWith(`${tree}/`); at = dirname(at)) folders.push(at);
    return folders;
  });
}

function memoryLimit(group: string): number[] {
  return numbers(group, "memory.max", "memory.limit_in_bytes");
}

function coreLimit(group: string): number[] {
  const [quota, period] = (readText(join(group, "cpu.max")) ?? "").split(" ");
  const share = Number(quota) / Number(period);
  const [first] = numbers(group, "cpu.cfs_quota_us");
  const [each] = numbers(group, "cpu.cfs_period_us");
  const old = first !== undefined && each !== undefined && first > 0 ? first / each : Number.NaN;
  return [share, old].filter((cores) => Number.isFinite(cores) && cores > 0);
}

/** "max", and a file that is not there, are no limit. */
function numbers(group: string, ...names: readonly string[]): number[] {
  return names.flatMap((name) => {
    const text = readText(join(group, name));
    return text !== undefined && /^-?\d+$/.test(text) ? [Number(text)] : [];
  });
}
