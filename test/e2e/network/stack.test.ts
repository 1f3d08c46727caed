import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firewallOf } from "../../support/firewall.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { whyNoNamespaces } from "../../support/namespaces.ts";
import { reached } from "../../support/reach.ts";
import { TestStack } from "../../support/stack.ts";
import { at, judgeConnections, NetworkLab } from "./lab.ts";

const repository = resolve(import.meta.dirname, "../../..");
const whyNot = whyNoNamespaces("nft");
const target = [{ host: at.server, port: 6379, ask: true }];

describe.skipIf(whyNot)(`a stack with a firewall${whyNot ? ` (skipped: ${whyNot})` : ""}`, () => {
  const project = temporaryFolder();
  const path = process.env.PATH;
  let lab: NetworkLab;
  let stack: TestStack;
  const clients = (...networks: string[]): void => {
    const plan = firewallOf({ topology: "standalone", args: {} }, [at.server], { clients: networks });
    writeFileSync(join(project.path, "plan.json"), JSON.stringify(plan));
  };
  const rules = (): Promise<string> => lab.server.run("nft", ["-s", "list", "ruleset"]);

  beforeAll(async () => {
    lab = await NetworkLab.start();
    await lab.serve(firewallOf({ topology: "standalone", args: {} }, [at.server]).rules);
    makeProject(project.path);
    // The engine, and so the tool, works on the server of the lab, and not on this machine.
    const bin = join(project.path, "bin");
    const engine = execFileSync("sh", ["-c", "command -v pulumi"], { encoding: "utf8" }).trim();
    mkdirSync(bin);
    writeFileSync(join(bin, "pulumi"), `#!/bin/sh\nexec ip netns exec ${lab.server.namespace} ${engine} "$@"\n`);
    chmodSync(join(bin, "pulumi"), 0o755);
    process.env.PATH = [bin, path].join(delimiter);
    clients("10.0.0.0/24");
    stack = await new TestStack({}, project.path).init();
  });
  afterAll(async () => {
    await stack?.end();
    process.env.PATH = path;
    await lab?.close();
    project.remove();
  });

  it("closes, shows what changes, repairs what was changed, and opens again when it is destroyed", async () => {
    await stack.up();
    const made = await rules();
    expect(made).toContain("table inet hearth/shop/dev/cache");
    const { client, stranger } = lab.machines;
    const open = { client: await reached(client, target), stranger: await reached(stranger, target) };
    judgeConnections("the firewall of a stack", [6379], open, { client: [6379], stranger: [] });
    expect(await stack.up()).toMatch(/2 unchanged/);

    clients("10.0.0.0/24", "10.0.1.0/24");
    expect(await stack.preview("--diff")).toMatch(/\+.*ip saddr 10\.0\.1\.0\/24 accept/);
    expect(await rules()).toBe(made);
    await stack.up();
    expect(await reached(lab.machines.stranger, target)).toEqual([6379]);
    clients("10.0.0.0/24");
    await stack.up();
    expect(await rules()).toBe(made);

    await lab.server.run("nft", ["insert", "rule", "inet", "hearth/shop/dev/cache", "input", "accept"]);
    expect(await stack.refresh()).toMatch(/were changed by somebody else(.|\n)*~ 1 updated/);
    expect(await stack.preview()).toMatch(/~ 1 to update/);
    await stack.up();
    expect(await rules()).toBe(made);
    expect(await stack.up()).toMatch(/2 unchanged/);

    await lab.server.run("nft", ["flush", "ruleset"]);
    await stack.refresh();
    await stack.up();
    expect(await rules()).toBe(made);

    await stack.destroy();
    expect(await rules()).toBe("");
  });
});

/** A project that has nothing but a firewall, of the plan in plan.json. */
function makeProject(folder: string): void {
  const files = {
    "Pulumi.yaml":
      "name: hearth\nruntime: { name: nodejs, options: { typescript: false, nodeargs: --require hearth/program } }\nmain: index.ts\n",
    "package.json": JSON.stringify({ name: "project", type: "module", private: true }),
    "index.ts": `import { readFileSync } from "node:fs";
import { Firewall } from "${repository}/infra/operations/firewall.ts";
new Firewall("cache-firewall", { name: "cache", plan: JSON.parse(readFileSync("plan.json", "utf8")) });
`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  symlinkSync(repository, join(modules, "hearth"));
  symlinkSync(join(repository, "node_modules/@pulumi"), join(modules, "@pulumi"));
}
