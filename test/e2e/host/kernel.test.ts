import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostReport } from "../../../contract/host.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { smallNeeds } from "../../support/host-tree.ts";
import { holdKernel, maySetKernel } from "../../support/machine.ts";

interface Step {
  readonly result: { readonly outputs?: { readonly report: HostReport; readonly applied: Record<string, unknown> } };
  readonly settings: Record<string, string>;
}

const folder = temporaryFolder();
let restore = async (): Promise<void> => {};
beforeAll(async () => {
  if (maySetKernel()) restore = await holdKernel();
});
afterAll(async () => {
  await restore();
  folder.remove();
});

let count = 0;

/** The operation on the real kernel, in network and mount namespaces of its own; only what it writes is elsewhere. */
function run(setup: string, actions: readonly string[], mode: string, prefix: readonly string[] = []) {
  const own = join(folder.path, `run-${++count}`);
  for (const name of ["etc/sysctl.d", "etc/tmpfiles.d"]) mkdirSync(join(own, name), { recursive: true });
  const roots = { proc: "/proc", sys: "/sys", etc: join(own, "etc"), state: join(own, "state") };
  const inputs = { name: "cache", mode, directory: join(own, "nodes"), needs: smallNeeds };
  const script = [process.execPath, resolve(import.meta.dirname, "run-host.ts")];
  const shell = ["sh", "-ec", `${setup}\nexec "$@"`, "sh", ...prefix, ...script];
  const text = execFileSync("unshare", ["--net", "--mount", ...shell], {
    input: JSON.stringify({ roots, inputs, actions }),
    encoding: "utf8",
  });
  return { steps: JSON.parse(text) as Step[], own };
}

const asDelivered =
  "sysctl -qw net.core.somaxconn=128 net.ipv4.tcp_max_syn_backlog=64 vm.swappiness=60 vm.overcommit_memory=0";
const network = ["fin_timeout", "keepalive_time", "keepalive_probes", "keepalive_intvl"].map(
  (name) => `net.ipv4.tcp_${name}`,
);

describe.skipIf(!maySetKernel())("on the real kernel", () => {
  it("apply sets what is not as it should be, and delete puts it back", () => {
    const { steps, own } = run(asDelivered, ["check", "create", "create", "delete"], "apply");
    const [before, first, second, after] = steps;
    expect(before?.settings).toMatchObject({ "net.core.somaxconn": "128", "vm.swappiness": "60" });
    const wanted = {
      "vm.overcommit_memory": "1",
      "vm.swappiness": "1",
      "net.core.somaxconn": "511",
      "net.ipv4.tcp_max_syn_backlog": "511",
      "net.ipv4.tcp_fin_timeout": "30",
      "net.ipv4.tcp_keepalive_time": "300",
      "net.ipv4.tcp_keepalive_probes": "5",
      "net.ipv4.tcp_keepalive_intvl": "15",
    };
    expect(first?.settings).toMatchObject(wanted);
    expect(Object.keys(first?.result.outputs?.applied ?? {})).toEqual(expect.arrayContaining(Object.keys(wanted)));
    expect(first?.result.outputs?.report.toSet).toEqual({});
    expect(second?.result.outputs?.applied).toEqual(first?.result.outputs?.applied);
    expect(after?.settings).toEqual(before?.settings);
    expect(readdirSync(join(own, "etc/sysctl.d"))).toEqual([]);
    expect(existsSync(join(own, "state"))).toBe(false);
  });

  it("a container whose /proc/sys is read-only is told what its host must do, and is not failed", () => {
    const readOnly = `${asDelivered}\nmount --bind /proc/sys /proc/sys\nmount -o remount,bind,ro /proc/sys`;
    const { steps, own } = run(readOnly, ["check", "create", "delete"], "apply");
    const [check, create, last] = steps;
    const findings = check?.result.outputs?.report.findings ?? [];
    const fixOf = (name: string) => findings.find(({ setting }) => setting === name)?.fix;
    expect(fixOf("vm.overcommit_memory")).toBe(
      "on the host of this container: sudo sysctl -w vm.overcommit_memory=1 | sudo tee -a /etc/sysctl.d/60-redis.conf",
    );
    expect(fixOf("net.core.somaxconn")).toBe("start this container with: --sysctl net.core.somaxconn=511");
    expect(findings.find(({ setting }) => setting === "vm.swappiness")?.why).toMatch(
      /it is read-only here and cannot be applied$/,
    );
    expect(create?.result.outputs).toMatchObject({ applied: {}, report: { toSet: {} } });
    expect(last?.settings).toEqual(check?.settings);
    expect(readdirSync(join(own, "etc/sysctl.d"))).toEqual([]);
  });

  it("another user than root is told so, and is not failed", () => {
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
    const { steps } = run(asDelivered, ["check", "create", "delete"], "apply", nobody);
    const [check, create] = steps;
    const swappiness = check?.result.outputs?.report.findings.find(({ setting }) => setting === "vm.swappiness");
    expect(swappiness?.why).toMatch(/; only root may apply it$/);
    expect(swappiness?.sysctl).toBe("vm.swappiness=1");
    expect(create?.result.outputs).toMatchObject({ applied: {}, report: { toSet: {} } });
    expect(create?.settings["vm.swappiness"]).toBe("60");
  });

  it("the limit of open files is that of the process that starts the servers", () => {
    const { steps } = run("", ["check"], "check", ["prlimit", "--nofile=1024:4096"]);
    const findings = steps[0]?.result.outputs?.report.findings;
    expect(findings?.find(({ setting }) => setting === "nofile")).toMatchObject({ found: "4096" });
  });

  it("the commands of the findings mend them, now and after a restart", () => {
    const { steps } = run(asDelivered, ["check"], "check");
    const findings = steps[0]?.result.outputs?.report.findings ?? [];
    const kept = join(folder.path, "60-redis.conf");
    const fixes = findings.filter(({ setting }) => network.includes(setting) || setting === "net.core.somaxconn");
    expect(fixes).toHaveLength(5);
    const plain = ({ fix }: { fix: string }) =>
      fix.replaceAll("sudo ", "").replace("/etc/sysctl.d/60-redis.conf", kept);
    const mended = run(fixes.map((one) => `${plain(one)} > /dev/null`).join("\n"), ["check"], "check");
    const left = (of: typeof mended) => of.steps[0]?.result.outputs?.report.findings.map(({ setting }) => setting);
    for (const { setting } of fixes) expect(left(mended)).not.toContain(setting);
    // What a restart reads.
    const restarted = run(`sysctl -qw net.core.somaxconn=128\nsysctl -q -p ${kept}`, ["check"], "check");
    for (const { setting } of fixes) expect(left(restarted)).not.toContain(setting);
  });
});
