import { ArgumentChecker } from "./check-values.ts";
import { defaults, encodingDefaults, minReplicasFor } from "./defaults.ts";
import { memoryShare, memoryUnder } from "./memory.ts";
import { bytes, formatBytes, milliseconds, show } from "./units.ts";

/** The arguments about memory and speed that every topology has. */
export const tuningKeys = [
  "memoryLimit",
  "maxmemoryClients",
  "latencyMonitorThreshold",
  "encodings",
  "ioThreads",
  "cores",
  "lazyfree",
  "activeDefrag",
] as const;

const largest = bytes("16384gb");

/** `memory`, its limit, and what they leave for clients. */
export function checkMemory(args: ArgumentChecker): void {
  const memory = args.size("memory", { min: bytes("1mb"), max: largest, default: defaults.memory });
  checkClientBuffers(args);
  if (args.value("memoryLimit") === undefined) return;
  const limit = args.size("memoryLimit", { min: bytes("2mb"), max: largest, default: "512mb" });
  if (memory === undefined || limit === undefined || args.value("memory") === undefined) return;
  const most = formatBytes(memoryUnder(limit));
  const [has, all] = [formatBytes(memory), formatBytes(limit)];
  if (memory >= limit) {
    const why = "nothing would be left for clients, replication and snapshots";
    args.refuse("memory", `"${has}" is not less than memoryLimit, "${all}": ${why}; write at most "${most}"`);
  } else if (memory > limit * 0.8) {
    const advice = `write at most "${most}", which is ${memoryShare * 100} %`;
    args.findings.warn("memory", `"${has}" leaves less than 20 % of memoryLimit, "${all}", for all else: ${advice}`);
  }
}

function checkClientBuffers(args: ArgumentChecker): void {
  const value = args.value("maxmemoryClients");
  if (value === undefined || value === 0 || value === "0") return;
  if (typeof value === "string" && value.trim().endsWith("%")) {
    if (/^([1-9]\d?|100)%$/.test(value)) return;
    args.refuse("maxmemoryClients", `${show(value)} is not a share of memory: write "1%" to "100%", such as "25%"`);
    return;
  }
  args.size("maxmemoryClients", { min: bytes("1mb"), max: largest, default: "64mb" });
}

/** Everything else about speed. */
export function checkTuning(args: ArgumentChecker): void {
  args.duration("latencyMonitorThreshold", {
    min: 0,
    max: milliseconds("1 hour"),
    default: defaults.latencyMonitorThreshold,
  });
  checkEncodings(args);
  const threads = args.integer("ioThreads", { min: 1, max: 128, default: defaults.ioThreads });
  const cores = args.integer("cores", { min: 1, max: 1024, default: 1 });
  if (threads !== undefined && cores !== undefined && args.value("cores") !== undefined && threads > cores) {
    const most = Math.max(1, cores - 1);
    args.findings.warn("ioThreads", `${threads} are more than ${cores} cores can run: write at most ${most}`);
  }
  args.flag("lazyfree", defaults.lazyfree);
  args.flag("activeDefrag", defaults.activeDefrag);
}

const encodingKeys = Object.keys(encodingDefaults) as (keyof typeof encodingDefaults)[];

function checkEncodings(args: ArgumentChecker): void {
  const value = args.value("encodings");
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    args.refuse("encodings", `${show(value)} is not a set of arguments: write { hashMaxListpackValue: 128 }`);
    return;
  }
  const encodings = new ArgumentChecker(value as Record<string, unknown>, args.findings, "encodings.");
  encodings.known("encodings", encodingKeys, (key) => {
    const today = key.replace("Ziplist", "Listpack");
    return today !== key && today in encodingDefaults ? `is the name of Redis 6: write ${today}` : undefined;
  });
  for (const key of encodingKeys) {
    const [min, max] = key.endsWith("Value") ? [0, 1_048_576] : [key === "listMaxListpackSize" ? -5 : 0, 65_536];
    const limit = encodings.integer(key, { min, max, default: encodingDefaults[key] });
    if (key !== "listMaxListpackSize" || limit !== 0) continue;
    encodings.refuse(key, "0 is no size: write 1 to 65536 entries, or -1 (4 kB) to -5 (64 kB), such as -2");
  }
}

/**
 * What a primary demands of its replicas.
 *
 * @param replicas of each primary
 */
export function checkMinReplicas(args: ArgumentChecker, replicas: number): void {
  args.duration("minReplicasMaxLag", {
    min: 1000,
    max: milliseconds("1 hour"),
    default: defaults.minReplicasMaxLag,
    wholeSeconds: true,
  });
  const most = `write 0${replicas === 0 ? "" : ` to ${replicas}`}`;
  const value = args.value("minReplicas");
  if (typeof value === "number" && Number.isInteger(value) && value > replicas) {
    const there = replicas === 1 ? "is 1 replica" : `are ${replicas} replicas`;
    args.refuse("minReplicas", `${value} can never be reached, there ${there}: no write would be accepted; ${most}`);
    return;
  }
  const count = args.integer("minReplicas", { min: 0, max: replicas, default: minReplicasFor(replicas) });
  if (count === undefined || count === 0 || count < replicas) return;
  args.findings.warn(
    "minReplicas",
    `${count} of ${replicas}: no write is accepted while one of them is down; write ${count - 1}, or add a replica`,
  );
}
