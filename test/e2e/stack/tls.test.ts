import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { clientOf, serverAt } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { pidOf } from "../../support/processes.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** What a server that gets plain text answers, until it closes. */
function plainAnswer(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1", timeout: 5000 }, () => socket.write("PING\r\n"));
    socket.on("data", (part) => {
      text += part;
    });
    socket.on("timeout", () => socket.destroy(new Error("silent")));
    socket.on("error", (error) => resolve(error.message));
    socket.on("close", () => resolve(text));
  });
}

async function readKey(endpoint: Endpoint, key: string): Promise<string | null> {
  const client = clientOf(endpoint);
  try {
    return await client.get(key);
  } finally {
    client.disconnect();
  }
}

const topologies = [
  { topology: "standalone", data: 1, sentinels: 0, mutual: false },
  { topology: "sentinel", data: 3, sentinels: 3, mutual: true },
  { topology: "cluster", data: 6, sentinels: 0, mutual: false },
] as const;

describe.each(topologies)("$topology with hearth:tls generated", ({ topology, data, sentinels, mutual }) => {
  let stack: TestStack;
  let endpoint: Endpoint;
  let operator: Endpoint;
  let port: number;
  let sentinelPort: number;

  async function look(): Promise<void> {
    ({
      endpoint,
      endpoints: { operator },
    } = await stack.outputs());
  }

  beforeAll(async () => {
    port = await freePorts(data, { bus: topology === "cluster" });
    sentinelPort = await freePorts(3);
    stack = await new TestStack({
      topology,
      port: `${port}`,
      ...(topology === "sentinel" && { sentinelPort: `${sentinelPort}`, downAfter: "1 second" }),
      tls: "generated",
      mutualTls: `${mutual}`,
      source: "demo",
      minKeys: "1000",
    }).init();
    await stack.up();
    await look();
  });
  afterAll(() => stack?.end());

  it("is proven warm, and an application reads over TLS", async () => {
    const { report, url } = await stack.outputs();
    expect(report.validation?.verdict).toBe("warm");
    expect(url).toMatch(/^rediss/);
    const certificate = expect.stringContaining("BEGIN CERTIFICATE");
    const pair = { cert: certificate, key: expect.stringContaining("BEGIN PRIVATE KEY") };
    expect(endpoint.tls).toEqual({ ca: certificate, ...(mutual && pair) });
    const client = clientOf(endpoint);
    expect(await client.set("written", "over TLS")).toBe("OK");
    client.disconnect();
  });

  it("no port of it answers plain text", async () => {
    const ports = [
      ...Array.from({ length: data }, (_, index) => port + index),
      ...Array.from({ length: sentinels }, (_, index) => sentinelPort + index),
      ...(topology === "cluster" ? Array.from({ length: data }, (_, index) => port + 10_000 + index) : []),
    ];
    for (const one of ports) expect(await plainAnswer(one), `port ${one}`).not.toMatch(/PONG|NOAUTH|ERR/);
  });

  it.runIf(mutual)("lets nobody in without a certificate", async () => {
    for (const one of [port, sentinelPort]) {
      const server = serverAt(one, { ...operator, tls: { ca: operator.tls?.ca ?? "" } });
      server.on("error", () => {}); // said by the command as well
      await expect(server.ping()).rejects.toThrow();
      server.disconnect();
    }
  });

  it.runIf(data > 1)("replicas have the data, over TLS", async () => {
    const roles = await until("every replica's link", async () => {
      const infos = await Promise.all(
        Array.from({ length: data }, async (_, index) => {
          const server = serverAt(port + index, operator);
          const info = await server.info("replication").finally(() => server.disconnect());
          return info;
        }),
      );
      const replicas = infos.filter((info) => info.includes("role:slave"));
      return replicas.every((info) => info.includes("master_link_status:up")) && replicas;
    });
    expect(roles).toHaveLength(topology === "cluster" ? 3 : 2);
  });

  it("a second up changes nothing", async () => {
    expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
  });

  it("a refresh finds nothing to mend", async () => {
    expect(await stack.refresh()).not.toMatch(/(updated|deleted)/);
    expect(await stack.preview()).not.toMatch(/[~+-]\s+pulumi-nodejs/);
  });

  it.runIf(topology === "sentinel")("a killed primary is replaced by the sentinels, and comes back", async () => {
    process.kill(pidOf(stack.directory, "cache-0"), "SIGKILL");
    await until("another primary with the key", async () => (await readKey(endpoint, "written")) === "over TLS");
    await stack.refresh();
    await stack.up();
    expect(await readKey(endpoint, "written")).toBe("over TLS");
  });

  it("is switched off and on again with its data", async () => {
    stack.set({ tls: "off", mutualTls: undefined });
    await stack.up();
    await look();
    expect(endpoint.tls).toBeUndefined();
    expect(await readKey(endpoint, "written")).toBe("over TLS");
    stack.set({ tls: "generated", mutualTls: `${mutual}` });
    await stack.up();
    await look();
    expect(endpoint.tls?.ca).toContain("BEGIN CERTIFICATE");
    expect(await readKey(endpoint, "written")).toBe("over TLS");
    expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
  });
});
