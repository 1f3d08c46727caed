// node scripts/wasm.mjs: compiles warmer/wasm/*.as into warmer/wasm/module.ts. --check: fails where they differ.
// The compiler is fetched for the occasion: at 100 MB it is no dependency of everybody who works on Hearth.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";

const compiler = "assemblyscript@0.28.20";
const source = path.join(root, "warmer/wasm");
const target = path.join(source, "module.ts");

const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-wasm-"));
try {
  run("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, compiler]);
  for (const name of readdirSync(source).filter((each) => each.endsWith(".as"))) {
    copyFileSync(path.join(source, name), path.join(folder, name.replace(/as$/, "ts")));
  }
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--initialMemory", "1"];
  run(path.join(folder, "node_modules/.bin/asc"), ["commands.ts", "-o", "rows.wasm", ...options]);
  const text = moduleText(readFileSync(path.join(folder, "rows.wasm")));
  if (!process.argv.includes("--check")) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error("hearth: warmer/wasm/module.ts is not the .as files compiled: node scripts/wasm.mjs");
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
    "// The .as files beside this, compiled by node scripts/wasm.mjs: do not change by hand.",
    "export const rowsModule =",
    `  "${binary.toString("base64")}";`,
    "",
  ].join("\n");
}
