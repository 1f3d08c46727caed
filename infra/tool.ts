import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Version of the bundled tool that the resources of this program run: the package's, and a digest of its code. The
 * tool is looked for where the provider looks for it, from the program's folder.
 */
export function toolVersion(): string {
  const { version } = JSON.parse(readFileSync(join(toolFolder(), "hearth.json"), "utf8"));
  return String(version);
}

/** The text of the proxy that leads to a primary (proxy/), one file beside the tool. */
export function proxyProgram(): string {
  return readFileSync(join(toolFolder(), "primary.mjs"), "utf8");
}

function toolFolder(): string {
  return dirname(createRequire(join(process.cwd(), "package.json")).resolve("hearth/tool"));
}
