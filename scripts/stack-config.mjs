// A stack's config for one run: the committed Pulumi.<stack>.yaml, secrets set on this machine, and options. It is
// written to .hearth/, so that a run never changes a committed file.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";
import { StepError } from "./bootstrap/step.mjs";

/** Folder of what Hearth keeps for this clone: state, passphrase, config of the last run. Git-ignored. */
export const localFolder = path.join(root, ".hearth");

/** The file that `--config-file` is given. */
export function configFile(stack) {
  return path.join(localFolder, `Pulumi.${stack}.yaml`);
}

/**
 * Writes a stack's config for one run and returns its file. `overrides` are `{ "hearth:port": "17000" }`;
 * `encryption` is what opens its secrets where Hearth keeps the state itself, undefined in a backend of the user's.
 */
export async function writeConfig(stack, overrides, encryption) {
  const { parse, stringify } = await import("yaml");
  const read = (file) => (existsSync(file) ? (parse(readFileSync(file, "utf8")) ?? {}) : {});
  const committed = read(path.join(root, `Pulumi.${stack}.yaml`));
  const earlier = read(configFile(stack));
  // A stack of another name starts from what the dev stack is.
  const fallback = existsSync(path.join(root, `Pulumi.${stack}.yaml`)) ? {} : read(path.join(root, "Pulumi.dev.yaml"));

  const { config: written = fallback.config ?? {}, ...committedRest } = committed;
  const topology = overrides["hearth:topology"];
  const committedConfig = await fittingConfig(written, topology);
  const leftOut = Object.keys(written).filter((key) => !(key in committedConfig));
  if (leftOut.length > 0) process.stderr.write(`hearth: left out for --topology ${topology}: ${leftOut.join(", ")}\n`);
  const { config: earlierConfig = {}, ...earlierRest } = earlier;
  if (encryption) refuseForeignSecrets(stack, committedConfig);
  const secrets = Object.fromEntries(Object.entries(earlierConfig).filter(([, value]) => isSecret(value)));
  const document = {
    ...earlierRest,
    ...committedRest,
    ...encryption,
    config: { ...committedConfig, ...secrets, ...overrides },
  };
  mkdirSync(localFolder, { recursive: true, mode: 0o700 });
  writeFileSync(configFile(stack), stringify(document), { mode: 0o600 });
  return configFile(stack);
}

/**
 * The settings without those that another topology than the file's has no use for, so that one can be tried by an
 * option alone: the program refuses `hearth:database` for a cluster.
 */
export async function fittingConfig(config, topology) {
  if (topology === undefined || topology === config["hearth:topology"]) return config;
  const { configKeys, topologiesOf } = await import("../infra/config-keys.ts");
  const unfit = configKeys.filter((entry) => {
    const only = topologiesOf(entry);
    return `hearth:${entry.key}` in config && only.length < 3 && !only.includes(topology);
  });
  const names = unfit.map(({ key }) => `hearth:${key}`);
  return Object.fromEntries(Object.entries(config).filter(([key]) => !names.includes(key)));
}

// A secret in the committed file was encrypted for another backend, by a passphrase that is not here.
function refuseForeignSecrets(stack, config) {
  const name = Object.keys(config).find((key) => isSecret(config[key]));
  if (name === undefined) return;
  throw new StepError(
    `Pulumi.${stack}.yaml holds ${name} as a secret that belongs to another backend, while Hearth keeps this stack's ` +
      "state itself, in .hearth/. Either set PULUMI_BACKEND_URL or run pulumi login, to use that backend; or take it " +
      `out of the file and run: npm run pulumi -- config set --secret ${name}`,
  );
}

function isSecret(value) {
  return typeof value === "object" && value !== null && "secure" in value;
}
