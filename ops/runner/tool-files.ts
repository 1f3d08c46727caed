import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ContainerFile } from "../docker/files.ts";

/** The file of the tool that Node is started with. */
export const toolEntry = "main.mjs";

/** The files of this tool, for another place. Only its owner needs to read them. */
export function toolFiles(): ContainerFile[] {
  const folder = toolFolder();
  return readdirSync(folder).map((name) => ({ name, content: readFileSync(join(folder, name), "utf8"), mode: 0o400 }));
}

/** The folder of this tool's version; run from its sources, as tests do, that of the last build. */
export function toolFolder(): string {
  const own = dirname(fileURLToPath(import.meta.url));
  if (basename(own).startsWith("tool-")) return own;
  const dist = join(own, "..", "..", "dist");
  const built = /\.\/(tool-[0-9a-f]+)\//.exec(readFileSync(join(dist, "hearth.cjs"), "utf8"))?.[1];
  if (built === undefined) throw new Error(`${dist} holds no tool: npm run build`);
  return join(dist, built);
}
