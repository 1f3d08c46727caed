import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type Docker from "dockerode";

/**
 * What already has addresses of a subnet: another network of the engine, an interface of this machine, or a route. Where
 * both know a network, packets to one of them go astray. The network of this name is our own.
 */
export async function overlapsWith(
  docker: Docker,
  { subnet, network }: { subnet: string; network: string },
): Promise<string | undefined> {
  const wanted = rangeOf(subnet);
  if (!wanted) return undefined;
  const networks = await docker.listNetworks();
  for (const { Name, IPAM } of networks) {
    const other = IPAM?.Config?.map(({ Subnet }) => Subnet).find((one) => one !== undefined && overlap(wanted, one));
    if (other !== undefined && Name !== network) return `the Docker network ${Name} has ${other}`;
  }
  // Bridges of the engine were looked at as its networks.
  const bridges = new Set(networks.map(({ Id }) => `br-${Id.slice(0, 12)}`));
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const found = addresses?.find(({ family, cidr }) => family === "IPv4" && cidr !== null && overlap(wanted, cidr));
    if (found && !bridges.has(name)) return `this machine's interface ${name} has ${found.cidr}`;
  }
  const route = routes().find(({ name, range }) => !bridges.has(name) && meets(wanted, range));
  return route && `this machine has a route to ${route.shown} over ${route.name}`;
}

/** What the engine's network of this name has; undefined when there is none. */
export async function subnetOf(docker: Docker, network: string): Promise<string | undefined> {
  const filters = { name: [network] };
  const found = (await docker.listNetworks({ filters })).find(({ Name }) => Name === network);
  return found?.IPAM?.Config?.[0]?.Subnet;
}

/** First and last address, as numbers. */
type Range = readonly [number, number];

function rangeOf(cidr: string): Range | undefined {
  const [, address = "", length = "32"] = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(cidr) ?? [];
  if (address === "") return undefined; // IPv6
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(number / size) * size;
  return [first, first + size - 1];
}

function overlap(wanted: Range, cidr: string): boolean {
  const other = rangeOf(cidr);
  return other !== undefined && meets(wanted, other);
}

function meets([first, last]: Range, [otherFirst, otherLast]: Range): boolean {
  return first <= otherLast && otherFirst <= last;
}

/** The routes of this machine, but for the default one. Empty where they are not to be had as a file. */
function routes(): { readonly name: string; readonly range: Range; readonly shown: string }[] {
  let table: string;
  try {
    table = readFileSync("/proc/net/route", "latin1");
  } catch {
    return [];
  }
  const lines = table.split("\n").slice(1);
  return lines.flatMap((line) => {
    const [name = "", destination, , , , , , mask] = line.trim().split(/\s+/);
    if (destination === undefined || mask === undefined || mask === "00000000") return [];
    const [first, bits] = [fromTable(destination), fromTable(mask)];
    const range: Range = [first, first + (2 ** 32 - 1 - bits)];
    const length = 32 - Math.log2(2 ** 32 - bits);
    return [{ name, range, shown: `${shown(first)}/${length}` }];
  });
}

/** The table writes addresses as little-endian hexadecimal numbers. */
function fromTable(hex: string): number {
  return Buffer.from(hex, "hex").readUInt32LE(0);
}

function shown(address: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256).join(".");
}
