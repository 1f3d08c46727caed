import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Version of the bundled tool that the resources of this program run: the package's, and a digest of its code. The
 * tool is looked for where the provider looks for it, from the program's folder.
 */
export function toolVersion(): string {
  const tool = createRequire(join(process.cwd(), "package.json")).resolve("hearth/tool");
  const { version } = JSON.parse(readFileSync(join(dirname(tool), "hearth.json"), "utf8"));
  return String(version);
}
