import type { ConfigKey } from "./config-key.ts";
import { dockerDefaults } from "./plan/docker.ts";

/** A key that sets a part of the argument `docker` or `kubernetes`, whichever is the target. */
const part = (key: string, name: string, entry: Omit<ConfigKey, "key" | "argument" | "part">): ConfigKey => ({
  key,
  part: { docker: name, kubernetes: name },
  ...entry,
  meaning: `Docker and Kubernetes. ${entry.meaning}`,
});

/** The keys of the targets docker and kubernetes, which have the same defaults. */
export const containerKeys: readonly ConfigKey[] = [
  part("image", "image", {
    values: "a name with a tag or a digest",
    default: `\`${dockerDefaults.image}\``,
    meaning:
      "Image with redis-server or valkey-server, 6.2 or later; a cluster on Kubernetes: 7.0. Another one replaces the containers, one at a time.",
  }),
  part("exporterImage", "exporterImage", {
    values: "as `image`",
    default: `\`${dockerDefaults.exporterImage}\``,
    meaning: "Image of redis_exporter, 1.45 or later.",
  }),
  {
    key: "exporters",
    argument: "exporters",
    boolean: true,
    values: "`true`, `false`",
    default: "`true`",
    meaning:
      "Docker and Kubernetes. Whether an exporter for Prometheus runs beside every node; see the output `scrapeConfig`.",
  },
  part("runnerImage", "runnerImage", {
    values: "as `image`",
    default: `\`${dockerDefaults.runnerImage}\``,
    meaning:
      "Image with Node 20 or later, in which formation, readiness and warming run where they run beside the nodes.",
  }),
  part("containerUser", "user", {
    values: "two numbers, not 0",
    default: `\`${dockerDefaults.user}\``,
    meaning: "User and group that the servers run as, and that their files belong to.",
  }),
];
