import { userInfo } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostFinding, HostNeeds, HostReport } from "../../../contract/host.ts";
import { formatHostReport } from "../../../infra/plan/host-report.ts";
import { hostTuningOn } from "../../../ops/host/host-tuning.ts";
import { inspectMachine } from "../../../ops/host/machine.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HostTree, smallNeeds } from "../../support/host-tree.ts";

const gb = 1024 ** 3;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

async function check(files: Record<string, string>, needs: Partial<HostNeeds> = {}, olds = {}) {
  const tree = new HostTree(folder.path, files);
  const inputs = { name: "cache", mode: "check", directory: folder.path, needs: { ...smallNeeds, ...needs } };
  const context = { signal: AbortSignal.timeout(10_000), progress: () => {} };
  const request = { operation: "host-tuning", action: "check" as const, id: "", inputs, olds, deadlineMs: 10_000 };
  const { failures, outputs } = await hostTuningOn(tree.roots)(request, context);
  return { failures, findings: reportOf(outputs).findings };
}

const reportOf = (outputs: Record<string, unknown> = {}) => outputs.report as HostReport;
const said = ({ setting, found, wanted, level }: HostFinding) => `${level} ${setting}: ${found}, wanted ${wanted}`;

it("finds nothing on a machine that is as Redis wants it", async () => {
  expect(await check({})).toEqual({ failures: [], findings: [] });
});

describe("a setting of the kernel", () => {
  const sysctl = (name: string) => `proc/sys/${name.replaceAll(".", "/")}`;

  it.each([
    ["vm.overcommit_memory", "0", "risk vm.overcommit_memory: 0, wanted 1"],
    ["vm.overcommit_memory", "2", "risk vm.overcommit_memory: 2, wanted 1"],
    ["vm.swappiness", "60", "advice vm.swappiness: 60, wanted at most 1"],
    ["net.core.somaxconn", "128", "risk net.core.somaxconn: 128, wanted at least 511"],
    ["net.ipv4.tcp_max_syn_backlog", "256", "advice net.ipv4.tcp_max_syn_backlog: 256, wanted at least 511"],
    ["net.core.netdev_max_backlog", "1000", "advice net.core.netdev_max_backlog: 1000, wanted at least 5000"],
    ["net.ipv4.tcp_fin_timeout", "60", "advice net.ipv4.tcp_fin_timeout: 60, wanted at most 30"],
    ["net.ipv4.tcp_keepalive_time", "7200", "advice net.ipv4.tcp_keepalive_time: 7200, wanted at most 300"],
    ["net.ipv4.tcp_keepalive_probes", "9", "advice net.ipv4.tcp_keepalive_probes: 9, wanted at most 5"],
    ["net.ipv4.tcp_keepalive_intvl", "75", "advice net.ipv4.tcp_keepalive_intvl: 75, wanted at most 15"],
  ])("%s of %s", async (name, value, expected) => {
    const { findings } = await check({ [sysctl(name)]: value });
    expect(findings.map(said)).toEqual([expected]);
    const wanted = /\w+$/.exec(expected)?.[0];
    expect(findings[0]?.fix).toBe(`sudo sysctl -w ${name}=${wanted} | sudo tee -a /etc/sysctl.d/60-redis.conf`);
  });

  it("is as good beyond what is wanted", async () => {
    const better = { "vm/swappiness": "0", "net/core/somaxconn": "65535", "net/ipv4/tcp_fin_timeout": "10" };
    const files = Object.fromEntries(Object.entries(better).map(([name, value]) => [`proc/sys/${name}`, value]));
    expect((await check(files)).findings).toEqual([]);
  });

  it("follows the tcp-backlog of the nodes", async () => {
    const { findings } = await check({ [sysctl("net.core.somaxconn")]: "511" }, { backlog: 2048 });
    expect(findings.map(said)).toEqual(["risk net.core.somaxconn: 511, wanted at least 2048"]);
  });

  it.each([
    ["[always] madvise never", ["risk transparent_hugepage: always, wanted never or madvise"]],
    ["always [madvise] never", []],
  ])("huge pages: %s", async (text, expected) => {
    const { findings } = await check({ "sys/kernel/mm/transparent_hugepage/enabled": text });
    expect(findings.map(said)).toEqual(expected);
    for (const { fix } of findings) {
      expect(fix).toBe(
        "echo never | sudo tee /sys/kernel/mm/transparent_hugepage/enabled && " +
          "echo 'w /sys/kernel/mm/transparent_hugepage/enabled - - - - never' | sudo tee /etc/tmpfiles.d/60-redis.conf",
      );
    }
  });

  it("that this kernel does not show is not guessed at", async () => {
    const nothing = new HostTree(`${folder.path}/empty`).roots;
    const roots = { ...nothing, proc: `${folder.path}/nowhere`, sys: `${folder.path}/nowhere` };
    const inputs = { name: "cache", mode: "check", directory: folder.path, needs: smallNeeds };
    const context = { signal: AbortSignal.timeout(10_000), progress: () => {} };
    const request = { operation: "", action: "check" as const, id: "", inputs, olds: {}, deadlineMs: 10_000 };
    expect((await hostTuningOn(roots)(request, context)).outputs?.report).toEqual({ findings: [], toSet: {} });
  });
});

describe("open files", () => {
  const limits = (hard: string) => ({
    "proc/self/limits": `Max open files            1024        ${hard}       files`,
  });

  it("fewer than the figure of the guide", async () => {
    const { findings } = await check(limits("20000"));
    expect(findings.map(said)).toEqual(["advice nofile: 20000, wanted at least 65535"]);
    const { username } = userInfo();
    expect(findings[0]?.fix).toBe(
      `printf '${username} soft nofile 65535\\n${username} hard nofile 65535\\n' | sudo tee /etc/security/limits.d/60-redis.conf, and log in again`,
    );
  });

  it("follows maxclients, and knows no limit", async () => {
    expect((await check(limits("65535"), { maxClients: 100_000 })).findings.map(said)).toEqual([
      "advice nofile: 65535, wanted at least 100032",
    ]);
    expect((await check(limits("unlimited"))).findings).toEqual([]);
  });

  it.skipIf(process.getuid?.() !== 0)("fewer than maxclients: refused clients for all but root", async () => {
    const { getuid } = process;
    try {
      process.getuid = () => 1000;
      const [finding] = (await check(limits("1024"))).findings;
      expect(finding).toMatchObject({ level: "risk", found: "1024" });
      expect(finding?.why).toBe("Redis needs 10032 for maxclients 10000, and admits 992 clients instead");
    } finally {
      process.getuid = getuid as () => number;
    }
  });
});

describe("the size of the machine", () => {
  const meminfo = (total: number, available = total) => ({
    "proc/meminfo": `MemTotal: ${total * 1024 ** 2} kB\nMemAvailable: ${available * 1024 ** 2} kB`,
  });
  const six = { dataNodes: 6, memory: 6 * gb, largestNode: gb };

  it("nodes that cannot fit are refused, with what would", async () => {
    const { failures } = await check(meminfo(4), six);
    expect(failures).toEqual([
      {
        property: "memory",
        reason:
          '6 nodes of "1gb" can grow to 6gb, which does not fit into 4gb, this machine\'s memory: write at most "546mb", ' +
          'or see that nothing is checked: hostTuning "off"',
      },
    ]);
    expect((await check(meminfo(6), six)).failures).toHaveLength(1);
  });

  it("more than 80 % of the memory is a risk", async () => {
    const { failures, findings } = await check(meminfo(7), six);
    expect(failures).toEqual([]);
    expect(findings.map(said)).toEqual([
      'risk memory: 6 nodes of "1gb" that can grow to 6gb, wanted 80 % of 7gb, this machine\'s memory',
    ]);
    expect(findings[0]?.fix).toBe('write at most "955mb" for memory');
    expect((await check(meminfo(8), six)).findings).toEqual([]);
  });

  it("buffers for replicas count beside the data", async () => {
    const { findings } = await check(meminfo(8), { ...six, buffers: gb });
    expect(findings.map(said)).toEqual([
      'risk memory: 6 nodes of "1gb" that can grow to 6gb, with 1gb of buffers for replicas, wanted 80 % of 8gb, this machine\'s memory',
    ]);
    expect(findings[0]?.fix).toBe('write at most "921mb" for memory');
  });

  it("what others have taken counts before the nodes are there, and not when they hold it themselves", async () => {
    const { findings } = await check(meminfo(64, 2), six);
    expect(findings.map(said)).toEqual(["risk memory: 2gb that other programs leave, wanted 6gb"]);
    expect((await check(meminfo(64, 2), six, { name: "cache" })).findings).toEqual([]);
  });

  it("figures of the guide: minimum and recommended", async () => {
    const machine = {
      memory: { minimum: 2 * gb, recommended: 8 * gb },
      disk: { minimum: 2 ** 51, recommended: 2 ** 52 },
      cores: { minimum: 1000, recommended: 2000 },
    };
    const { findings } = await check(meminfo(4), { machine });
    expect(findings.map(said).map((text) => text.replace(/: [\d.]+(gb)?( free)?,/, ":"))).toEqual([
      "advice memory: wanted 8gb, as recommended",
      "advice disk: wanted at least 2097152gb, 4194304gb recommended",
      "advice cores: wanted at least 1000, 2000 recommended",
    ]);
    const [first] = (await check(meminfo(1), { machine })).findings;
    expect(first && said(first)).toBe("advice memory: 1gb, wanted at least 2gb, 8gb recommended");
  });

  it("a machine sold as one of 4 GB is one, though its kernel leaves less", async () => {
    const machine = { ...smallNeeds.machine, memory: { minimum: 4 * gb, recommended: 4 * gb } };
    expect((await check(meminfo(3.75), { machine })).findings).toEqual([]);
  });

  it("a disk that cannot hold the files is a risk", async () => {
    const { findings } = await check({}, { data: 2 ** 52 });
    expect(findings).toMatchObject([{ setting: "disk", level: "risk", wanted: "4194304gb" }]);
  });
});

describe("a control group", () => {
  it.each([
    ["version 2", "0::/system.slice/redis.service", "sys/fs/cgroup/system.slice/redis.service/memory.max"],
    ["version 2, a group above", "0::/system.slice/redis.service", "sys/fs/cgroup/system.slice/memory.max"],
    ["version 2, a container's own tree", "0::/", "sys/fs/cgroup/memory.max"],
    ["version 1", "4:memory:/docker/abc\n1:cpu:/", "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes"],
    ["version 1, a container's part", "4:memory:/docker/abc", "sys/fs/cgroup/memory/memory.limit_in_bytes"],
  ])("%s limits the memory", async (_, groups, file) => {
    const files = { "proc/self/cgroup": groups, [file]: `${gb}` };
    const { failures } = await check(files, { memory: 2 * gb, largestNode: 2 * gb });
    expect(failures?.[0]?.reason).toBe(
      '1 node of "2gb" can grow to 2gb, which does not fit into 1gb, the limit of this machine\'s control group: write at most "819mb", ' +
        'or see that nothing is checked: hostTuning "off"',
    );
  });

  it("without a limit changes nothing", () => {
    const unlimited = {
      "proc/self/cgroup": "4:memory:/a\n0::/b",
      "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712",
      "sys/fs/cgroup/b/memory.max": "max",
      "sys/fs/cgroup/b/cpu.max": "max 100000",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    };
    const machine = inspectMachine(new HostTree(folder.path, unlimited).roots);
    expect(machine).toMatchObject({ memory: 64 * gb, limited: false, available: 60 * gb });
    expect(machine.cores).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ["0::/b", { "sys/fs/cgroup/b/cpu.max": "50000 100000" }],
    [
      "1:cpu,cpuacct:/b",
      { "sys/fs/cgroup/cpu/b/cpu.cfs_quota_us": "50000", "sys/fs/cgroup/cpu/b/cpu.cfs_period_us": "100000" },
    ],
  ])("limits the cores: %s", (groups, files) => {
    const tree = new HostTree(folder.path, { "proc/self/cgroup": groups, ...files });
    expect(inspectMachine(tree.roots).cores).toBe(0.5);
  });
});

it("what is said: a line for each, one command for all sysctls", async () => {
  const { findings } = await check({
    "proc/sys/vm/overcommit_memory": "0",
    "proc/sys/vm/swappiness": "60",
    "sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never",
  });
  expect(formatHostReport({ findings, toSet: {} }, "check")).toBe(
    [
      'this machine has 3 things otherwise than Redis wants it (hostTuning: "apply" sets what it may, "off" says nothing):',
      " - vm.overcommit_memory: 0, wanted 1: a background save or a replica's copy forks the server, which is refused while memory is short",
      " - transparent_hugepage: always, wanted never or madvise: a write after a fork copies 2 MB instead of 4 kB: latency and memory. " +
        "Fix: echo never | sudo tee /sys/kernel/mm/transparent_hugepage/enabled && " +
        "echo 'w /sys/kernel/mm/transparent_hugepage/enabled - - - - never' | sudo tee /etc/tmpfiles.d/60-redis.conf",
      " - vm.swappiness: 60, wanted at most 1: memory of Redis that was swapped out makes single commands take milliseconds",
      "Fix of the sysctls, for root: sudo sysctl -w vm.overcommit_memory=1 vm.swappiness=1 | sudo tee -a /etc/sysctl.d/60-redis.conf",
    ].join("\n"),
  );
});
