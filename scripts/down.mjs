// npm run down: destroys a stack and removes all that Hearth kept for it.
import { root } from "./bootstrap/paths.mjs";
import { main } from "./bootstrap/step.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { readOptions } from "./options.mjs";
import { run } from "./run.mjs";
import { openStack, prepareStack, removeLocalFiles, removeStack, stackExists } from "./stack.mjs";

await main(async () => {
  const purpose = "Destroys what npm run up made; nothing of it is left.";
  const options = readOptions("down", purpose, ["stack"], process.argv.slice(2));
  if (!options) return 0;
  await bootstrap();
  const stack = await openStack(options.stack);
  if (stackExists(stack) === false) {
    removeLocalFiles(stack);
    console.log(`hearth: there is no stack ${stack.name}; nothing to destroy.`);
    return 0;
  }
  const args = ["destroy", ...(await prepareStack(stack)), "--yes"];
  if (!process.stdout.isTTY) args.push("--non-interactive");
  const code = await run("pulumi", [...args, ...options.rest], { cwd: root, env: stack.env });
  if (code !== 0) return code;
  await removeStack(stack);
  console.log(`hearth: removed the stack ${stack.name} and what was kept for it.`);
  return 0;
});
