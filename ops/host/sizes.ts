import { userInfo } from "node:os";
import type { HostFinding, HostNeeds } from "../../contract/host.ts";
import type { Machine } from "./machine.ts";

type Level = HostFinding["level"];

const mb = 1024 ** 2;
const gb = 1024 ** 3;
/** Beside its data Redis needs memory for clients, replication and the copy on write of a snapshot. */
const usable = 0.8;
/** Descriptors that Redis keeps beside those of its clients. */
const ownDescriptors = 32;
/** Seed 004, Infrastructure Preparation. */
const wantedDescriptors = 65_535;

const off = 'or see that nothing is checked: hostTuning "off"';

/** Why the nodes cannot be put on this machine at all. `maxmemory` is a limit: they only fit when all may reach it. */
export function whyTooLarge(needs: HostNeeds, machine: Machine): string | undefined {
  if (needs.memory < machine.memory) return undefined;
  const place = machine.limited ? "the limit of this machine's control group" : "this machine's memory";
  return `${nodesOf(needs)} can grow to ${size(needs.memory)}, which does not fit into ${size(machine.memory)}, ${place}: write at most "${most(needs, machine)}", ${off}`;
}

/**
 * Everything about sizes that is not as it should be.
 *
 * @param folder of the nodes' files, absolute
 * @param isNew nothing is deployed yet: what is free now is what the nodes will be given
 */
export function sizeFindings(needs: HostNeeds, machine: Machine, folder: string, isNew: boolean): HostFinding[] {
  return [...memory(needs, machine, isNew), ...disk(needs, machine.freeAt(folder)), ...cores(needs, machine)].concat(
    descriptors(needs, machine.openFiles),
  );
}

/** Redis itself, by its version (`7.0.15`). */
export function versionFindings(version: string): HostFinding[] {
  if (Number.parseInt(version, 10) >= 7) return [];
  const fix = "install a newer redis-server, from your system's packages or from packages.redis.io";
  const why = "hashes take less memory from 7.0 on, and warming writes them twice as fast";
  return [{ setting: "redis-server", found: version, wanted: "7.0 or later", why, fix, level: "advice" }];
}

function memory(needs: HostNeeds, machine: Machine, isNew: boolean): HostFinding[] {
  const findings: HostFinding[] = [];
  const add = (found: string, wanted: string, why: string, fix: string, level: Level) =>
    findings.push({ setting: "memory", found, wanted, why, fix, level });
  const place = machine.limited ? "the limit of its control group" : "this machine's memory";
  const lower = `write at most "${most(needs, machine)}" for memory`;
  if (needs.memory + needs.buffers > machine.memory * usable) {
    const why = "clients and background saves need the rest; without it the kernel ends a server";
    const buffers = needs.buffers === 0 ? "" : `, with ${size(needs.buffers)} of buffers for replicas`;
    const found = `${nodesOf(needs)} that can grow to ${size(needs.memory)}${buffers}`;
    add(found, `80 % of ${size(machine.memory)}, ${place}`, why, lower, "risk");
  } else if (isNew && machine.available !== undefined && needs.memory > machine.available) {
    const found = `${size(machine.available)} that other programs leave`;
    const why = `${nodesOf(needs)} can grow to it`;
    add(found, size(needs.memory), why, "end other programs, or write less for memory", "risk");
  }
  const figures = needs.machine.memory;
  if (machine.memory < figures.recommended * nearly) {
    const why = "a machine for Redis in operation has so much";
    add(
      size(machine.memory),
      figure(figures, machine.memory, size),
      why,
      "use a larger machine, or raise its limit",
      "advice",
    );
  }
  return findings;
}

/** A machine that is sold as one of 4 GB has somewhat less: the kernel and the firmware take their part. */
const nearly = 0.9;

function disk(needs: HostNeeds, free: number | undefined): HostFinding[] {
  if (free === undefined) return [];
  const { recommended } = needs.machine.disk;
  const fix = "free some of it, or choose another directory";
  if (free < needs.data) {
    const why = "a save is written beside the one before; when the disk is full, Redis refuses writes";
    return [{ setting: "disk", found: `${size(free)} free`, wanted: size(needs.data), why, fix, level: "risk" }];
  }
  if (free >= recommended) return [];
  const why = "files of several saves, logs and backups";
  const wanted = figure(needs.machine.disk, free, size);
  return [{ setting: "disk", found: `${size(free)} free`, wanted, why, fix, level: "advice" }];
}

function cores(needs: HostNeeds, machine: Machine): HostFinding[] {
  const { recommended } = needs.machine.cores;
  if (machine.cores >= recommended) return [];
  const wanted = figure(needs.machine.cores, machine.cores, String);
  const why = "each server works on one; background saves and the application take others";
  const found = String(Math.round(machine.cores * 10) / 10);
  return [{ setting: "cores", found, wanted, why, fix: "use a larger machine", level: "advice" }];
}

function descriptors(needs: HostNeeds, openFiles: number | undefined): HostFinding[] {
  const least = needs.maxClients + ownDescriptors;
  const wanted = Math.max(least, wantedDescriptors);
  if (openFiles === undefined || openFiles >= wanted) return [];
  // Root may raise it by itself, and Redis does; but only as far as it needs it.
  const tooFew = openFiles < least && process.getuid?.() !== 0;
  const why = tooFew
    ? `Redis needs ${least} for maxclients ${needs.maxClients}, and admits ${Math.max(openFiles - ownDescriptors, 0)} clients instead`
    : "each client, replica and file takes one";
  const { username } = userInfo();
  const lines = ["soft", "hard"].map((kind) => `${username} ${kind} nofile ${wanted}\\n`).join("");
  const fix = `printf '${lines}' | sudo tee /etc/security/limits.d/60-redis.conf, and log in again`;
  const level = tooFew ? "risk" : "advice";
  return [{ setting: "nofile", found: String(openFiles), wanted: `at least ${wanted}`, why, fix, level }];
}

/** `at least 2gb, 4gb recommended` below both, `4gb, as recommended` between them. */
function figure(
  { minimum, recommended }: { minimum: number; recommended: number },
  found: number,
  text: (value: number) => string,
): string {
  if (minimum === recommended) return `at least ${text(minimum)}`;
  if (found >= minimum * nearly) return `${text(recommended)}, as recommended`;
  return `at least ${text(minimum)}, ${text(recommended)} recommended`;
}

function nodesOf(needs: HostNeeds): string {
  const { dataNodes, largestNode } = needs;
  return dataNodes === 1 ? `1 node of "${exact(largestNode)}"` : `${dataNodes} nodes of "${exact(largestNode)}"`;
}

/** The most that each node may be given, in whole mb or gb as redis.conf writes it. */
function most(needs: HostNeeds, machine: Machine): string {
  const each = Math.max(machine.memory * usable - needs.buffers, mb * needs.dataNodes) / needs.dataNodes;
  return each >= 10 * gb ? `${Math.floor(each / gb)}gb` : `${Math.floor(each / mb)}mb`;
}

function exact(value: number): string {
  if (value % gb === 0) return `${value / gb}gb`;
  return value % mb === 0 ? `${value / mb}mb` : String(value);
}

/** `1.5gb`, `256mb`: for reading. */
function size(value: number): string {
  if (value < gb) return `${Math.round(value / mb)}mb`;
  return `${Math.round((value / gb) * 10) / 10}gb`;
}
