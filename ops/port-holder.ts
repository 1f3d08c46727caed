import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import type { Address } from "../contract/address.ts";

/** A process that listens on a port, as far as this user can see it. */
export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** Why a server cannot listen here: the error's code (EADDRINUSE, EACCES, EADDRNOTAVAIL); undefined when it can. */
export function whyNotFree(address: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host: address.host, port: address.port, exclusive: true }, () => {
      probe.close(() => resolve(undefined));
    });
  });
}

/** Who listens on the port; undefined when this user cannot see the process. */
export function holderOf(port: number): PortHolder | undefined {
  try {
    return process.platform === "linux" ? holderOnLinux(port) : holderByLsof(port);
  } catch {
    return undefined; // without /proc or lsof nothing can be said
  }
}

/** The holder in words, for an error. */
export function describeHolder(holder: PortHolder | undefined): string {
  return holder ? `process ${holder.pid} (${holder.command})` : "a process that this user cannot see";
}

function holderOnLinux(port: number): PortHolder | undefined {
  const sockets = new Set([...listening("/proc/net/tcp", port), ...listening("/proc/net/tcp6", port)]);
  if (sockets.size === 0) return undefined;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    let descriptors: string[];
    try {
      descriptors = readdirSync(`/proc/${entry}/fd`);
    } catch {
      continue; // ended meanwhile, or another user's
    }
    for (const descriptor of descriptors) {
      try {
        const target = readlinkSync(`/proc/${entry}/fd/${descriptor}`);
        if (sockets.has(target)) return { pid: Number(entry), command: commandOf(entry) };
      } catch {
        // closed meanwhile
      }
    }
  }
  return undefined;
}

/** `socket:[inode]` of every socket that listens on the port. */
function listening(table: string, port: number): string[] {
  let lines: string[];
  try {
    lines = readFileSync(table, "latin1").split("\n").slice(1);
  } catch {
    return []; // no IPv6 here
  }
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A" && fields[1]?.endsWith(wanted))
    .map((fields) => `socket:[${fields[9]}]`);
}

/** The first word of the command line only: its arguments may hold somebody's secrets. */
function commandOf(pid: string): string {
  const first = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0", 1)[0]?.trim() ?? "";
  return (first || readFileSync(`/proc/${pid}/comm`, "utf8").trim()).slice(0, 80);
}

function holderByLsof(port: number): PortHolder | undefined {
  const listing = execFileSync("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const pid = /^p(\d+)$/m.exec(listing)?.[1];
  return pid === undefined ? undefined : { pid: Number(pid), command: /^c(.*)$/m.exec(listing)?.[1] ?? "unknown" };
}
