// The Pulumi programs that benchmarks compare: ours, and one that does nothing.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../scripts/bootstrap/paths.mjs";

/** This repository's program, with the settings of the development stack. */
export const ourProject = { name: "hearth", folder: root, stackFile: path.join(root, "Pulumi.dev.yaml") };

/**
 * Makes a project of the shape that `pulumi new typescript` gives, around an empty program, with the packages of this
 * repository. `stripped`: Node strips the types, as in our own project, where the template has ts-node check them.
 */
export function emptyProject(folder, { stripped = false } = {}) {
  mkdirSync(folder, { recursive: true });
  const write = (name, text) => writeFileSync(path.join(folder, name), text);
  // The template's `packagemanager` option is unknown to older language hosts, and needless without an installation.
  const runtime = stripped
    ? `runtime:\n  name: nodejs\n  options:\n    typescript: false\n    nodeargs: "--require hearth/program"\n`
    : "runtime: nodejs\n";
  write("Pulumi.yaml", `name: empty\ndescription: A minimal TypeScript Pulumi program\n${runtime}`);
  write("index.ts", 'import * as pulumi from "@pulumi/pulumi";\n');
  write("package.json", json({ name: "empty", main: "index.ts", ...(stripped && { type: "module" }) }));
  const compilerOptions = {
    strict: true,
    outDir: "bin",
    target: "es2020",
    // The template of old says commonjs and node, which TypeScript 6 refuses.
    module: "nodenext",
    moduleResolution: "nodenext",
    sourceMap: true,
    experimentalDecorators: true,
    pretty: true,
    noFallthroughCasesInSwitch: true,
    noImplicitReturns: true,
    forceConsistentCasingInFileNames: true,
  };
  write("tsconfig.json", json({ compilerOptions, files: ["index.ts"] }));
  linkPackages(path.join(folder, "node_modules"));
  return { name: "empty", folder };
}

/** No package with a plugin: the engine looks for the plugins of all packages that it finds, also through links. */
function linkPackages(folder) {
  const { name } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  for (const scope of ["@pulumi", name]) mkdirSync(path.join(folder, scope), { recursive: true });
  for (const each of ["@pulumi/pulumi", "@types", "typescript"]) {
    symlinkSync(path.join(root, "node_modules", each), path.join(folder, each));
  }
  for (const each of ["package.json", "scripts"]) symlinkSync(path.join(root, each), path.join(folder, name, each));
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}
