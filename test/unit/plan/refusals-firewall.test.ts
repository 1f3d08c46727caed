import { describe, expect, it } from "vitest";
import { checkFirewall } from "../../../infra/plan/check-firewall.ts";
import { ArgumentChecker } from "../../../infra/plan/check-values.ts";
import { planFirewall } from "../../../infra/plan/firewall.ts";

const bind = "10.0.9.1";
const write = 'write a network such as "10.0.0.0/24", or an address such as "10.0.0.7"';
const none = `is not an IP address or network: ${write}`;
const nowhere = (range: string) => `lies in ${range} (multicast, broadcast), where no packet comes from: ${write}`;
const mapped = "is an IPv4 address in IPv6 form, which no packet carries: write";
const length = "has no prefix length behind the slash: write a number from 0 to";

function look(args: object): { refused: string[]; warned: string[] } {
  const checker = new ArgumentChecker(args as Record<string, unknown>);
  checkFirewall(checker);
  const text = (findings: readonly { property: string; message: string }[]) =>
    findings.map(({ property, message }) => `${property}: ${message}`);
  return { refused: text(checker.findings.refusals), warned: text(checker.findings.warnings) };
}

describe("a source that cannot be one is refused, with what was meant", () => {
  it.each<[unknown, string]>([
    [
      "10.0.0.7/24",
      'has bits set behind its first 24: write "10.0.0.0/24" for the network, or "10.0.0.7" for the address alone',
    ],
    [
      "2001:db8::1/32",
      'has bits set behind its first 32: write "2001:db8::/32" for the network, or "2001:db8::1" for the address alone',
    ],
    ["10.0.0.0/33", "has 33 bits of an address that has 32: write a prefix length from 0 to 32"],
    ["fd00::/129", "has 129 bits of an address that has 128: write a prefix length from 0 to 128"],
    ["10.0.0.0/255.255.255.0", `${length} 32; did you mean "10.0.0.0/24"?`],
    ["10.0.0.0/255.0.255.0", `${length} 32`],
    ["10.0.0.0/024", `${length} 32; did you mean "10.0.0.0/24"?`],
    ["10.0.0.0/", `${length} 32`],
    ["fd00::/x", `${length} 128`],
    ["10.0.0", `${none}; did you mean "10.0.0.0/24"?`],
    ["10.0.*.*", `${none}; did you mean "10.0.0.0/16"?`],
    ["10.0.0.7:6379", `${none}; did you mean "10.0.0.7"?`],
    ["[fd00::7]:6379", `${none}; did you mean "fd00::7"?`],
    ["010.0.0.1", `${none}; did you mean "10.0.0.1"?`],
    [" 10.0.0.0/24", `${none}; did you mean "10.0.0.0/24"?`],
    ["10.0.0.0/24, 10.1.0.0/24", `${none}, each as an entry of its own`],
    ["10.0.0.1-10.0.0.9", `${none}, not a range`],
    ["fe80::1%eth0", `${none}, without the zone`],
    ["app.example.com", `${none}; a name may come to mean another address at any time, and rules do not follow it`],
    ["any", `${none}; did you mean "0.0.0.0/0"?`],
    ["*", `${none}; did you mean "0.0.0.0/0"?`],
    ["300.1.1.1", none],
    ["10.0.0.0/24; flush ruleset", `${length} 32`],
    ["", none],
    [7, `is not a text: ${write}`],
    [{ apply: 1 }, `is not a text: ${write}`],
    ["::ffff:10.0.0.0/120", `${mapped} "10.0.0.0/24"`],
    ["::ffff:a00:7", `${mapped} "10.0.0.7"`],
    ["0.0.0.0", `is no address that packets come from: ${write}; did you mean "0.0.0.0/0", everybody?`],
    ["::", `is no address that packets come from: ${write}; did you mean "::/0", everybody?`],
    ["224.0.0.1", nowhere("224.0.0.0/3")],
    ["255.255.255.255", nowhere("224.0.0.0/3")],
    ["ff02::1", nowhere("ff00::/8")],
  ])("%j", (entry, message) => {
    const quoted = typeof entry === "object" ? "an Output, known only later," : JSON.stringify(entry);
    const args = { firewall: "apply", bind, clients: ["10.1.0.0/16", entry], monitoring: [entry] };
    expect(look(args).refused).toEqual([`clients[1]: ${quoted} ${message}`, `monitoring[0]: ${quoted} ${message}`]);
  });

  it("and so is what is no list, or no mode", () => {
    expect(look({ clients: "10.0.0.0/24 10.1.0.0/24", monitoring: {}, firewall: "aply" }).refused).toEqual([
      'firewall: "aply" is not known: choose one of "off", "print", "apply"; did you mean "apply"?',
      'clients: "10.0.0.0/24 10.1.0.0/24" is not a list: write networks or addresses, such as ["10.0.0.0/24"]; did you mean ["10.0.0.0/24", "10.1.0.0/24"]?',
      'monitoring: {} is not a list: write networks or addresses, such as ["10.0.9.0/24"]',
    ]);
  });
});

describe("what is risky or of no use is accepted with a warning", () => {
  const instead = "write the networks of the applications instead";
  it.each<[object, string[]]>([
    [{ clients: ["10.0.0.0/24", "fd00::/48", "10.1.0.7"] }, []],
    [
      { clients: ["0.0.0.0/0"] },
      [
        `clients[0]: "0.0.0.0/0" lets in every IPv4 address there is, so that the passwords are all that keeps the data: ${instead}`,
      ],
    ],
    [
      { clients: ["::/0"] },
      [
        `clients[0]: "::/0" lets in every IPv6 address there is, so that the passwords are all that keeps the data: ${instead}`,
      ],
    ],
    [
      { clients: ["0.0.0.0/1", "128.0.0.0/1"] },
      [0, 1].map(
        (place) =>
          `clients[${place}]: "${place ? "128" : "0"}.0.0.0/1" is wider than any network of one owner: ${instead}`,
      ),
    ],
    [
      { clients: ["127.0.0.1"] },
      ['clients[0]: "127.0.0.1" is this machine itself, which is always let in: leave it out'],
    ],
    [{ clients: ["::1"] }, ['clients[0]: "::1" is this machine itself, which is always let in: leave it out']],
    [
      { clients: ["10.0.0.7", "10.0.0.7/32"] },
      ['clients[1]: "10.0.0.7/32" is the same as "10.0.0.7" of clients[0]: leave it out'],
    ],
    [
      { clients: ["10.0.0.7", "10.0.0.0/24", "10.0.0.0/16"] },
      [
        'clients[0]: "10.0.0.7" lies within "10.0.0.0/16" of clients[2]: leave it out',
        'clients[1]: "10.0.0.0/24" lies within "10.0.0.0/16" of clients[2]: leave it out',
      ],
    ],
    [
      { clients: ["FD00:0::7", "fd00::7"] },
      ['clients[1]: "fd00::7" is the same as "FD00:0::7" of clients[0]: leave it out'],
    ],
    [
      { clients: ["10.0.0.0/24"], firewall: undefined },
      ['clients: is not enforced by anything: write firewall: "apply", or "print" and have the rules put in place'],
    ],
    [
      { clients: ["10.0.0.0/24"], bind: "127.0.0.1 ::1" },
      [
        "clients: cannot connect to servers that listen on 127.0.0.1 ::1 only: write an address of this machine's network into bind",
      ],
    ],
  ])("%j", (args, warned) => {
    const all = { firewall: "apply", bind, ...args };
    expect(look(all)).toEqual({ refused: [], warned });
    // What is accepted can be planned.
    const { clients } = all as { clients?: string[] };
    const plan = { name: "cache", nodes: [] };
    planFirewall({ owner: "shop/dev/cache", plan, addresses: new Map(), clients });
  });
});
