import type { Address } from "../../contract/address.ts";
import type { Tls } from "../../contract/endpoint.ts";
import type { ExporterAddress } from "../../contract/exporters.ts";
import { formatAddress } from "../../contract/format-address.ts";
import type { TopologyPlan } from "./topology.ts";

/** Port of the first exporter, redis_exporter's own; the others follow it. */
export const exporterPort = 9121;

/** Numeric user and group of redis_exporter's images. */
export const exporterOwner = { uid: 59_000, gid: 59_000 } as const;

/** What `exporterImage` is when nobody says another: 1.45 and all later ones are known to work. */
export const defaultExporterImage = "oliver006/redis_exporter:v1.62.0";

/** As whom exporters log in: see users.ts. */
const user = "exporter";

/** The exporter of one node, as data. */
export interface PlannedExporter {
  /** `cache-0-exporter`. */
  readonly name: string;
  /** The node that it watches. */
  readonly node: string;
  readonly kind: "redis" | "sentinel";
  /** Place among all exporters of the topology, from 0. */
  readonly index: number;
  /** Where it listens, in its container and where it is published: one number, so that a firewall's rule holds for both. */
  readonly port: number;
}

/** An exporter for every node of a plan, sentinels included, in the order of the nodes. */
export function planExporters(plan: Pick<TopologyPlan, "nodes">, firstPort = exporterPort): PlannedExporter[] {
  return plan.nodes.map(({ name, kind }, index) => ({
    name: `${name}-exporter`,
    node: name,
    kind,
    index,
    port: firstPort + index,
  }));
}

/**
 * Where Prometheus reaches the exporters: where they are published, if they are, else in the containers' network.
 *
 * @param addresses of their containers, in the same order
 */
export function exporterAddresses(
  exporters: readonly PlannedExporter[],
  addresses: readonly string[],
  publish?: string,
): ExporterAddress[] {
  return exporters.map(({ node, port, index }) => {
    const host = publish ?? addresses[index];
    if (host === undefined) throw new Error(`there is no address for the exporter of ${node}`);
    return { node, host, port };
  });
}

/** Names of the files that an exporter reads, in its folder. */
const files = { passwords: "passwords.json", ca: "ca.crt", cert: "client.crt", key: "client.key" } as const;

/** Whom an exporter watches, and how. */
export interface Watched {
  readonly address: Address;
  /** Whether the node speaks TLS only. */
  readonly tls: boolean;
  /** Whether it asks for a client's certificate. */
  readonly mutual: boolean;
}

/**
 * Arguments of redis_exporter, 1.45 and later, which hold no secret. The node is watched by itself: `--is-cluster` would
 * only follow keys to other nodes, and Hearth's exporters read no key.
 *
 * @param port where it listens
 * @param folder where its files are
 */
export function exporterCommand(port: number, { address, tls, mutual }: Watched, folder: string): string[] {
  return [
    `--redis.addr=${uriOf(address, tls)}`,
    `--redis.user=${user}`,
    `--redis.password-file=${folder}/${files.passwords}`,
    // CONFIG GET would show the password of replication: the user may not ask for it.
    "--config-command=-",
    "--include-system-metrics",
    // Before Prometheus gives up (10 s): what it hears then is that the node does not answer, not that nobody does.
    "--connection-timeout=5s",
    `--web.listen-address=:${port}`,
    ...(tls ? ["--skip-tls-verification=false", `--tls-ca-cert-file=${folder}/${files.ca}`] : []),
    ...(tls && mutual
      ? [`--tls-client-cert-file=${folder}/${files.cert}`, `--tls-client-key-file=${folder}/${files.key}`]
      : []),
  ];
}

/**
 * What an exporter reads, by name: the password as it logs in, and what it needs for TLS. What it does not need is empty:
 * the volume outlives a container, and nothing is to stay in it of how things were before. Secret.
 */
export function exporterFiles(address: Address, password: string, tls?: Tls): Record<string, string> {
  const uri = uriOf(address, tls !== undefined);
  // Newer versions look the password up by an address that names the user, 1.45 by the address alone.
  const passwords = { [uri]: password, [uri.replace("://", `://${user}@`)]: password };
  return {
    [files.passwords]: `${JSON.stringify(passwords)}\n`,
    [files.ca]: tls?.ca ?? "",
    [files.cert]: tls?.cert ?? "",
    [files.key]: tls?.key ?? "",
  };
}

function uriOf(address: Address, tls: boolean): string {
  return `${tls ? "rediss" : "redis"}://${formatAddress(address)}`;
}
