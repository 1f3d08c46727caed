import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { monitoringFilesSchema } from "../contract/monitoring.ts";
import { OperationFailure, type OperationHandler } from "../contract/operation.ts";
import { fromProject } from "./project-folder.ts";

/**
 * Files that Prometheus and Grafana read, in a folder that others may use too: only what was written here is ever
 * replaced or removed. They hold no secret: what the umask allows may be read by everybody, as Prometheus runs as a user of its own.
 */
export const monitoringFiles: OperationHandler = async ({ action, id, inputs, olds }, { progress }) => {
  if (action === "check") return {};
  const { directory, files } = monitoringFilesSchema.parse(inputs);
  const folder = fromProject(directory);
  if (action === "read") return read(id, folder, files);
  if (action === "delete") {
    for (const [name, text] of Object.entries(files)) {
      if (!remove(folder, name, text)) progress(`${join(directory, name)} stays: somebody has changed it`);
    }
    removeEmpty(folder);
    return {};
  }
  const before = monitoringFilesSchema.safeParse(olds).data?.files ?? {};
  if (action === "create") refuseForeign(folder, files);
  try {
    for (const [name, text] of Object.entries(files)) write(folder, name, text);
    const gone = Object.entries(before).filter(([name]) => files[name] === undefined);
    for (const [name, text] of gone) remove(folder, name, text);
  } catch (error) {
    throw new OperationFailure(`${directory} cannot be written: ${(error as Error).message}`, "monitoring-files");
  }
  return { id: "monitoring-files" };
};

/** Somebody's own prometheus.yml is not overwritten by the first update. */
function refuseForeign(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const found = contentOf(join(folder, name));
    if (found === undefined || found === text) continue;
    throw new Error(
      `${join(folder, name)} is there, and not Hearth's: move it away, or choose another folder (hearth:monitoringDir)`,
    );
  }
}

/** Gone as a whole: the resource is no more. Changed or gone in part: the next `up` writes them again. */
function read(id: string, folder: string, files: Readonly<Record<string, string>>) {
  const changed = Object.entries(files).filter(([name, text]) => contentOf(join(folder, name)) !== text);
  if (changed.length === 0) return { id };
  const missing = changed.filter(([name]) => contentOf(join(folder, name)) === undefined);
  if (missing.length === Object.keys(files).length) return { id: "" };
  return {
    id,
    outputs: { drift: `${changed.map(([name]) => name).join(", ")} was changed or removed by somebody else` },
  };
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** As a whole: Prometheus may look at any moment. */
function write(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  if (contentOf(path) === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, text, { mode: 0o644 });
  renameSync(part, path);
}

/** False where it is not what was written. */
function remove(folder: string, name: string, text: string): boolean {
  const found = contentOf(join(folder, name));
  if (found !== undefined && found !== text) return false;
  rmSync(join(folder, name), { force: true });
  if (name.includes("/")) removeEmpty(dirname(join(folder, name)));
  return true;
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {} // others have files there, or it is gone
}
