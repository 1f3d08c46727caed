// npm run up: makes this machine ready, then `pulumi up` of the stack.

import { main } from "./bootstrap/step.mjs";
import { bootstrap, underProjectNode } from "./bootstrap.mjs";
import { deploy } from "./deploy.mjs";
import { readOptions } from "./options.mjs";

await main(async () => {
  const purpose = "Deploys Redis, fills it from PostgreSQL, and ends well only when the cache is proven warm.";
  const accepted = ["topology", "target", "port", "stack", "config", "preview", "diff"];
  const options = readOptions("up", purpose, accepted, process.argv.slice(2));
  if (!options) return 0;
  await bootstrap();
  await underProjectNode();
  return deploy(options.preview ? "preview" : "up", options);
});
