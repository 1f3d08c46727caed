import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { fixOf, kernelSettings, wantedText } from "../../../ops/host/settings.ts";
import { smallNeeds } from "../../support/host-tree.ts";

const page = readFileSync(resolve(import.meta.dirname, "../../../docs/host.md"), "utf8");
const rows = page.split("\n").map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));

it.each(kernelSettings.map((setting) => [setting.name, setting] as const))("docs/host.md tells %s", (name, setting) => {
  const row = rows.find(([, first]) => first === `\`${name}\``);
  const fix = `\`${fixOf(setting, smallNeeds, false)}\``;
  expect(row).toEqual(["", `\`${name}\``, wantedText(setting, smallNeeds), setting.why, expect.any(String), fix, ""]);
});
