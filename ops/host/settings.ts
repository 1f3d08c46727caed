import { join } from "node:path";
import type { HostFinding, HostNeeds } from "../../contract/host.ts";
import { type HostRoots, readText } from "./roots.ts";

/** A setting of the kernel that Redis wants otherwise than most systems have it. */
export interface KernelSetting {
  /** As sysctl names it, or `transparent_hugepage`. */
  readonly name: string;
  readonly rule: "exactly" | "at least" | "at most";
  /** What it must be, by the rule; what `apply` sets it to. */
  readonly value: (needs: HostNeeds) => number | string;
  /** Other values that are as good. */
  readonly also?: readonly string[];
  readonly why: string;
  readonly level: HostFinding["level"];
}

/** Seed 004's figures (Kernel Optimization, Infrastructure Preparation); docs/host.md says the same, a test compares. */
export const kernelSettings: readonly KernelSetting[] = [
  {
    name: "vm.overcommit_memory",
    rule: "exactly",
    value: () => 1,
    why: "a background save or a replica's copy forks the server, which is refused while memory is short",
    level: "risk",
  },
  {
    name: "vm.swappiness",
    rule: "at most",
    value: () => 1,
    why: "memory of Redis that was swapped out makes single commands take milliseconds",
    level: "advice",
  },
  {
    name: "transparent_hugepage",
    rule: "exactly",
    value: () => "never",
    also: ["madvise"], // Redis does not ask for them
    why: "a write after a fork copies 2 MB instead of 4 kB: latency and memory",
    level: "risk",
  },
  {
    name: "net.core.somaxconn",
    rule: "at least",
    value: ({ backlog }) => Math.max(511, backlog),
    why: "it cuts tcp-backlog down: clients that come all at once are not accepted",
    level: "risk",
  },
  {
    name: "net.ipv4.tcp_max_syn_backlog",
    rule: "at least",
    value: ({ backlog }) => Math.max(511, backlog),
    why: "half-open connections beyond it are dropped when many clients come back at once",
    level: "advice",
  },
  {
    name: "net.core.netdev_max_backlog",
    rule: "at least",
    value: () => 5000,
    why: "packets beyond it are dropped when they arrive faster than the kernel takes them",
    level: "advice",
  },
  {
    name: "net.ipv4.tcp_fin_timeout",
    rule: "at most",
    value: () => 30,
    why: "closed connections hold their port and memory for so long, in seconds",
    level: "advice",
  },
  {
    name: "net.ipv4.tcp_keepalive_time",
    rule: "at most",
    value: () => 300,
    why: "clients that do not set a time of their own notice a lost server only after it, in seconds",
    level: "advice",
  },
  {
    name: "net.ipv4.tcp_keepalive_probes",
    rule: "at most",
    value: () => 5,
    why: "so many probes must go unanswered before a lost peer is given up",
    level: "advice",
  },
  {
    name: "net.ipv4.tcp_keepalive_intvl",
    rule: "at most",
    value: () => 15,
    why: "seconds between two such probes",
    level: "advice",
  },
];

const hugePages = "transparent_hugepage";

/** The file by which the kernel tells a setting, and takes it. */
export function pathOf(name: string, roots: HostRoots): string {
  if (name === hugePages) return join(roots.sys, "kernel/mm/transparent_hugepage/enabled");
  return join(roots.proc, "sys", ...name.split("."));
}

/** What a setting is now; undefined where this kernel, or this container, does not show it. */
export function currentValue(name: string, roots: HostRoots): string | undefined {
  const text = readText(pathOf(name, roots));
  // "always [madvise] never": the one in brackets.
  return text === undefined || name !== hugePages ? text : (/\[(\w+)\]/.exec(text)?.[1] ?? text);
}

/** Whether a value is as the topology needs it. */
export function fits(setting: KernelSetting, found: string, needs: HostNeeds): boolean {
  const value = setting.value(needs);
  if (setting.also?.includes(found)) return true;
  if (setting.rule === "exactly") return found === String(value);
  return setting.rule === "at least" ? Number(found) >= Number(value) : Number(found) <= Number(value);
}

/** `at least 511`, `1`, `never or madvise`. */
export function wantedText(setting: KernelSetting, needs: HostNeeds): string {
  const value = [setting.value(needs), ...(setting.also ?? [])].join(" or ");
  return setting.rule === "exactly" ? value : `${setting.rule} ${value}`;
}

/** Whether a container has it for itself, rather than the machine for all of them. */
export function isOfNetwork(name: string): boolean {
  return name.startsWith("net.");
}

/** What a person types to set it, now and after a restart; `readOnly` inside a container that may not. */
export function fixOf(setting: KernelSetting, needs: HostNeeds, readOnly: boolean): string {
  const { name } = setting;
  const value = setting.value(needs);
  if (readOnly && isOfNetwork(name)) return `start this container with: --sysctl ${name}=${value}`;
  return `${readOnly ? "on the host of this container: " : ""}${name === hugePages ? hugePagesFix(value) : sysctlFix(name, value)}`;
}

// What sysctl prints of what it has set is what its files hold.
function sysctlFix(name: string, value: number | string): string {
  return `sudo sysctl -w ${name}=${value} | sudo tee -a /etc/sysctl.d/60-redis.conf`;
}

function hugePagesFix(value: number | string): string {
  const path = "/sys/kernel/mm/transparent_hugepage/enabled";
  const line = tmpfilesLine(value);
  return `echo ${value} | sudo tee ${path} && echo '${line}' | sudo tee /etc/tmpfiles.d/60-redis.conf`;
}

/** What systemd-tmpfiles reads at every start of the machine: huge pages are no sysctl. */
export function tmpfilesLine(value: number | string): string {
  return `w /sys/kernel/mm/transparent_hugepage/enabled - - - - ${value}`;
}

/** Whether it is kept by sysctl.d; else by tmpfiles.d. */
export function isSysctl(name: string): boolean {
  return name !== hugePages;
}
