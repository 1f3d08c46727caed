import { existsSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostReport } from "../../../contract/host.ts";
import type { OperationRequest } from "../../../contract/operation.ts";
import { hostTuningOn } from "../../../ops/host/host-tuning.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { goodSettings, HostTree, smallNeeds } from "../../support/host-tree.ts";

const asDelivered = {
  "proc/sys/vm/overcommit_memory": "0",
  "proc/sys/vm/swappiness": "60",
  "proc/sys/net/core/somaxconn": "128",
  "sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never",
};

let folder: ReturnType<typeof temporaryFolder>;
let tree: HostTree;
let progress: string[];
beforeEach(() => {
  folder = temporaryFolder();
  tree = new HostTree(folder.path, asDelivered);
  progress = [];
});
afterEach(() => folder.remove());

function run(action: OperationRequest["action"], name = "cache", more: Record<string, unknown> = {}) {
  const directory = join(folder.path, "stacks", name);
  const inputs = { name, mode: "apply", directory, needs: smallNeeds, ...more };
  const context = { signal: AbortSignal.timeout(10_000), progress: (line: string) => void progress.push(line) };
  return hostTuningOn(tree.roots)({ operation: "", action, id: "", inputs, olds: {}, deadlineMs: 10_000 }, context);
}

/** The settings of the tree that are not as Redis wants them. */
const unfit = () =>
  Object.fromEntries(
    Object.keys(asDelivered).flatMap((name) => {
      const now = tree.read(name);
      return now === goodSettings[name] || (now === "never" && name.startsWith("sys")) ? [] : [[name, now]];
    }),
  );
const hugePages = "sys/kernel/mm/transparent_hugepage/enabled";
const sysctlFile = "etc/sysctl.d/99-hearth.conf";
const tmpfilesFile = "etc/tmpfiles.d/99-hearth.conf";

describe("a check with apply", () => {
  it("shows what will be set, and sets nothing", async () => {
    const { outputs } = await run("check");
    expect(outputs?.report).toEqual({
      findings: [],
      toSet: {
        "vm.overcommit_memory": "0 -> 1",
        "vm.swappiness": "60 -> 1",
        transparent_hugepage: "always -> never",
        "net.core.somaxconn": "128 -> 511",
      },
    });
    expect(Object.keys(unfit())).toHaveLength(4);
    expect(existsSync(tree.roots.state)).toBe(false);
  });
});

describe("what apply sets", () => {
  it("is set, written down and kept after a restart", async () => {
    const { id, outputs } = await run("create");
    expect(id).toBe("host-tuning");
    expect(outputs).toEqual({
      applied: {
        "vm.overcommit_memory": { before: "0", set: "1" },
        "vm.swappiness": { before: "60", set: "1" },
        transparent_hugepage: { before: "always", set: "never" },
        "net.core.somaxconn": { before: "128", set: "511" },
      },
      report: { findings: [], toSet: {} },
    });
    expect(progress).toEqual([
      "set vm.overcommit_memory 0 -> 1, vm.swappiness 60 -> 1, transparent_hugepage always -> never, net.core.somaxconn 128 -> 511",
    ]);
    expect(tree.read("proc/sys/vm/overcommit_memory")).toBe("1");
    expect(tree.read("proc/sys/net/core/somaxconn")).toBe("511");
    expect(tree.read(hugePages)).toBe("never");
    expect(tree.read("proc/sys/net/core/netdev_max_backlog")).toBe("5000");
    const head =
      "# Written by Hearth for hostTuning: apply; removed when no stack on this machine needs it any more.\n";
    expect(tree.read(sysctlFile)).toBe(`${head}vm.overcommit_memory = 1\nvm.swappiness = 1\nnet.core.somaxconn = 511`);
    expect(tree.read(tmpfilesFile)).toBe(`${head}w /sys/kernel/mm/transparent_hugepage/enabled - - - - never`);
    expect(statSync(join(tree.folder, sysctlFile)).mode & 0o777).toBe(0o644);
    expect(statSync(tree.roots.state).mode & 0o777).toBe(0o700);
  });

  it("is put back by delete, and nothing is left", async () => {
    await run("create");
    await run("delete");
    expect(tree.read("proc/sys/vm/swappiness")).toBe("60");
    expect(tree.read("proc/sys/net/core/somaxconn")).toBe("128");
    expect(tree.read(hugePages)).toBe("always");
    expect(readdirSync(join(tree.folder, "etc/sysctl.d"))).toEqual([]);
    expect(readdirSync(join(tree.folder, "etc/tmpfiles.d"))).toEqual([]);
    expect(existsSync(tree.roots.state)).toBe(false);
    progress = [];
    expect(await run("delete")).toEqual({});
    expect(progress).toEqual([]);
  });

  it("is put back when the mode becomes check", async () => {
    await run("create");
    const { outputs } = await run("update", "cache", { mode: "check" });
    expect(tree.read("proc/sys/vm/swappiness")).toBe("60");
    expect(outputs?.applied).toEqual({});
    expect(outputs?.report).toMatchObject({ findings: { length: 4 }, toSet: {} });
  });

  it("that the kernel takes but keeps otherwise is said, and is not ours to put back", async () => {
    // A file that keeps nothing, as a kernel may that accepts a value and keeps another.
    rmSync(join(tree.folder, hugePages));
    symlinkSync("/dev/null", join(tree.folder, hugePages));
    const { outputs = {} } = await run("create");
    const { findings, toSet } = outputs.report as HostReport;
    expect(findings.map(({ setting, why }) => `${setting}: ${why.split("; ")[1]}`)).toEqual([
      'transparent_hugepage: "never" was written, but it is ""',
    ]);
    expect(Object.keys(toSet)).toEqual(["transparent_hugepage"]);
    expect(Object.keys(outputs.applied as object)).not.toContain("transparent_hugepage");
    expect(existsSync(join(tree.folder, tmpfilesFile))).toBe(false);
  });

  it("is not put back where somebody has changed it since", async () => {
    await run("create");
    tree.write("proc/sys/vm/swappiness", "10");
    await run("delete");
    expect(tree.read("proc/sys/vm/swappiness")).toBe("10");
    expect(tree.read("proc/sys/vm/overcommit_memory")).toBe("0");
  });

  it("is set again after somebody has changed it; what they wrote is then what was there before", async () => {
    await run("create");
    tree.write("proc/sys/vm/swappiness", "10");
    expect((await run("check")).outputs?.report).toEqual({ findings: [], toSet: { "vm.swappiness": "10 -> 1" } });
    await run("update");
    await run("update");
    expect(tree.read("proc/sys/vm/swappiness")).toBe("1");
    await run("delete");
    expect(tree.read("proc/sys/vm/swappiness")).toBe("10");
    expect(tree.read("proc/sys/net/core/somaxconn")).toBe("128");
  });

  it("is nothing on a machine that is as Redis wants it, which delete leaves alone", async () => {
    for (const name of Object.keys(asDelivered)) tree.write(name, goodSettings[name] ?? "");
    expect((await run("create")).outputs).toEqual({ applied: {}, report: { findings: [], toSet: {} } });
    expect(existsSync(tree.roots.state)).toBe(false);
    await run("delete");
    expect(unfit()).toEqual({});
  });

  it("is written down before it is set, so that a killed tool forgets nothing", async () => {
    await run("create");
    // Killed after the record was saved: the second setting was never written.
    tree.write("proc/sys/vm/swappiness", "60");
    await run("create");
    await run("delete");
    expect(tree.read("proc/sys/vm/swappiness")).toBe("60");
  });
});

describe("two topologies on one machine", () => {
  it.each([
    ["the first", "the second", "a", "b"],
    ["the second", "the first", "b", "a"],
  ])("%s goes: what it set stays until %s goes too", async (_, __, first, second) => {
    await run("create", "a");
    expect((await run("create", "b")).outputs).toMatchObject({
      applied: { "vm.swappiness": { before: "60", set: "1" } },
      report: { toSet: {} },
    });
    await run("delete", first);
    expect(unfit()).toEqual({ "proc/sys/net/core/somaxconn": "511" });
    expect(tree.read(sysctlFile)).toContain("vm.swappiness = 1");
    await run("delete", second);
    expect(tree.read("proc/sys/vm/swappiness")).toBe("60");
    expect(tree.read("proc/sys/net/core/somaxconn")).toBe("128");
    expect(existsSync(join(tree.folder, sysctlFile))).toBe(false);
  });

  it("one that needs more raises it; what was there first is put back", async () => {
    await run("create", "a");
    await run("create", "b", { needs: { ...smallNeeds, backlog: 2048 } });
    expect(tree.read("proc/sys/net/core/somaxconn")).toBe("2048");
    await run("delete", "a");
    await run("delete", "b");
    expect(tree.read("proc/sys/net/core/somaxconn")).toBe("128");
  });

  it("at the same moment: both claim everything", async () => {
    await Promise.all(["a", "b", "c", "d"].map((name) => run("create", name)));
    await Promise.all(["a", "b", "c"].map((name) => run("delete", name)));
    expect(tree.read("proc/sys/vm/swappiness")).toBe("1");
    await run("delete", "d");
    expect(tree.read("proc/sys/vm/swappiness")).toBe("60");
  });
});

it("a record that cannot be read is named, with what to do", async () => {
  await run("create");
  tree.write("var/lib/hearth/host.json", "{");
  await expect(run("delete")).rejects.toThrow(
    /^.*\/host\.json, the record of what Hearth has set on this machine, cannot be read: .*; remove it to forget what was there before$/s,
  );
});

describe("nothing that goes wrong fails an update", () => {
  it("what cannot be written down is not set, and a warning", async () => {
    tree.write("var/lib/hearth", "a file where a folder should be");
    const { outputs = {} } = await run("create");
    const { findings } = outputs.report as HostReport;
    expect(findings).toHaveLength(4);
    for (const { why } of findings) expect(why).toMatch(/; EEXIST: .*var\/lib\/hearth'$/);
    expect(Object.keys(unfit())).toHaveLength(4);
    expect(outputs.applied).toEqual({});
  });

  it("a record that cannot be read is a warning", async () => {
    tree.write("var/lib/hearth/host.json", "{");
    const { outputs = {} } = await run("create");
    expect((outputs.report as HostReport).findings[0]?.why).toContain("host.json, the record of what Hearth has set");
    expect(Object.keys(unfit())).toHaveLength(4);
  });

  it("what cannot be kept for the next start is set all the same", async () => {
    rmSync(join(tree.folder, "etc/sysctl.d"), { recursive: true });
    symlinkSync("/proc/self/task", join(tree.folder, "etc/sysctl.d")); // a folder that takes no files
    const { outputs } = await run("create");
    expect(outputs?.report).toEqual({ findings: [], toSet: {} });
    expect(progress[0]).toMatch(/^not kept for the next start of this machine: ENOENT/);
    await run("delete");
    expect(tree.read("proc/sys/vm/swappiness")).toBe("60");
  });
});

it("a system without sysctl.d has nothing written there", async () => {
  tree = new HostTree(join(folder.path, "other"), asDelivered);
  const roots = { ...tree.roots, etc: join(folder.path, "nowhere") };
  const inputs = { name: "cache", mode: "apply", directory: folder.path, needs: smallNeeds };
  const context = { signal: AbortSignal.timeout(10_000), progress: () => {} };
  const request = { operation: "", id: "", inputs, olds: {}, deadlineMs: 10_000 };
  await hostTuningOn(roots)({ ...request, action: "create" }, context);
  expect(tree.read("proc/sys/vm/swappiness")).toBe("1");
  expect(existsSync(roots.etc)).toBe(false);
});
