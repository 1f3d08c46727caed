import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HostNeeds } from "../../contract/host.ts";
import type { HostRoots } from "../../ops/host/roots.ts";

const gb = 1024 ** 3;

/** What a machine says that is as Redis wants it, but for what a test changes. */
export const goodSettings: Readonly<Record<string, string>> = {
  "proc/sys/vm/overcommit_memory": "1",
  "proc/sys/vm/swappiness": "1",
  "proc/sys/net/core/somaxconn": "4096",
  "proc/sys/net/core/netdev_max_backlog": "5000",
  "proc/sys/net/ipv4/tcp_max_syn_backlog": "4096",
  "proc/sys/net/ipv4/tcp_fin_timeout": "30",
  "proc/sys/net/ipv4/tcp_keepalive_time": "300",
  "proc/sys/net/ipv4/tcp_keepalive_probes": "5",
  "proc/sys/net/ipv4/tcp_keepalive_intvl": "15",
  "sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]",
  "proc/meminfo": `MemTotal:       ${64 * 1024 ** 2} kB\nMemFree:  1 kB\nMemAvailable:   ${60 * 1024 ** 2} kB`,
  "proc/self/limits": "Limit   Soft Limit   Hard Limit   Units\nMax open files            65535      65535      files",
  "proc/self/cgroup": "0::/",
};

/** A made tree of a machine's files below a folder. */
export class HostTree {
  readonly roots: HostRoots;
  readonly folder: string;

  constructor(folder: string, files: Readonly<Record<string, string>> = {}) {
    this.folder = folder;
    this.roots = {
      proc: join(folder, "proc"),
      sys: join(folder, "sys"),
      etc: join(folder, "etc"),
      state: join(folder, "var/lib/hearth"),
    };
    for (const name of ["etc/sysctl.d", "etc/tmpfiles.d"]) mkdirSync(join(folder, name), { recursive: true });
    for (const [name, text] of Object.entries({ ...goodSettings, ...files })) this.write(name, text);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), `${text}\n`);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8").trimEnd();
  }
}

/** Needs of one small node, that every machine meets. */
export const smallNeeds: HostNeeds = {
  dataNodes: 1,
  sentinels: 0,
  memory: gb / 4,
  largestNode: gb / 4,
  buffers: 0,
  maxClients: 10_000,
  backlog: 511,
  data: 0,
  machine: {
    memory: { minimum: 0, recommended: 0 },
    disk: { minimum: 0, recommended: 0 },
    cores: { minimum: 0, recommended: 0 },
  },
};
