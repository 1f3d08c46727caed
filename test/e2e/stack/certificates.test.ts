import { X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { connect as connectTls } from "node:tls";
import type { Cluster, Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { certificatesIn } from "../../../ops/certificates.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { pidOf } from "../../support/processes.ts";
import { TestStack } from "../../support/stack.ts";

const project = resolve(import.meta.dirname, "tls-program");
const unchanged = /(updated|created|deleted|replaced)/;
let stack: TestStack | undefined;
const clients: (Redis | Cluster)[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await stack?.end();
});

async function make(topology: string, tls: object, nodes: number): Promise<{ stack: TestStack; port: number }> {
  const port = await freePorts(nodes, { bus: topology === "cluster" });
  stack = await new TestStack({ topology, port: `${port}`, tls: JSON.stringify(tls) }, project).init();
  return { stack, port };
}

const pidsOf = (made: TestStack, names: readonly string[]) => names.map((name) => pidOf(made.directory, name));
const endpointOf = async (made: TestStack): Promise<Endpoint> => (await made.outputs()).endpoint;

function open(endpoint: Endpoint): Redis | Cluster {
  const client = clientOf(endpoint);
  clients.push(client);
  return client;
}

/** The certificate that a server shows. */
function shownAt(port: number, ca: string): Promise<X509Certificate> {
  return new Promise((done, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, ca }, () => {
      done(new X509Certificate(socket.getPeerCertificate().raw));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

describe("pulumi up", () => {
  it("renews what is due: servers keep running and keep their clients, sentinels come back", async () => {
    const { stack: made, port } = await make("sentinel", { validityDays: 2, renewBeforeDays: 1 }, 6);
    await made.up();
    const endpoint = await endpointOf(made);
    const ca = endpoint.tls?.ca ?? "";
    const [data, sentinels] = [[0, 1, 2].map((n) => `cache-${n}`), [0, 1, 2].map((n) => `cache-sentinel-${n}`)];
    const [pids, watching] = [pidsOf(made, data), pidsOf(made, sentinels)];
    const before = await shownAt(port, ca);
    const client = open(endpoint);
    await client.set("before", "renewal");
    let lost = 0;
    client.on("close", () => lost++);

    made.set({ tls: JSON.stringify({ validityDays: 90, renewBeforeDays: 30 }) });
    const said = [await made.preview("--diff"), await made.up("--diff"), await made.export()];
    expect(said[1]).toMatch(/Certificates: \(update\)/);
    for (const text of said) expect(text).not.toMatch(/PRIVATE KEY/);
    expect(pidsOf(made, data)).toEqual(pids);
    for (const [index, pid] of pidsOf(made, sentinels).entries()) expect(pid).not.toBe(watching[index]);
    const after = await shownAt(port, ca);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect((after.validToDate.getTime() - Date.now()) / 86_400_000).toBeCloseTo(90, 1);
    expect(await client.get("before")).toBe("renewal");
    expect(lost).toBe(0);
    expect((await endpointOf(made)).tls?.ca).toBe(ca);
    expect(await made.up()).not.toMatch(unchanged);
  });

  it("puts another authority in place over three updates, and clients of the update before are let in", async () => {
    const { stack: made, port } = await make("cluster", { mutual: true }, 6);
    await made.up();
    let endpoint = await endpointOf(made);
    const first = endpoint.tls?.ca;
    const names = [0, 1, 2, 3, 4, 5].map((n) => `cache-${n}`);
    const pids = pidsOf(made, names);
    const client = open(endpoint);
    await client.set("kept", "yes");
    made.set({ tls: JSON.stringify({ mutual: true, rotation: "stolen" }) });
    for (const trusted of [2, 2, 1]) {
      const last = endpoint;
      await made.up();
      endpoint = await endpointOf(made);
      expect(certificatesIn(endpoint.tls?.ca ?? "")).toHaveLength(trusted);
      // Who has not heard of this update, and who was connected before all.
      if (trusted === 2) expect(await open(last).get("kept")).toBe("yes");
      expect(await open(endpoint).get("kept")).toBe("yes");
      expect(await client.get("kept")).toBe("yes");
      expect(pidsOf(made, names)).toEqual(pids);
    }
    expect(endpoint.tls?.ca).not.toBe(first);
    await expect(shownAt(port, first ?? "")).rejects.toThrow(/unable to|self.signed/);
    expect(await made.up()).not.toMatch(unchanged);
  });

  it("takes an own certificate, its key from a secret; refuses another key before anything changes; renews it live", async () => {
    const authority = await makeAuthority("Own CA");
    try {
      const [one, two] = await Promise.all([authority.issue("one"), authority.issue("two")]);
      const own = (cert: string) => ({ certificate: { ca: authority.caFile, cert }, renewBeforeDays: 1 });
      const { stack: made, port } = await make("standalone", own(one.certFile), 1);
      await made.setSecret("key", `\n${one.key}`); // a line before it: pulumi takes "-----" for an option
      await made.up();
      const pids = pidsOf(made, ["cache-0"]);
      const endpoint = await endpointOf(made);
      expect(endpoint.tls).toEqual({ ca: authority.ca });
      const client = open(endpoint);
      expect(await client.set("key", "value")).toBe("OK");
      expect(await made.export()).not.toMatch(/PRIVATE KEY/);

      made.set({ tls: JSON.stringify(own(two.certFile)) });
      const said = await made.previewFails();
      expect(said).toContain(
        "tls.certificate.key: does not belong to tls.certificate.cert (CN=two): they must be a pair",
      );
      await made.setSecret("key", `\n${two.key}`);
      await made.up();
      expect((await shownAt(port, authority.ca)).subject).toBe("CN=two");
      expect(pidsOf(made, ["cache-0"])).toEqual(pids);
      expect(await client.get("key")).toBe("value");
      expect(await made.up()).not.toMatch(unchanged);
    } finally {
      await authority.remove();
    }
  });
});
