import { isIP } from "node:net";
import { EvictionPolicy, Persistence, Purpose } from "./args.ts";
import { checkExtraDirectives } from "./check-directives.ts";
import { checkFirewall, firewallKeys } from "./check-firewall.ts";
import { targetKeys } from "./check-target.ts";
import { checkMemory, checkTuning, tuningKeys } from "./check-tuning.ts";
import { checkUsers } from "./check-users.ts";
import { ArgumentChecker } from "./check-values.ts";
import { dataDefaults, defaults } from "./defaults.ts";
import { HostTuningMode } from "./host.ts";
import { milliseconds, show } from "./units.ts";

/** The arguments of every topology. */
export const commonKeys = [
  ...targetKeys,
  "memory",
  "purpose",
  "eviction",
  "persistence",
  "password",
  "passwords",
  "rotation",
  "keyPrefixes",
  "scripts",
  "tls",
  "timeout",
  "tcpKeepalive",
  "slowlog",
  "hz",
  ...tuningKeys,
  "bind",
  ...firewallKeys,
  "hostTuning",
  "extraDirectives",
  "directory",
] as const;

const year = milliseconds("365 days");

/** Looks at the name and at the arguments that every topology has. */
export function checkCommon(name: unknown, args: ArgumentChecker): void {
  checkName(name, args);
  checkMemory(args);
  checkKeeping(args);
  checkUsers(args);
  args.duration("timeout", { min: 0, max: year, default: defaults.timeout, wholeSeconds: true });
  // The kernel's own limit for TCP_KEEPIDLE.
  args.duration("tcpKeepalive", { min: 0, max: 32_767_000, default: defaults.tcpKeepalive, wholeSeconds: true });
  checkSlowlog(args);
  args.integer("hz", { min: 1, max: 500, default: defaults.hz });
  checkTuning(args);
  checkBind(args);
  checkFirewall(args);
  args.choice("hostTuning", Object.values(HostTuningMode), HostTuningMode.Check);
  checkExtraDirectives(args);
  checkDirectory(args);
}

function checkName(name: unknown, args: ArgumentChecker): void {
  if (typeof name === "string" && name.length <= 40 && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) return;
  const likely = String(name)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 40);
  const meant = likely === "" ? "" : `; did you mean "${likely}"?`;
  const allowed = "write lower-case letters, digits and hyphens, a letter first, at most 40";
  args.findings.refuse("name", `${show(name)} is not a name: ${allowed}${meant}`);
}

/** What is removed and what is kept: of data nothing is lost on purpose. */
function checkKeeping(args: ArgumentChecker): void {
  const purpose = args.choice("purpose", Object.values(Purpose), defaults.purpose);
  const keeping = purpose === "data" ? dataDefaults : defaults;
  const eviction = args.choice("eviction", Object.values(EvictionPolicy), keeping.eviction);
  const persistence = args.choice("persistence", Object.values(Persistence), keeping.persistence);
  if (purpose !== "data") return;
  if (eviction?.startsWith("allkeys-")) {
    const meant = `did you mean "${eviction.replace("allkeys", "volatile")}", which removes only keys that have a TTL?`;
    args.refuse(
      "eviction",
      `"${eviction}" removes any key when the memory is full, and purpose is "data": write "noeviction"; ${meant}`,
    );
  }
  if (persistence === "none") {
    const allowed = 'write "snapshots", "aof" or "aof-always", or purpose "cache"';
    args.refuse("persistence", `"none" loses every key at a restart, and purpose is "data": ${allowed}`);
  }
}

function checkSlowlog(args: ArgumentChecker): void {
  const value = args.value("slowlog");
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    args.refuse("slowlog", `${show(value)} is not a set of arguments: write { slowerThan: "10 ms", maxLen: 128 }`);
    return;
  }
  const slowlog = new ArgumentChecker(value as Record<string, unknown>, args.findings, "slowlog.");
  slowlog.known("slowlog", ["slowerThan", "maxLen"], () => undefined);
  slowlog.duration("slowerThan", { min: 0, max: milliseconds("1 hour"), default: defaults.slowerThan });
  slowlog.integer("maxLen", { min: 0, max: 1_000_000, default: defaults.slowlogMaxLen });
}

function checkBind(args: ArgumentChecker): void {
  const bind = args.text("bind");
  if (bind === undefined) return;
  const addresses = bind.split(/\s+/).filter((address) => address !== "");
  const wrong = addresses.find((address) => isIP(address) === 0);
  if (addresses.length === 0 || wrong !== undefined) {
    const likely: Record<string, string> = { localhost: "127.0.0.1", "*": "0.0.0.0", "-::1": "::1" };
    const meant = likely[wrong ?? ""];
    const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
    args.refuse("bind", `${show(wrong ?? bind)} is not an IP address: write addresses separated by spaces${hint}`);
    return;
  }
  const open = addresses.filter((address) => !/^127\.|^::1$/.test(address));
  if (open.length === 0 || (args.value("tls") ?? "off") !== "off") return;
  args.findings.warn(
    "bind",
    `${open.join(" ")} can be reached from other machines, and what is sent is not encrypted: ` +
      'write "127.0.0.1" unless other machines must connect. The password is asked for in any case',
  );
}

function checkDirectory(args: ArgumentChecker): void {
  const directory = args.text("directory");
  if (directory === undefined) return;
  // It is removed as a whole when the stack is destroyed, and `~` is the shell's, not the file system's.
  const problem = /\p{Cc}/u.test(directory)
    ? "contains a control character"
    : directory.startsWith("~")
      ? "begins with ~, which only a shell understands"
      : /^[./\\\s]*$/.test(directory)
        ? "is removed by destroy, and so must be a folder of its own"
        : undefined;
  if (problem === undefined) return;
  args.refuse("directory", `${show(directory)} ${problem}: write a path such as ".hearth/cache", or leave it out`);
}
