/** What a larger stack imports: the components, and the types of their arguments and outputs. */
export type { Address } from "../contract/address.ts";
export { type Endpoint, endpointSchema } from "../contract/endpoint.ts";
export type { Member } from "../contract/nodes.ts";
export type { DatasetReport, Gate, ValidationReport, WarmReport } from "../contract/warming.ts";
export { CacheWarming, type CacheWarmingArgs } from "./cache-warming.ts";
export { RedisCluster, type RedisClusterArgs } from "./cluster.ts";
export { type Duration, EvictionPolicy, Persistence, Purpose, type Size, type SlowlogArgs } from "./plan/args.ts";
export type { ClientUser } from "./plan/endpoint.ts";
export { FirewallMode } from "./plan/firewall.ts";
export { HostTuningMode } from "./plan/host.ts";
export type { ScrapeConfig, ScrapeLabels, ScrapeTarget } from "./plan/monitoring/scrape-config.ts";
export { RefusalError } from "./plan/refusals.ts";
export type { OwnCertificate, TlsArgs, TlsOptions } from "./plan/tls.ts";
export type { RedisOutputs } from "./redis-topology.ts";
export { RedisSentinel, type RedisSentinelArgs } from "./sentinel.ts";
export { RedisStandalone, type RedisStandaloneArgs } from "./standalone.ts";
