import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";

/** What `hearth:monitoringDir` leaves on the disk of whoever runs Pulumi. */

let stack: TestStack;
let folder: string;

beforeAll(async () => {
  stack = new TestStack({ port: `${await freePorts(1)}`, warm: "off" });
  folder = join(stack.folder, "monitoring");
  stack.set({ monitoringDir: folder });
  await stack.init();
  await stack.up();
});
afterAll(() => stack?.end());

it("the files are there, and Prometheus takes them", () => {
  expect(readFileSync(join(folder, "rules.yml"), "utf8")).toContain("alert: HearthNodeDown");
  const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "config", join(folder, "prometheus.yml")]);
  if (error === undefined) expect(status, `${stdout}${stderr}`).toBe(0);
});

it("a second update changes nothing; a file that is gone comes back after a refresh", async () => {
  expect(await stack.up()).not.toMatch(/updated|created|deleted|replaced/);
  rmSync(join(folder, "rules.yml"));
  await stack.refresh();
  await stack.up();
  expect(existsSync(join(folder, "rules.yml"))).toBe(true);
});

it("they go when they are not asked for any more", async () => {
  stack.set({ monitoringDir: undefined });
  await stack.up();
  expect(existsSync(folder)).toBe(false);
});
