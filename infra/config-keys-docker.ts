import type { ConfigKey } from "./config-key.ts";
import { dockerDefaults } from "./plan/docker.ts";

/** A key that sets a part of the argument `docker`. */
const part = (key: string, name: string, entry: Omit<ConfigKey, "key" | "argument" | "part">): ConfigKey => ({
  key,
  part: { docker: name },
  ...entry,
  meaning: `Docker only. ${entry.meaning}`,
});

/** The keys of the target docker alone. */
export const dockerKeys: readonly ConfigKey[] = [
  part("subnet", "subnet", {
    values: "a private IPv4 network, /16 to /28",
    default: "`10.200-249.x.0/24`, by project, stack and name",
    meaning: "The containers' own network; static addresses lie in its lower half.",
  }),
  part("publish", "publish", {
    boolean: true,
    values: "`false`, `true`: on 127.0.0.1, or an IPv4 address of the engine's machine",
    default: "`false`",
    meaning: "Whether the nodes' ports are published there, under their own numbers.",
  }),
  part("dockerHost", "host", {
    values: "`unix://...`, `tcp://...`, `ssh://...`",
    default: "as the docker command finds it",
    meaning: "Where the engine is.",
  }),
  part("dockerContext", "context", {
    values: "a name",
    default: "the current one",
    meaning: "A context of the docker command, instead of `dockerHost`.",
  }),
  part("openFiles", "openFiles", {
    number: true,
    values: "1024-1048576",
    default: `\`${dockerDefaults.openFiles}\``,
    meaning: "Files and connections that a container may have open (`ulimit nofile`).",
  }),
  part("runner", "runner", {
    values: "`here`, `container`, `auto`",
    default: `\`${dockerDefaults.runner}\``,
    meaning:
      "Where formation, readiness and warming run: in the process of Pulumi, in a one-off container on the network, or here where a node can be reached.",
  }),
];
