// node scripts/wasm.mjs: compiles warmer/wasm/payload.as into warmer/wasm/module.ts. --check: fails where they differ.
// The compiler is fetched for the occasion: at 100 MB it is no dependency of everybody who works on Hearth.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";

const compiler = "assemblyscript@0.28.20";
const source = path.join(root, "warmer/wasm/payload.as");
const target = path.join(root, "warmer/wasm/module.ts");

const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-wasm-"));
try {
  run("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, compiler]);
  copyFileSync(source, path.join(folder, "payload.ts"));
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--initialMemory", "1"];
  run(path.join(folder, "node_modules/.bin/asc"), ["payload.ts", "-o", "payload.wasm", ...options]);
  const text = moduleText(readFileSync(path.join(folder, "payload.wasm")));
  if (!process.argv.includes("--check")) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error("hearth: warmer/wasm/module.ts is not payload.as compiled: node scripts/wasm.mjs");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? ""}${stdout}${stderr}`);
}

function moduleText(binary) {
  return [
    "// payload.as, compiled by node scripts/wasm.mjs: do not change by hand.",
    "export const payloadModule =",
    `  "${binary.toString("base64")}";`,
    "",
  ].join("\n");
}
