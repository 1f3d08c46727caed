// `pulumi up` or `pulumi preview` of a stack that is made when it is missing.
import { root } from "./bootstrap/paths.mjs";
import { run } from "./run.mjs";
import { openStack, prepareStack } from "./stack.mjs";

/** Runs `command` ("up" or "preview") with the options of options.mjs; returns Pulumi's exit code. */
export async function deploy(command, { stack: name, overrides, diff, rest }) {
  const stack = await openStack(name);
  const args = [command, ...(await prepareStack(stack, overrides))];
  if (command === "up") args.push("--yes");
  if (diff) args.push("--diff");
  // Without a terminal, as in CI: nothing that waits for a key or redraws the screen.
  if (!process.stdout.isTTY) args.push("--non-interactive");
  return run("pulumi", [...args, ...rest], { cwd: root, env: stack.env });
}
