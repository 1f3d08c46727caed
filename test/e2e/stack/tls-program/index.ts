/** A topology with `tls` as a larger stack writes it: an object, whose key may be a secret Output. */
import { RedisCluster, RedisSentinel, RedisStandalone } from "../../../../infra/index.ts";
import type { TlsOptions } from "../../../../infra/plan/tls.ts";
import { Config } from "../../../../infra/pulumi.ts";

const config = new Config("hearth");
const options = config.requireObject<TlsOptions>("tls");
const key = config.getSecret("key");
const certificate =
  typeof options.certificate === "object" && key ? { ...options.certificate, key } : options.certificate;
const args = {
  tls: { ...options, certificate },
  port: config.requireNumber("port"),
  directory: config.require("directory"),
  hostTuning: "off",
} as const;

function make() {
  switch (config.require("topology")) {
    case "cluster":
      return new RedisCluster("cache", args);
    case "sentinel":
      return new RedisSentinel("cache", { ...args, sentinelPort: args.port + 3 });
    default:
      return new RedisStandalone("cache", args);
  }
}

export const endpoint = make().endpoint;
