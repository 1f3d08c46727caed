import type { RedisArgs, Size } from "./args.ts";
import { bytes, formatBytes } from "./units.ts";

const mb = bytes("1mb");

/** The share of a limit that is for data: the rest is for clients, replication, fragmentation and snapshots. */
export const memoryShare = 0.75;

/** `maxmemory` under a limit, in whole mb. */
export function memoryUnder(limit: number): number {
  return Math.max(mb, Math.floor((limit * memoryShare) / mb) * mb);
}

/** A limit for `memory`, in whole mb: at least what a server takes that holds next to nothing. */
export function limitFor(memory: number): number {
  return Math.max(Math.ceil(memory / memoryShare / mb) * mb, Math.ceil(memory / mb) * mb + bytes("32mb"));
}

/** `maxmemory` of a node: as given, else by its limit. */
export function memoryOf(args: Pick<RedisArgs, "memory" | "memoryLimit">, fallback: Size): number {
  if (args.memory !== undefined) return bytes(args.memory);
  return args.memoryLimit === undefined ? bytes(fallback) : memoryUnder(bytes(args.memoryLimit));
}

/** What a node's process may use: as given; in a container else by `memory`; elsewhere not known. */
export function memoryLimitOf(
  args: Pick<RedisArgs, "memory" | "memoryLimit" | "target">,
  fallback: Size,
): number | undefined {
  if (args.memoryLimit !== undefined) return bytes(args.memoryLimit);
  return (args.target ?? "local") === "local" ? undefined : limitFor(memoryOf(args, fallback));
}

/** `maxmemory-clients`: a size or a share of `maxmemory`. Less than 32mb would disconnect those who write in bulk. */
export function clientBuffers(given: Size | undefined, memory: number): string {
  if (typeof given === "string" && given.endsWith("%")) return given;
  return formatBytes(given === undefined ? Math.max(bytes("32mb"), Math.floor(memory / 4 / mb) * mb) : bytes(given));
}

/**
 * What may wait for a replica before it is disconnected and has to copy everything anew. Redis's own limit is 256mb: a
 * large server has more to say while a replica copies it. Where a limit is known, half of what `memory` leaves of it
 * is all there is, so that a slow replica does not have its primary killed.
 */
export function replicaBuffer(memory: number, limit?: number): number {
  const wished = Math.max(bytes("256mb"), Math.floor(memory / 4));
  const left = limit === undefined ? wished : Math.max(bytes("16mb"), Math.floor((limit - memory) / 2));
  const size = Math.min(wished, left);
  return Math.floor(size / mb) * mb;
}
