// npm run pulumi -- stack output url: any command of Pulumi, in the environment that npm run up uses.
import { existsSync } from "node:fs";
import { root } from "./bootstrap/paths.mjs";
import { main } from "./bootstrap/step.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { run } from "./run.mjs";
import { openStack, prepareStack, stackExists } from "./stack.mjs";
import { configFile } from "./stack-config.mjs";

// Commands that read a stack's config, and so take --config-file.
const configured = ["up", "update", "preview", "pre", "destroy", "down", "dn", "refresh", "import", "watch"];
const configuring = ["config", "cfg", "conf"];

await main(async () => {
  const args = process.argv.slice(2);
  await bootstrap();
  const stack = await openStack(given(args, "--stack", "-s") ?? process.env.PULUMI_STACK ?? "dev");
  // The first thing that a newcomer does may be to set a secret: for that the stack must be there.
  if (configuring.includes(args[0]) && stackExists(stack) === false) await prepareStack(stack);
  const file = configFile(stack.short);
  if ([...configured, ...configuring].includes(args[0]) && !given(args, "--config-file") && existsSync(file)) {
    args.splice(1, 0, "--config-file", file);
    if (configuring.includes(args[0]) && args.includes("set") && !args.includes("--secret")) {
      process.stderr.write(
        `hearth: this value holds until the next npm run up; a lasting one belongs into Pulumi.${stack.short}.yaml\n`,
      );
    }
  }
  return run("pulumi", args, { cwd: root, env: { ...stack.env, PULUMI_STACK: stack.name } });
});

/** The value of an option, as `--name value` or `--name=value`. */
function given(args, ...names) {
  for (const [index, arg] of args.entries()) {
    if (names.includes(arg)) return args[index + 1];
    const name = names.find((option) => arg.startsWith(`${option}=`));
    if (name) return arg.slice(name.length + 1);
  }
  return undefined;
}
