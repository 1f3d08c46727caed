// npm run bench -- NAME [--json] [options of the benchmark]: runs bench/NAME.bench.mjs or .ts and prints its table.
// With --json the last line is one JSON object of its figures. Without a name: says which there are.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { main, StepError } from "../scripts/bootstrap/step.mjs";
import { bootstrap, underProjectNode } from "../scripts/bootstrap.mjs";

/**
 * A benchmark's default export: `async ({ log, args }) => ({ figures, table })`. `figures` are numbers by name, as
 * issues and README quote them; `table` is a list of rows, objects of the same keys; `log` prints a line of progress.
 */
const folder = path.dirname(fileURLToPath(import.meta.url));

await main(async () => {
  await bootstrap();
  await underProjectNode();
  const [name, ...options] = process.argv.slice(2);
  const file = [".mjs", ".ts"].map((end) => path.join(folder, `${name}.bench${end}`)).find((each) => existsSync(each));
  if (!file) throw new StepError(`bench: ${name ? `no benchmark ${name}` : "no name given"}; there are: ${known()}.`);
  const { default: bench } = await import(pathToFileURL(file).href);
  const args = options.filter((option) => option !== "--json");
  const { figures, table } = await bench({ log: (line) => process.stderr.write(`${line}\n`), args });
  printTable(table);
  console.log("");
  printTable(Object.entries(figures).map(([figure, value]) => ({ figure, value })));
  if (options.includes("--json")) console.log(JSON.stringify(figures));
});

function known() {
  const names = readdirSync(folder).flatMap((file) => /^(.+)\.bench\.(?:mjs|ts)$/.exec(file)?.[1] ?? []);
  return names.sort().join(", ") || "none yet";
}

/** Rows as a Markdown table, with the columns aligned: fit for the terminal and for the README. */
function printTable(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? "")))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index].length)));
  for (const [number, line] of cells.entries()) {
    console.log(`| ${line.map((cell, index) => cell.padEnd(widths[index])).join(" | ")} |`);
    if (number === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  }
}
