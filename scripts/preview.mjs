// npm run preview: makes this machine ready, then `pulumi preview` of the stack.

import { main } from "./bootstrap/step.mjs";
import { bootstrap, underProjectNode } from "./bootstrap.mjs";
import { deploy } from "./deploy.mjs";
import { readOptions } from "./options.mjs";

await main(async () => {
  const accepted = ["topology", "target", "port", "stack", "config", "diff"];
  const options = readOptions("preview", "Shows what npm run up would change.", accepted, process.argv.slice(2));
  if (!options) return 0;
  await bootstrap();
  await underProjectNode();
  return deploy("preview", options);
});
