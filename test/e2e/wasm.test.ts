import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it("the compiled encoder is its source, compiled", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/wasm.mjs", "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
