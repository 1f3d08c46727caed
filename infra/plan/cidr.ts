import { isIP } from "node:net";

/** A network of IPv4 or IPv6 addresses. */
export interface Network {
  readonly family: 4 | 6;
  /** Its first address, as a number. */
  readonly first: bigint;
  /** Bits that its addresses have in common: 32 (IPv6: 128) is one address. */
  readonly prefix: number;
}

/** Length of an address in bits. */
export function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** An address as a number; undefined for all that is no IP address, and for one with a zone (`fe80::1%eth0`). */
export function parseAddress(text: string): Omit<Network, "prefix"> | undefined {
  const family = isIP(text);
  if (family === 4) return { family, first: join(text.split(".").map(Number), 8n) };
  if (family !== 6 || text.includes("%")) return undefined;
  const [head = "", tail] = canonical(text).split("::");
  const groups = (part: string | undefined): number[] =>
    part ? part.split(":").map((group) => Number.parseInt(group, 16)) : [];
  const [before, after] = [groups(head), groups(tail)];
  return { family, first: join([...before, ...Array(8 - before.length - after.length).fill(0), ...after], 16n) };
}

/** The network of this prefix that the address lies in: `10.0.0.7` and 24 make 10.0.0.0/24. */
export function networkOf({ family, first }: Omit<Network, "prefix">, prefix: number): Network {
  const host = BigInt(bitsOf(family) - prefix);
  return { family, first: (first >> host) << host, prefix };
}

/** A canonical text: `10.0.0.0/24`, `2001:db8::/32`; a single address without its prefix: `10.0.0.7`. */
export function formatNetwork({ family, first, prefix }: Network): string {
  const address = family === 4 ? split(first, 4, 8n).join(".") : canonical(hexadecimal(first));
  return prefix === bitsOf(family) ? address : `${address}/${prefix}`;
}

/** Reads what `formatNetwork` writes, and every other network without host bits; throws for all else. */
export function parseNetwork(text: string): Network {
  const [address = "", length] = text.split("/");
  const parsed = parseAddress(address);
  if (parsed) {
    const network = networkOf(parsed, length === undefined ? bitsOf(parsed.family) : Number(length));
    if (network.first === parsed.first) return network;
  }
  throw new Error(`${text} is not a network`);
}

/** Whether every address of `inner` is one of `outer`. */
export function contains(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  return networkOf(inner, outer.prefix).first === outer.first;
}

/** The same addresses without any network that lies within another one: IPv4 first, ascending. */
export function union(networks: readonly Network[]): Network[] {
  const wideFirst = networks.toSorted(
    (a, b) => a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : a.prefix - b.prefix),
  );
  const result: Network[] = [];
  for (const network of wideFirst) {
    const last = result.at(-1);
    if (!last || !contains(last, network)) result.push(network);
  }
  return result;
}

/** Loopback: never leaves the machine, and is always let in. */
export function isLoopback(network: Network): boolean {
  return loopbacks.some((loopback) => contains(loopback, network));
}

const loopbacks: readonly Network[] = ["127.0.0.0/8", "::1"].map(parseNetwork);

function join(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n);
}

function split(value: bigint, count: number, bits: bigint): bigint[] {
  return Array.from(
    { length: count },
    (_, index) => (value >> (BigInt(count - 1 - index) * bits)) & ((1n << bits) - 1n),
  );
}

function hexadecimal(value: bigint): string {
  return split(value, 8, 16n)
    .map((group) => group.toString(16))
    .join(":");
}

/** The shortest text of an IPv6 address, in hexadecimal (RFC 5952, as every URL has it). */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
