import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { configTable } from "../../infra/config-keys.ts";

it("the README holds the table of the configuration as it is", () => {
  const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
  expect(readme).toContain(configTable().trim());
});
