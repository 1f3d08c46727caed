// Writes the README's tables that are made from code, behind their markers `<!-- table: ... -->`.
// test/unit/readme.test.ts holds that they are as they should be.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { configTable } from "../infra/config-keys.ts";
import { promisesTable } from "../infra/plan/promises.ts";
import { root } from "./bootstrap/paths.mjs";

const file = path.join(root, "README.md");
let text = readFileSync(file, "utf8");
for (const [name, table] of Object.entries({ configuration: configTable(), security: promisesTable() })) {
  const marker = `<!-- table: ${name} -->\n`;
  const start = text.indexOf(marker) + marker.length;
  if (start < marker.length) throw new Error(`README.md has no line ${marker.trim()}`);
  const end = start + /^(\|.*\n)*/.exec(text.slice(start))[0].length;
  text = `${text.slice(0, start)}${table.trim()}\n${text.slice(end)}`;
}
writeFileSync(file, text);
