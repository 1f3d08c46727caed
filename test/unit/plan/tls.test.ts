import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readStackConfig } from "../../../infra/config.ts";
import { checkCluster, checkSentinel, checkStandalone } from "../../../infra/plan/check.ts";
import { localNames } from "../../../infra/plan/tls.ts";
import { planStandalone } from "../../../infra/plan/topology.ts";
import { type Certificate, makeAuthority, type TestAuthority } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";

const folder = temporaryFolder();
const day = 24 * 3_600_000;
let authority: TestAuthority;
let other: TestAuthority;
let good: Certificate;
let client: Certificate;
const later = { apply: () => undefined };

beforeAll(async () => {
  [authority, other] = await Promise.all([makeAuthority("Own CA"), makeAuthority("Another CA")]);
  good = await authority.issue("good", {
    hosts: ["127.0.0.1", "localhost"],
    notAfter: new Date(Date.now() + 60 * day),
  });
  client = await authority.issue("client", { hosts: [], usage: "client", notAfter: new Date(Date.now() + 60 * day) });
});
afterAll(async () => {
  folder.remove();
  await authority.remove();
  await other.remove();
});

type Check = typeof checkStandalone;
function said(
  tls: unknown,
  more: object = {},
  check: Check = checkStandalone,
): { refused: string[]; warned: string[] } {
  const { refusals, warnings } = check("cache", { tls, ...more } as object);
  const text = (findings: typeof refusals) => findings.map(({ property, message }) => `${property}: ${message}`);
  return { refused: text(refusals), warned: text(warnings) };
}
const own = (more: object = {}) => ({
  certificate: { ca: authority.ca, cert: good.cert, key: good.key, ...more },
  renewBeforeDays: 5,
});
const pairOf = ({ cert, key }: Certificate) => ({ cert, key });
const nothing = { refused: [], warned: [] };

describe("the shape of tls", () => {
  it.each<[unknown, string]>([
    ["on", 'tls: "on" is not known: write "off", "generated", or { certificate: { ca, cert, key } }'],
    [
      "generate",
      'tls: "generate" is not known: write "off", "generated", or { certificate: { ca, cert, key } }; did you mean "generated"?',
    ],
    [
      true,
      'tls: true is not known: write "off", "generated", or { certificate: { ca, cert, key } }; did you mean "generated"?',
    ],
    [
      { mutal: true },
      'tls.mutal: is not an argument of tls, which takes certificate, mutual, hosts, validityDays, renewBeforeDays, rotation; did you mean "mutual"?',
    ],
    [{ cert: "tls.crt" }, "tls.cert: belongs one level down: write { certificate: { ca, cert, key } }"],
    [{ mutual: "yes" }, 'tls.mutual: "yes" is not true or false: write one of them'],
    [{ validityDays: 3650 }, "tls.validityDays: 3650 is not allowed: write a whole number from 1 to 825, such as 365"],
    [
      { validityDays: 7 },
      "tls.renewBeforeDays: 30, its default, is not less than the 7 days of validityDays: write 0 to 6",
    ],
    [
      { validityDays: 90, renewBeforeDays: 90 },
      "tls.renewBeforeDays: 90 is not allowed: write a whole number from 0 to 89, such as 30",
    ],
    [{ hosts: "cache.example.org" }, 'tls.hosts: "cache.example.org" is not a list: write ["cache.example.org"]'],
    [
      { hosts: ["10.0.0.256"] },
      'tls.hosts.0: "10.0.0.256" is not a name or an address: write "cache.example.org" or "10.0.0.7"',
    ],
    [
      { hosts: ["redis://cache"] },
      'tls.hosts.0: "redis://cache" is not a name or an address: write "cache.example.org" or "10.0.0.7"',
    ],
    [
      { certificate: "own" },
      'tls.certificate: "own" is not known: write "generated", or { ca, cert, key } with PEM or paths',
    ],
  ])("%j", (tls, message) => {
    expect(said(tls)).toEqual({ refused: [message], warned: [] });
  });

  it.each([
    ["off"],
    ["generated"],
    [{}],
    [{ mutual: true, hosts: ["*.example.org", "10.0.0.7", "::1"], validityDays: 825 }],
  ])("%j is accepted", (tls) => {
    expect(said(tls)).toEqual(nothing);
  });

  it("a generated certificate for every address of the machine names no address by itself", () => {
    const message =
      "tls.hosts: is empty, and bind is every address of this machine: clients elsewhere refuse a certificate that does not name the address by which they connect; write those into hosts";
    expect(said("generated", { bind: "0.0.0.0" })).toEqual({ refused: [], warned: [message] });
    expect(said({ hosts: ["cache.example.org"] }, { bind: "0.0.0.0" })).toEqual(nothing);
  });

  it("names and addresses of a node that is reached from elsewhere are its own", () => {
    expect(localNames(undefined, "machine")).toEqual(["127.0.0.1", "::1", "localhost"]);
    expect(localNames("10.0.0.7", "machine")).toEqual(["10.0.0.7"]);
    expect(localNames("10.0.0.7 127.0.0.1", "machine")).toEqual(["10.0.0.7", "127.0.0.1", "::1", "localhost"]);
    expect(localNames("0.0.0.0", "machine")).toEqual(["machine", "127.0.0.1", "::1", "localhost"]);
  });
});

describe("an own certificate", () => {
  it("that is right is accepted, as PEM, as a path, and where its key comes later", () => {
    expect(said(own())).toEqual(nothing);
    expect(said(own({ ca: authority.caFile, cert: good.certFile, key: good.keyFile }))).toEqual(nothing);
    expect(said(own({ key: later }))).toEqual(nothing);
    expect(said({ ...own({ client }), mutual: true }, {}, checkCluster as Check)).toEqual(nothing);
  });

  it("no key and no certificate is in the plan", () => {
    expect(JSON.stringify(planStandalone("cache", { tls: own() }))).not.toMatch(/BEGIN/);
  });

  it("whose parts are missing, or something else", () => {
    const path = join(folder.path, "no-such.crt");
    expect(said({ certificate: { ca: path, cert: "-----BEGIN NOTHING-----" } }).refused).toEqual([
      `tls.certificate.ca: "${path}" cannot be read: no such file; write PEM, or a path relative to the folder of Pulumi.yaml`,
      "tls.certificate.cert: holds no certificate: there is no line -----BEGIN CERTIFICATE-----",
      "tls.certificate.key: is missing: write PEM, or the path of a file",
    ]);
    expect(said(own({ cert: good.cert.replace(/[A-Za-z]{40}/, "A".repeat(40)), key: good.cert })).refused).toEqual([
      "tls.certificate.cert: holds a certificate that cannot be read: it was cut or changed",
      "tls.certificate.key: holds no private key: there is no line -----BEGIN PRIVATE KEY-----",
    ]);
    expect(said(own({ key: "-----BEGIN ENCRYPTED PRIVATE KEY-----" })).refused).toEqual([
      "tls.certificate.key: is encrypted: decrypt it first (openssl pkey -in FILE), and keep it as a secret",
    ]);
    expect(said(own({ ca: 7 })).refused).toEqual([
      "tls.certificate.ca: 7 is not a text: write PEM, or the path of a file",
    ]);
  });

  it("with another certificate's key; the key is not quoted", async () => {
    const { refused } = said(own({ key: client.key }));
    expect(refused).toEqual([
      "tls.certificate.key: does not belong to tls.certificate.cert (CN=good): they must be a pair",
    ]);
  });

  it("of another authority", () => {
    expect(said(own({ ca: other.ca })).refused).toEqual([
      "tls.certificate.cert: (CN=good) is not signed by ca (CN=Another CA) but by CN=Own CA: write that authority's certificate into ca, and certificates between the two behind cert",
    ]);
    expect(said(own({ ca: other.ca + authority.ca }))).toEqual(nothing);
  });

  it("that expired, is not valid yet, or expires soon", async () => {
    const dates = { hosts: ["127.0.0.1"], notBefore: new Date("2020-01-01T00:00:00Z") };
    const expired = await authority.issue("expired", { ...dates, notAfter: new Date("2020-02-01T00:00:00Z") });
    expect(said(own(pairOf(expired))).refused).toEqual([
      "tls.certificate.cert: (CN=expired) expired on 2020-02-01: have it renewed",
    ]);
    const soon = await authority.issue("soon", { ...dates, notAfter: new Date(Date.now() + 3.5 * day) });
    expect(said(own(pairOf(soon)))).toEqual({
      refused: [],
      warned: [
        expect.stringMatching(
          /^tls\.certificate\.cert: \(CN=soon\) expires on 20\d\d-\d\d-\d\d, in 3 days: have it renewed$/,
        ),
      ],
    });
    const early = await authority.issue("early", {
      hosts: ["127.0.0.1"],
      notBefore: new Date("2099-01-01T10:00:00Z"),
      notAfter: new Date("2099-02-01T00:00:00Z"),
    });
    expect(said(own(pairOf(early))).refused).toEqual([
      "tls.certificate.cert: (CN=early) is not valid before 2099-01-01 10:00 UTC: check the clock, or wait",
    ]);
  });

  it("that does not name the address at which nodes are reached", () => {
    const end =
      "where nodes are reached: it names IP Address:127.0.0.1, DNS:localhost; have it issued with every address as a subject alternative name";
    expect(said(own(), { bind: "10.0.0.7" }).refused).toEqual([
      `tls.certificate.cert: (CN=good) does not name 10.0.0.7, ${end}`,
    ]);
    expect(said(own(), { bind: "::1" }).refused).toEqual([`tls.certificate.cert: (CN=good) does not name ::1, ${end}`]);
  });

  it("that is for servers only, where nodes are clients of each other", async () => {
    const server = await authority.issue("server", {
      hosts: ["127.0.0.1"],
      usage: "server",
      notAfter: new Date(Date.now() + 60 * day),
    });
    const message =
      "tls.certificate.cert: (CN=server) is not for clients: nodes are clients of each other: have it issued with the extended key usage clientAuth";
    expect(said(own(pairOf(server)))).toEqual(nothing);
    expect(said(own(pairOf(server)), {}, checkSentinel as Check)).toEqual(nothing);
    expect(said(own(pairOf(server)), {}, checkCluster as Check).refused).toEqual([message]);
    expect(said({ ...own({ ...pairOf(server), client }), mutual: true }, {}, checkSentinel as Check).refused).toEqual([
      message,
    ]);
    expect(said(own({ cert: client.cert, key: client.key })).refused).toContain(
      "tls.certificate.cert: (CN=client) is not for servers: have it issued with the extended key usage serverAuth",
    );
  });

  it("with mutual and without a client's certificate, or with a wrong one", () => {
    expect(said({ ...own(), mutual: true }).refused).toEqual([
      "tls.certificate.client: is missing: with mutual, Hearth's own tools must show a certificate too; write { cert, key } of a client",
    ]);
    expect(said({ ...own({ client: { cert: client.cert, key: good.key } }), mutual: true }).refused).toEqual([
      "tls.certificate.client.key: does not belong to tls.certificate.client.cert (CN=client): they must be a pair",
    ]);
  });

  it("takes none of what only generated ones have", () => {
    expect(said({ ...own(), hosts: ["a"], rotation: "x" }).refused).toEqual([
      "tls.hosts: is for generated certificates: leave it out",
      "tls.rotation: is for generated certificates: leave it out",
    ]);
  });
});

describe("hearth:tls and hearth:mutualTls", () => {
  const read = (config: Record<string, string>) => {
    const all: Record<string, string> = { warm: "off", ...config };
    return readStackConfig(
      (key) => all[key],
      Object.keys(all).map((key) => `hearth:${key}`),
    );
  };
  const refusal = (config: Record<string, string>) => {
    try {
      read(config);
      return undefined;
    } catch (error) {
      return (error as Error).message.split("\n - ").slice(1);
    }
  };

  it("are what the argument is", () => {
    expect(read({}).args.tls).toBeUndefined();
    expect(read({ tls: "off" }).args.tls).toBe("off");
    expect(read({ tls: "generated" }).args.tls).toBe("generated");
    expect(read({ tls: "generated", mutualTls: "true" }).args.tls).toEqual({ mutual: true });
  });

  it("a folder has the names of Kubernetes", () => {
    const path = join(folder.path, "tls");
    mkdirSync(path);
    for (const [name, text] of Object.entries({ "ca.crt": authority.ca, "tls.crt": good.cert, "tls.key": good.key })) {
      writeFileSync(join(path, name), text);
    }
    expect(read({ tls: `${path}/` }).args.tls).toEqual({
      certificate: { ca: `${path}/ca.crt`, cert: `${path}/tls.crt`, key: `${path}/tls.key` },
      mutual: false,
    });
    expect(refusal({ tls: path, mutualTls: "true" })).toEqual([
      `hearth:tls.certificate.client.cert: "${path}/client.crt" cannot be read: no such file; write PEM, or a path relative to the folder of Pulumi.yaml`,
      `hearth:tls.certificate.client.key: "${path}/client.key" cannot be read: no such file; write PEM, or a path relative to the folder of Pulumi.yaml`,
    ]);
  });

  it("are refused by name", () => {
    expect(refusal({ tls: "generatd" })).toEqual([
      'hearth:tls: "generatd" is not known: write off, generated, or a folder such as ./tls; did you mean "generated"?',
    ]);
    expect(refusal({ mutualTls: "true" })).toEqual([
      "hearth:mutualTls: needs TLS: set hearth:tls to generated, or to a folder",
    ]);
    expect(refusal({ tls: "generated", mutualTls: "yes" })).toEqual([
      'hearth:mutualTls: "yes" is not true or false: write one of them',
    ]);
  });
});
