/** The program of `pulumi up`: the stack's configuration turned into a Redis, and a run that warms it. */
import { allConfig } from "@pulumi/pulumi/runtime/config.js";
import { CacheWarming } from "./cache-warming.ts";
import { RedisCluster } from "./cluster.ts";
import { readStackConfig, type StackConfig } from "./config.ts";
import { Config } from "./pulumi.ts";
import { RedisSentinel } from "./sentinel.ts";
import { RedisStandalone } from "./standalone.ts";

const config = new Config("hearth");
const values = allConfig();
const secretKeys: string[] = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
const settings = readStackConfig((key) => values[`hearth:${key}`], Object.keys(values), secretKeys);

const cache = makeCache(settings);
const warming = settings.warming && makeWarming(settings.warming);
const monitoring = settings.monitoring && (await makeMonitoring(settings.monitoring));

async function makeMonitoring(asked: NonNullable<StackConfig["monitoring"]>) {
  // The dashboards are loaded by those who want them.
  const { Monitoring } = await import("./monitoring.ts");
  return new Monitoring("monitoring", { cache, ...asked });
}

function makeCache(chosen: StackConfig) {
  const password = config.getSecret("password");
  switch (chosen.topology) {
    case "standalone":
      return new RedisStandalone("cache", { ...chosen.args, password });
    case "sentinel":
      return new RedisSentinel("cache", { ...chosen.args, password });
    case "cluster":
      return new RedisCluster("cache", { ...chosen.args, password });
  }
}

function makeWarming({
  source,
  plan,
  gate,
  when,
  deadlineMs,
  shards,
  controls = {},
}: NonNullable<StackConfig["warming"]>) {
  const { keysPerSecond, bytesPerSecond, latencyCeilingMs, headroom, onBusy } = controls;
  return new CacheWarming("warming", {
    cache,
    plan,
    source: source === "demo" ? source : { url: config.requireSecret("source") },
    ...gate,
    when,
    shards,
    deadline: deadlineMs,
    ...{ keysPerSecond, bytesPerSecond, onBusy, headroom: headroom ?? undefined },
    latencyCeiling: latencyCeilingMs === null ? 0 : latencyCeilingMs,
  });
}

/** All that a client needs to connect. Secret. */
export const endpoint = cache.endpoint;
/** The same for each user that a client may be: `app`, `readonly`, `warmer`, `exporter`, `operator`. Secret. */
export const endpoints = cache.endpoints;
/** The endpoint for clients that come in by published ports; null unless `hearth:publish` is set. Secret. */
export const published = cache.published.apply((endpoint) => endpoint ?? null);
/** The endpoint as a URL. Secret. */
export const url = cache.url;
/** The nodes: name, role when first deployed, shard, host, port. */
export const nodes = cache.nodes;
/** Who may reach which port, as nftables, ufw and Docker take it; null unless `hearth:firewall` is `print`. */
export const firewall = cache.firewall.apply((printed) => printed ?? null);
/** What Prometheus must be told to watch the nodes, as YAML; null where the target runs no exporters. */
export const scrapeConfig = cache.scrapeConfig.apply((config) => config?.yaml ?? null);
/** Where the Prometheus of `hearth:prometheus` answers; null where there is none. */
export const prometheusUrl = monitoring ? monitoring.prometheusUrl.apply((url) => url ?? null) : null;
/** What warming wrote and what validation found; null where `hearth:warm` is off. */
export const report = warming ? warming.report : null;
