// The options of npm run up, down and preview.
import { parseArgs } from "node:util";
import { StepError } from "./bootstrap/step.mjs";

const definitions = {
  topology: { type: "string" },
  target: { type: "string" },
  stack: { type: "string", default: "dev" },
  port: { type: "string" },
  config: { type: "string", multiple: true, default: [] },
  preview: { type: "boolean" },
  diff: { type: "boolean" },
  yes: { type: "boolean", short: "y" },
  help: { type: "boolean", short: "h" },
};

const descriptions = {
  topology: "--topology NAME            standalone, sentinel or cluster        (config hearth:topology)",
  target: "--target NAME              local, docker or kubernetes            (config hearth:target)",
  port: "--port NUMBER              first port of the topology             (config hearth:port)",
  stack: "--stack NAME               stack, with the settings of Pulumi.NAME.yaml         [dev]",
  config: "--config hearth:KEY=VALUE  any other setting; may be repeated",
  preview: "--preview                  show what would change, change nothing",
  diff: "--diff                     show the changes property by property",
};

/**
 * Reads a command's options. `accepted` are names of `definitions`; what stands after a second `--` goes to pulumi as
 * it is. Returns undefined when the help was asked for and shown.
 */
export function readOptions(command, purpose, accepted, args) {
  const names = [...accepted, "help", "yes"];
  const options = Object.fromEntries(names.map((name) => [name, definitions[name]]));
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const rest = end < 0 ? [] : args.slice(end + 1);
  let values;
  try {
    values = parseArgs({ args: own, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const reason = error.message.split(". To specify")[0];
    throw new StepError(`npm run ${command}: ${reason}. All options: npm run ${command} -- --help`);
  }
  if (values.help) {
    console.log(help(command, purpose, accepted));
    return undefined;
  }
  return { ...values, rest, overrides: overrides(command, values) };
}

/** Config keys and values that the options stand for. */
function overrides(command, values) {
  const result = {};
  for (const name of ["topology", "target", "port"]) {
    if (values[name] !== undefined) result[`hearth:${name}`] = values[name];
  }
  for (const setting of values.config ?? []) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (!key) {
      throw new StepError(
        `npm run ${command}: --config ${JSON.stringify(setting)} has no "="; wanted is hearth:key=value.`,
      );
    }
    result[key.includes(":") ? key : `hearth:${key}`] = value;
  }
  return result;
}

function help(command, purpose, accepted) {
  const lines = accepted.map((name) => `  ${descriptions[name]}`);
  return [
    `npm run ${command} [-- options [-- options of pulumi]]`,
    "",
    purpose,
    "",
    ...lines,
    "",
    "Options hold for this run alone. Lasting settings belong into Pulumi.<stack>.yaml; secrets are set by",
    "npm run pulumi -- config set --secret hearth:KEY, and kept, encrypted, in .hearth/.",
  ].join("\n");
}
