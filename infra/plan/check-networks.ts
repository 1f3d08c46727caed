import type { ArgumentChecker } from "./check-values.ts";
import {
  bitsOf,
  contains,
  formatNetwork,
  isLoopback,
  type Network,
  networkOf,
  parseAddress,
  parseNetwork,
} from "./cidr.ts";
import { show } from "./units.ts";

/**
 * Looks at an argument that lists networks and addresses: `["10.0.0.0/24", "10.0.1.7", "2001:db8::/48"]`. Answers with
 * those that packets can come from over a network; refuses, by their place in the list, what is none.
 */
export function checkNetworks(args: ArgumentChecker, key: string, example: string): readonly Network[] {
  const value = args.value(key);
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    const meant = typeof value === "string" && value !== "" ? `; did you mean ${likelyList(value)}?` : "";
    args.refuse(key, `${show(value)} is not a list: write networks or addresses, such as ${example}${meant}`);
    return [];
  }
  const entries = value.flatMap((entry: unknown, index): Entry[] => {
    const at = `${key}[${index}]`;
    const network = checkNetwork(args, at, entry);
    return network === undefined ? [] : [{ network, text: String(entry), at }];
  });
  for (const entry of entries) warnOfTwice(args, entry, entries);
  return entries.map(({ network }) => network);
}

/** An accepted entry, as it was written, and its place. */
interface Entry {
  readonly network: Network;
  readonly text: string;
  readonly at: string;
}

/** The network of one entry; undefined when it was refused, or is loopback. */
function checkNetwork(args: ArgumentChecker, at: string, entry: unknown): Network | undefined {
  const problem = whyRefused(entry);
  if (problem !== undefined) return args.refuse(at, `${show(entry)} ${problem}`);
  const network = parseNetwork(entry as string);
  const who = network.family === 4 ? "IPv4" : "IPv6";
  if (isLoopback(network)) {
    args.findings.warn(at, `${show(entry)} is this machine itself, which is always let in: leave it out`);
    return undefined;
  }
  if (network.prefix === 0) {
    const risk = "the passwords are all that keeps the data";
    args.findings.warn(at, `${show(entry)} lets in every ${who} address there is, so that ${risk}: ${nameThem}`);
  } else if (network.prefix < (network.family === 4 ? 8 : 16)) {
    args.findings.warn(at, `${show(entry)} is wider than any network of one owner: ${nameThem}`);
  }
  return network;
}

const nameThem = "write the networks of the applications instead";
const write = 'write a network such as "10.0.0.0/24", or an address such as "10.0.0.7"';

/** What is wrong with an entry, what is allowed, and the likely fix. */
function whyRefused(entry: unknown): string | undefined {
  if (typeof entry !== "string") return `is not a text: ${write}`;
  const [address = "", length, ...rest] = entry.split("/");
  const parsed = parseAddress(address);
  if (parsed === undefined || rest.length > 0) return `is not an IP address or network: ${write}${likely(entry)}`;
  const bits = bitsOf(parsed.family);
  const mapped = parsed.family === 6 && parsed.first >> 32n === 0xffffn;
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) {
    const meant = maskPrefix(length);
    const fix = meant === undefined ? "" : `; did you mean "${formatted(parsed, meant)}"?`;
    return `has no prefix length behind the slash: write a number from 0 to ${bits}${fix}`;
  }
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits)
    return `has ${prefix} bits of an address that has ${bits}: write a prefix length from 0 to ${bits}`;
  if (mapped && prefix >= 96) {
    const plain = formatted({ family: 4, first: parsed.first & 0xffffffffn }, prefix - 96);
    return `is an IPv4 address in IPv6 form, which no packet carries: write "${plain}"`;
  }
  const network = networkOf(parsed, prefix);
  if (network.first !== parsed.first) {
    const { family, first } = parsed;
    const alone = formatNetwork({ family, first, prefix: bits });
    return `has bits set behind its first ${prefix}: write "${formatted(parsed, prefix)}" for the network, or "${alone}" for the address alone`;
  }
  if (network.first === 0n && prefix === bits) {
    const everybody = parsed.family === 4 ? "0.0.0.0/0" : "::/0";
    return `is no address that packets come from: ${write}; did you mean "${everybody}", everybody?`;
  }
  const nobody = noSources.find((range) => contains(range, network));
  if (nobody) return `lies in ${formatNetwork(nobody)} (multicast, broadcast), where no packet comes from: ${write}`;
  return undefined;
}

const noSources: readonly Network[] = ["224.0.0.0/3", "ff00::/8"].map(parseNetwork);

function formatted(address: Omit<Network, "prefix">, prefix: number): string {
  return formatNetwork(networkOf(address, prefix));
}

/** What may have been meant by something that is no address. */
function likely(entry: string): string {
  const text = entry.trim();
  const guess = guesses(text).find((one) => one !== entry && whyRefused(one) === undefined);
  if (guess !== undefined) return `; did you mean "${guess}"?`;
  if (/[,\s]/.test(text)) return ", each as an entry of its own";
  if (/^[^-]+-[^-]+$/.test(text) && text.split("-").every((end) => parseAddress(end.trim()))) return ", not a range";
  if (/%/.test(text)) return ", without the zone";
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(text) && /[a-z]/i.test(text)) {
    return "; a name may come to mean another address at any time, and rules do not follow it";
  }
  return "";
}

function guesses(text: string): string[] {
  const [address = "", prefix] = text.split("/");
  const behind = prefix === undefined ? "" : `/${prefix}`;
  const octets = address.split(".");
  const result = [text, text.replaceAll(/\s/g, "")];
  if (/^(\*|any|all|everyone|anywhere)$/i.test(text)) result.push("0.0.0.0/0");
  // "10.0.0" and "10.0.0.*" are networks to some, "10.0.0.0:6379" is copied from an endpoint.
  if (/^\d+(\.\d+){0,2}(\.\*)*\.?$/.test(text)) {
    const given = octets.filter((octet) => /^\d+$/.test(octet));
    result.push(`${[...given, "0", "0", "0"].slice(0, 4).join(".")}/${given.length * 8}`);
  }
  result.push(address.replace(/^\[(.*)\](:\d+)?$/, "$1") + behind, text.replace(/^(\d+(?:\.\d+){3}):\d+$/, "$1"));
  // Leading zeros mean octal to some programs, and nothing to others.
  if (octets.length === 4) result.push(octets.map((octet) => octet.replace(/^0+(?=\d)/, "")).join(".") + behind);
  return result;
}

/** The prefix length that a mask says (255.255.255.0 is 24), or a number with zeros before it. */
function maskPrefix(mask: string): number | undefined {
  if (/^0+\d+$/.test(mask)) return Number(mask) <= 32 ? Number(mask) : undefined;
  const parsed = parseAddress(mask);
  if (parsed?.family !== 4) return undefined;
  const ones = parsed.first.toString(2).padStart(32, "0");
  return /^1*0*$/.test(ones) ? ones.replaceAll("0", "").length : undefined;
}

function likelyList(value: string): string {
  const entries = value.split(/[\s,]+/).filter((entry) => entry !== "");
  return `[${entries.map((entry) => JSON.stringify(entry)).join(", ")}]`;
}

/** Once for an entry: the first that is the same, or the widest that it lies within. */
function warnOfTwice(args: ArgumentChecker, entry: Entry, entries: readonly Entry[]): void {
  const place = entries.indexOf(entry);
  const same = entries.slice(0, place).find(({ network }) => equal(network, entry.network));
  const wider = entries
    .filter(({ network }) => contains(network, entry.network) && !equal(network, entry.network))
    .toSorted((a, b) => a.network.prefix - b.network.prefix)[0];
  const other = same ?? wider;
  if (!other) return;
  const how = same ? "is the same as" : "lies within";
  args.findings.warn(entry.at, `"${entry.text}" ${how} "${other.text}" of ${other.at}: leave it out`);
}

function equal(one: Network, other: Network): boolean {
  return contains(one, other) && contains(other, one);
}
