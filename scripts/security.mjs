// npm run test:security: every attack of test/e2e/security, against real servers, and their number.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-attacks-"));
const notes = path.join(folder, "verdicts");
try {
  const env = { ...process.env, HEARTH_ATTACKS: notes };
  const test = path.join(root, "scripts", "test.mjs");
  const files = [
    "test/e2e/security",
    "test/e2e/stack/secrets.test.ts",
    "test/e2e/network",
    "test/e2e/ops/tls-openssl.test.ts",
    "test/e2e/stack/tls.test.ts",
  ];
  const { status } = spawnSync(process.execPath, [test, "e2e", ...files, ...process.argv.slice(2)], {
    stdio: "inherit",
    env,
  });
  const verdicts = existsSync(notes) ? readFileSync(notes, "utf8").split("\n") : [];
  const count = (verdict) => verdicts.filter((line) => line === verdict).length;
  const wrong = count("refused though allowed");
  console.log(
    `attacks: ${count("refused")} refused, ${count("allowed")} allowed as documented, ${count("let through")} let through` +
      (wrong > 0 ? `; ${wrong} refused that are documented as allowed` : ""),
  );
  process.exitCode = status === 0 && count("refused") > 0 && count("let through") === 0 && wrong === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
