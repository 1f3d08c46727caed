import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * A path of the stack's, relative to the folder that holds Pulumi.yaml. The tool is started in the folder of the
 * program's main file, which may lie below it.
 */
export function fromProject(path: string): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return resolve(folder, path);
    if (dirname(folder) === folder) return resolve(path);
  }
}
