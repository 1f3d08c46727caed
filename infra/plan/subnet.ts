import { createHash } from "node:crypto";
import { formatNetwork, networkOf, parseNetwork } from "./cidr.ts";

/** How many containers of each kind a network must have room for. */
export interface Occupants {
  readonly data: number;
  readonly sentinels: number;
  /** Whether each of them has an exporter beside it. */
  readonly exporters: boolean;
}

/** Places in a network, counted from its first address. */
interface Places {
  readonly data: readonly number[];
  readonly sentinels: readonly number[];
  readonly exporters: readonly number[];
}

export const widest = 16;
export const narrowest = 28;

/**
 * Static addresses lie in the lower half of the network, and Docker gives others out of the upper half only: a container
 * that comes while a node is down does not take its address. A node keeps its address when nodes are added: data nodes
 * begin at 10, sentinels at 60, exporters at 100. A narrow network, or a large cluster, has no such gaps.
 */
function placesIn(prefix: number, { data, sentinels, exporters }: Occupants): Places | undefined {
  const end = 2 ** (31 - prefix);
  const wide = end >= 128;
  const first = wide ? 10 : 2;
  const firstSentinel = wide && data <= 50 ? 60 : first + data;
  const behind = sentinels > 0 ? firstSentinel + sentinels : first + data;
  const nodes = data + sentinels;
  const firstExporter = wide && behind <= 100 && 100 + nodes <= end ? 100 : behind;
  if ((exporters ? firstExporter + nodes : behind) > end) return undefined;
  return {
    data: from(first, data),
    sentinels: from(firstSentinel, sentinels),
    exporters: exporters ? from(firstExporter, nodes) : [],
  };
}

/** The narrowest network that has room, as its prefix; undefined where none has. */
export function prefixFor(occupants: Occupants): number | undefined {
  return from(0, narrowest - widest + 1)
    .map((step) => narrowest - step)
    .find((prefix) => placesIn(prefix, occupants) !== undefined);
}

/** A network of containers with fixed addresses. */
export interface Layout {
  readonly subnet: string;
  /** The engine's own address in it. */
  readonly gateway: string;
  /** Out of which the engine gives addresses to others. */
  readonly dynamic: string;
  readonly data: readonly string[];
  readonly sentinels: readonly string[];
  /** For the data nodes, then for the sentinels. */
  readonly exporters: readonly string[];
}

/** Gives addresses in a network that has passed its check; throws where there is no room. */
export function layOut(subnet: string, occupants: Occupants): Layout {
  const network = parseNetwork(subnet);
  const places = placesIn(network.prefix, occupants);
  if (!places) throw new Error(`${subnet} has no room for all containers`);
  const at = (place: number): string => formatNetwork({ ...network, first: network.first + BigInt(place), prefix: 32 });
  const upper = { family: network.family, first: network.first + 2n ** BigInt(31 - network.prefix) };
  return {
    subnet,
    gateway: at(1),
    dynamic: formatNetwork(networkOf(upper, network.prefix + 1)),
    data: places.data.map(at),
    sentinels: places.sentinels.map(at),
    exporters: places.exporters.map(at),
  };
}

/**
 * The subnet of a topology that names none: always the same one for the same owner, and hardly ever that of another
 * (12,800 of them). Wide enough for every topology of up to 59 nodes with exporters.
 *
 * @param owner `<project>/<stack>/<topology>`
 */
export function defaultSubnet(owner: string): string {
  const digest = createHash("sha256").update(owner).digest();
  return `10.${200 + (digest.readUInt16BE(0) % 50)}.${digest.readUInt8(2)}.0/${defaultPrefix}`;
}

/** How wide that is. */
export const defaultPrefix = 24;

function from(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
