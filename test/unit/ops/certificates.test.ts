import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { CertificatesInputs, Issued } from "../../../contract/certificates.ts";
import { certificates, certificatesIn, issue } from "../../../ops/certificates.ts";

const asked: CertificatesInputs = {
  name: "cache",
  nodes: [
    { name: "cache-0", hosts: ["127.0.0.1", "::1", "localhost"] },
    { name: "cache-1", hosts: ["10.0.0.7", "cache.example.org"] },
  ],
  validityDays: 365,
  renewBeforeDays: 30,
  rotation: "",
};
const now = new Date("2026-11-21T12:00:00Z");
const inDays = (days: number) => new Date(now.getTime() + days * 24 * 3_600_000);
const certificateOf = (issued: Issued, node: string) => new X509Certificate(issued.servers[node]?.cert ?? "");

/** Every certificate is of an authority that is trusted, and has its own key. */
function expectWhole(issued: Issued): void {
  const authorities = certificatesIn(issued.ca).map((pem) => new X509Certificate(pem));
  for (const { cert, key } of [...Object.values(issued.servers), issued.client]) {
    const certificate = new X509Certificate(cert);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(authorities.some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey))).toBe(true);
  }
}

describe("new certificates", () => {
  it("name every host of their node, and no other", async () => {
    const issued = await issue(asked, undefined, now);
    expectWhole(issued);
    const first = certificateOf(issued, "cache-0");
    expect(first.checkIP("127.0.0.1") && first.checkIP("::1") && first.checkHost("localhost")).toBeTruthy();
    expect(first.checkIP("10.0.0.7")).toBeUndefined();
    const second = certificateOf(issued, "cache-1");
    expect(second.checkIP("10.0.0.7") && second.checkHost("cache.example.org")).toBeTruthy();
    expect(second.checkHost("example.org")).toBeUndefined();
  });

  it("are for servers that are clients too, and one for clients only", async () => {
    const issued = await issue(asked, undefined, now);
    expect(certificateOf(issued, "cache-0").keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(new X509Certificate(issued.client.cert).keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(new X509Certificate(issued.ca).ca).toBe(true);
    expect(certificateOf(issued, "cache-0").ca).toBe(false);
  });

  it("are valid from an hour ago, with positive serial numbers of 16 bytes, each another", async () => {
    const issued = await issue(asked, undefined, now);
    const all = [issued.ca, issued.client.cert, ...Object.values(issued.servers).map(({ cert }) => cert)];
    const serials = all.map((pem) => new X509Certificate(pem).serialNumber);
    expect(new Set(serials).size).toBe(4);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    for (const pem of all)
      expect(new Date(new X509Certificate(pem).validFrom)).toEqual(new Date("2026-11-21T11:00:00Z"));
    expect(issued.expiresAt).toBe(inDays(365).toISOString());
    expect(issued.renewAt).toBe(inDays(335).toISOString());
  });
});

describe("an update", () => {
  it("changes nothing that need not be changed", async () => {
    const issued = await issue(asked, undefined, now);
    expect(await issue(asked, issued, inDays(300))).toEqual(issued);
  });

  it("renews what is due, with the same authority", async () => {
    const issued = await issue(asked, undefined, now);
    const said: string[] = [];
    const renewed = await issue(asked, issued, inDays(336), (message) => said.push(message));
    expectWhole(renewed);
    expect(renewed.ca).toBe(issued.ca);
    expect(said).toEqual(["new certificates: cache-0, cache-1, client of cache"]);
    expect(certificateOf(renewed, "cache-0").validToDate).toEqual(inDays(336 + 365));
    expect(renewed.servers["cache-0"]?.key).not.toBe(issued.servers["cache-0"]?.key);
    expect(renewed.renewAt).toBe(inDays(336 + 335).toISOString());
  });

  it("makes those of other nodes and other hosts, and forgets those of nodes that are gone", async () => {
    const issued = await issue(asked, undefined, now);
    const nodes = [
      { name: "cache-0", hosts: ["127.0.0.1"] },
      { name: "cache-2", hosts: ["10.0.0.8"] },
    ];
    const said: string[] = [];
    const changed = await issue({ ...asked, nodes }, issued, inDays(1), (message) => said.push(message));
    expect(Object.keys(changed.servers)).toEqual(["cache-0", "cache-2"]);
    expect(certificateOf(changed, "cache-0").checkHost("localhost")).toBeUndefined();
    expect(changed.client).toEqual(issued.client);
    expect(said).toEqual(["new certificates: cache-0, cache-2"]);
  });
});

describe("another authority", () => {
  const step = (issued: Issued, days: number, rotation = "") => issue({ ...asked, rotation }, issued, inDays(days));

  async function expectThreeSteps(first: Issued, days: number, rotation: string): Promise<void> {
    // Both are trusted, and the old one signs.
    const both = await step(first, days, rotation);
    expectWhole(both);
    expect(certificatesIn(both.ca)).toHaveLength(2);
    expect(certificatesIn(both.ca)[0]).toBe(certificatesIn(first.ca)[0]);
    expect(Date.parse(both.renewAt)).toBeLessThanOrEqual(inDays(days).getTime());
    // The new one signs: certificates that clients and other nodes trust already.
    const moved = await step(both, days, rotation);
    expectWhole({ ...moved, ca: both.ca });
    expectWhole({ ...moved, ca: certificatesIn(both.ca)[1] ?? "" });
    expect(new Set(certificatesIn(moved.ca))).toEqual(new Set(certificatesIn(both.ca)));
    expect(moved.nextCaKey).toBeUndefined();
    // The old one is forgotten, and nothing else changes.
    const done = await step(moved, days, rotation);
    expectWhole(done);
    expect(certificatesIn(done.ca)).toEqual([certificatesIn(both.ca)[1]]);
    expect(done.servers).toEqual(moved.servers);
    expect(Date.parse(done.renewAt)).toBeGreaterThan(inDays(days).getTime());
    expect(await step(done, days, rotation)).toEqual(done);
  }

  it("comes when it is asked for, in three steps", async () => {
    await expectThreeSteps(await issue(asked, undefined, now), 1, "stolen in May");
  });

  it("comes before the old one would end before what it signs", async () => {
    let issued = await issue(asked, undefined, now);
    for (let days = 336; days < 3650 - 395; days += 336) {
      issued = await step(issued, days);
      expect(certificatesIn(issued.ca)).toHaveLength(1);
    }
    expect(Date.parse(issued.renewAt)).toBeLessThanOrEqual(inDays(3650 - 395).getTime());
    await expectThreeSteps(issued, 3650 - 395, "");
  });
});

it("a refresh leaves them as they are", async () => {
  const context = { signal: AbortSignal.timeout(1000), progress: () => {} };
  const request = { operation: "certificates", id: "certificates", inputs: {}, olds: {}, deadlineMs: 1000 };
  expect(await certificates({ ...request, action: "read" }, context)).toEqual({ id: "certificates" });
});
