import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { configTable } from "../../infra/config-keys.ts";
import { promisesTable } from "../../infra/plan/promises.ts";

it("the README holds what every user may do, as it is promised and tried", () => {
  const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
  expect(readme).toContain(`\n${promisesTable()}\n`);
});

it("the README holds the table of the configuration as it is", () => {
  const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
  expect(readme).toContain(configTable().trim());
});
