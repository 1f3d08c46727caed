import { createRequire } from "node:module";
import type Docker from "dockerode";
import { servePlugin } from "../provider-plugin.ts";
import { difference } from "./diff.ts";
import { clientOf, configuration } from "./engine.ts";
import { isDefault, kindOf, standIn } from "./provider.ts";

// A stand-in for pulumi-resource-docker, for tests on machines that cannot have the official one. Started by the Pulumi
// engine.
let docker: Docker;
const { version } = createRequire(import.meta.url)("@pulumi/docker/package.json");

await servePlugin({
  provider: standIn(() => docker, version),
  configuration,
  configure(config) {
    docker = clientOf(config);
  },
  difference: (urn, state, olds, news) => difference(kindOf(urn), state, olds, news),
  deleteBeforeReplace: (_, olds, news) => !isDefault(news, "name") && news.name === olds.name,
});
