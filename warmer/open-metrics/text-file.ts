import { readFile, rename, rm, writeFile } from "node:fs/promises";

/**
 * Puts a file in the place of another one: whoever reads it never sees half of it.
 *
 * @param mode of the file. @default as the process's umask leaves 0666
 */
export async function replaceFile(file: string, text: string, mode = 0o666): Promise<void> {
  const draft = `${file}.${process.pid}`;
  // Never through what somebody else has put there under this name.
  await rm(draft, { force: true });
  await writeFile(draft, text, { flag: "wx", mode });
  await rename(draft, file);
}

/**
 * The value of a metric in a file of metrics; undefined where there is none.
 *
 * @param labels all that it is labelled with
 */
export async function readMetric(
  file: string,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const [, found = "", value = ""] = line.startsWith(`${name}{`) ? (/\{(.*)\} (\S+)$/.exec(line) ?? []) : [];
    if (value !== "" && found === labelText(labels)) return Number(value);
  }
  return undefined;
}

/** Labels as the metrics' text has them. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const escaped = (value: string) => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",");
}
