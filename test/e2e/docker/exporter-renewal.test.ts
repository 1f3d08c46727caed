import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { getFile } from "../../../ops/docker/files.ts";
import { makeAuthority, type TestAuthority } from "../../support/certificates.ts";
import { docker, dockerTest } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** Certificates that were renewed, where clients must show one: exporters show the new one as well. */

dockerTest("an exporter, when certificates are renewed", () => {
  let stack: TestStack;
  let authority: TestAuthority;
  let folder: string;
  let address: string;

  /** Another pair for the server, and for its clients, by the same authority. */
  async function renew(): Promise<string> {
    const hosts = [address, "127.0.0.1", "localhost"];
    const [server, client] = await Promise.all([authority.issue("server", { hosts }), authority.issue("client")]);
    const files = { "ca.crt": authority.ca, "tls.crt": server.cert, "tls.key": server.key };
    const own = { "client.crt": client.cert, "client.key": client.key };
    for (const [name, text] of Object.entries({ ...files, ...own })) writeFileSync(join(folder, name), text);
    return client.cert;
  }
  const exporter = async () => {
    const filters = { label: ["hearth.role=exporter", `hearth.stack=${stack.name}`] };
    const [found] = await docker.listContainers({ all: true, filters });
    return docker.getContainer(found?.Id ?? "");
  };
  const shown = async () => getFile(await exporter(), "/hearth/exporter/client.crt");
  const startedAt = async () => (await (await exporter()).inspect()).State.StartedAt;
  const seesItsNode = async () => {
    const { scrapeConfig } = (await stack.outputs()) as unknown as { scrapeConfig: string };
    const [target] = parse(scrapeConfig).scrape_configs[0].static_configs[0].targets;
    return /\nredis_up 1\n/.test(await (await fetch(`http://${target}/metrics`)).text());
  };

  beforeAll(async () => {
    authority = await makeAuthority();
    const config = await dockerConfig();
    address = `${config.subnet?.split(".").slice(0, 3).join(".")}.10`;
    stack = new TestStack({ ...config, topology: "standalone", warm: "off", persistence: "none" });
    folder = join(stack.folder, "tls");
    mkdirSync(folder);
    stack.set({ tls: folder, mutualTls: "true" });
    await stack.init();
  });
  afterAll(async () => {
    await stack?.end();
    await authority?.remove();
  });

  it("is started again with the new one, and sees its node; nothing happens where nothing was renewed", async () => {
    const first = await renew();
    await stack.up();
    expect((await shown())?.trim()).toBe(first.trim());
    await until("it sees its node", seesItsNode);
    const before = await startedAt();
    await stack.up();
    expect(await startedAt()).toBe(before);

    const second = await renew();
    await stack.up();
    expect((await shown())?.trim()).toBe(second.trim());
    expect(await startedAt()).not.toBe(before);
    await until("it sees its node", seesItsNode);
  });
}, ["redis", "exporter"]);
