import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../support/folders.ts";
import { holdKernel, maySetKernel } from "../../support/machine.ts";
import { TestStack } from "../../support/stack.ts";

const possible = maySetKernel();
const folder = temporaryFolder();
const network = `hearth-${process.pid}`;
const { PATH = "" } = process.env;
const inNetwork = (command: string, ...args: string[]) =>
  execFileSync("nsenter", [`--net=/run/netns/${network}`, command, ...args], { encoding: "utf8" }).trim();
const sysctl = (name: string) => inNetwork("sysctl", "-n", name);
let restore = async (): Promise<void> => {};

// An engine in a network namespace of its own: the settings of the network are then those of the test alone.
beforeAll(async () => {
  if (!possible) return;
  restore = await holdKernel();
  execFileSync("ip", ["netns", "add", network]);
  inNetwork("ip", "link", "set", "lo", "up");
  const engine = execFileSync("sh", ["-c", "command -v pulumi"], { encoding: "utf8" }).trim();
  const wrapper = join(folder.path, "pulumi");
  writeFileSync(wrapper, `#!/bin/sh\nexec nsenter --net=/run/netns/${network} ${engine} "$@"\n`);
  chmodSync(wrapper, 0o755);
  process.env.PATH = [folder.path, PATH].join(delimiter);
});

afterAll(async () => {
  process.env.PATH = PATH;
  await restore();
  if (possible) execFileSync("ip", ["netns", "delete", network]);
  folder.remove();
});

const project = resolve(import.meta.dirname, "program");
const outputsOf = async (stack: TestStack) =>
  (await stack.outputs()) as unknown as { risks: number; applied: Record<string, unknown> };
const times = (text: string, part: string) => text.split(part).length - 1;

describe.skipIf(!possible)("in pulumi", () => {
  it("warnings are said in every preview and up, until the setting is mended", async () => {
    inNetwork("sysctl", "-qw", "net.core.somaxconn=128");
    const warning = "net.core.somaxconn: 128, wanted at least 511";
    const stack = await new TestStack({ mode: "check" }, project).init();
    try {
      const preview = await stack.preview();
      expect(times(preview, warning)).toBe(1);
      expect(preview).toMatch(/warning: this machine has \d+ things otherwise than Redis wants it/);
      expect(times(await stack.up(), warning)).toBe(1);
      expect(times(await stack.preview("--expect-no-changes"), warning)).toBe(1);
      const { risks } = await outputsOf(stack);
      inNetwork("sysctl", "-qw", "net.core.somaxconn=511");
      expect(await stack.preview()).not.toContain("net.core.somaxconn");
      expect(await stack.up()).not.toContain("net.core.somaxconn");
      expect((await outputsOf(stack)).risks).toBe(risks - 1);
      inNetwork("sysctl", "-qw", "net.core.somaxconn=64");
      await stack.refresh();
      expect(await stack.up()).toContain("net.core.somaxconn: 64, wanted at least 511");
      expect(await stack.preview("--expect-no-changes")).toContain("net.core.somaxconn: 64, wanted at least 511");
    } finally {
      await stack.end();
    }
    expect(sysctl("net.core.somaxconn")).toBe("64");
  });

  it("memory that cannot fit is refused in the preview", async () => {
    const stack = await new TestStack({ mode: "check", memory: "16000gb" }, project).init();
    try {
      expect(await stack.previewFails()).toMatch(
        /memory.*1 node of "16000gb" can grow to 16000gb, which does not fit into [\d.]+gb, this machine's memory: write at most/s,
      );
    } finally {
      await stack.end();
    }
  });

  it("apply sets, changes nothing the second time, sets again, and destroy puts it back", async () => {
    const kept = "/etc/sysctl.d/99-hearth.conf";
    const ours = existsSync(kept);
    inNetwork("sysctl", "-qw", "net.core.somaxconn=128");
    const swappiness = readFileSync("/proc/sys/vm/swappiness", "utf8");
    const stack = await new TestStack({ mode: "apply" }, project).init();
    try {
      await stack.preview();
      expect(sysctl("net.core.somaxconn")).toBe("128");
      expect(await stack.up()).toMatch(/cache: set .*net\.core\.somaxconn 128 -> 511/);
      expect(sysctl("net.core.somaxconn")).toBe("511");
      expect(readFileSync(kept, "utf8")).toContain("net.core.somaxconn = 511");
      expect((await outputsOf(stack)).applied).toMatchObject({ "net.core.somaxconn": { before: "128", set: "511" } });
      await stack.up("--expect-no-changes");
      inNetwork("sysctl", "-qw", "net.core.somaxconn=100");
      await stack.up();
      expect(sysctl("net.core.somaxconn")).toBe("511");
    } finally {
      await stack.end();
    }
    expect(sysctl("net.core.somaxconn")).toBe("100");
    expect(readFileSync("/proc/sys/vm/swappiness", "utf8")).toBe(swappiness);
    expect(existsSync(kept)).toBe(ours);
  });
});
