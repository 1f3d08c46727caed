import { readFile } from "node:fs/promises";
import type { Container } from "dockerode";
import { extract } from "tar-stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exporterCommand, exporterFiles, exporterOwner } from "../../../infra/plan/exporters.ts";
import { containerFiles } from "../../../ops/docker/container-files.ts";
import { exporters } from "../../../ops/exporters.ts";
import {
  docker,
  dockerTest,
  freeSubnet,
  images,
  removeLabelled,
  testLabels,
  uniqueName,
} from "../../support/docker.ts";

/** The files of an exporter's container, and the wait for it: the operations as Pulumi asks them. */
dockerTest("an exporter's files", () => {
  const name = uniqueName("exporter");
  const labels = { ...testLabels, "hearth.test.name": name };
  const folder = "/hearth/exporter";
  const passwords = ["the first of its passwords", "the second of its passwords"] as const;
  let redis: string;
  let address: string;
  let container: Container;

  const inputs = (password: string) => ({
    ...{ name, docker: {}, container: name, containerId: container.id, folder, owner: exporterOwner },
    files: exporterFiles({ host: redis, port: 6379 }, password),
  });
  const ask = (
    action: "create" | "read" | "update" | "delete",
    password: string,
    before: Record<string, unknown> = {},
  ) =>
    containerFiles(
      { operation: "container-files", action, id: name, inputs: inputs(password), olds: before, deadlineMs: 60_000 },
      { signal: AbortSignal.timeout(60_000), progress: () => {} },
    );
  const seen = (limitMs = 40_000) => {
    const targets = [{ node: "cache-0", host: address, port: 9121 }];
    const asked = { name: "cache", exporters: targets, instances: [] };
    return exporters(
      { operation: "exporters", action: "create", id: "", inputs: asked, olds: {}, deadlineMs: limitMs },
      { signal: AbortSignal.timeout(limitMs), progress: () => {} },
    );
  };
  const makeExporter = () =>
    docker.createContainer({
      name,
      Image: images.exporter,
      Cmd: exporterCommand(9121, { address: { host: redis, port: 6379 }, tls: false, mutual: false }, folder),
      User: `${exporterOwner.uid}:${exporterOwner.gid}`,
      Labels: labels,
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
        NetworkMode: name,
        Mounts: [{ Type: "volume", Source: name, Target: "/hearth" }],
      },
      NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: address } } } },
    });

  beforeAll(async () => {
    const { subnet, prefix } = await freeSubnet();
    redis = `${prefix}.10`;
    address = `${prefix}.100`;
    await docker.createNetwork({ Name: name, IPAM: { Config: [{ Subnet: subnet }] }, Labels: labels });
    await docker.createVolume({ Name: name, Labels: labels });
    const rules = ["on", ...passwords.map((one) => `>${one}`), "-@all", "+info", "+client|setname", "+slowlog|len"];
    const acl = [...rules, "+slowlog|get", "+latency|latest", "+latency|histogram", "+ping"];
    const server = await docker.createContainer({
      Image: images.redis,
      Entrypoint: ["redis-server"],
      Cmd: ["--protected-mode", "no", "--save", "", "--user", "exporter", ...acl],
      Labels: labels,
      HostConfig: { NetworkMode: name },
      NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: redis } } } },
    });
    await server.start();
    container = await makeExporter();
  });
  afterAll(() => removeLabelled(`hearth.test.name=${name}`));

  it("are there, for its user alone, before it starts, and it sees its node", async () => {
    const { outputs } = await ask("create", passwords[0]);
    expect(outputs?.instance).toMatch(/^[0-9a-f]{12}@20/);
    await seen();
    const { Config, State } = await container.inspect();
    expect(await owned(container, folder)).toEqual({
      "exporter/": [0o700, 59000],
      "exporter/.applied": [0o600, 59000],
      "exporter/passwords.json": [0o600, 59000],
      "exporter/ca.crt": [0o600, 59000],
      "exporter/client.crt": [0o600, 59000],
      "exporter/client.key": [0o600, 59000],
    });
    const said = JSON.stringify(Config) + (await processOf(State.Pid));
    for (const password of passwords) expect(said).not.toContain(password);
  });

  it("start it again when they are others, and it logs in by what is new", async () => {
    const before = inputs(passwords[0]);
    const { outputs: first } = await ask("read", passwords[0]);
    const { outputs: second } = await ask("update", passwords[1], before);
    expect(second?.instance).not.toBe(first?.instance);
    await seen();
  });

  it("tell of a password that is wrong, by the node's name", async () => {
    await ask("update", "neither of them", inputs(passwords[1]));
    await expect(seen(3_000)).rejects.toThrow(
      /^the exporters of cache do not see their nodes: .*; still missing: cache-0: its exporter (does not reach it, or is not let in|cannot read it \(.*WRONGPASS.*\))$/,
    );
    await ask("update", passwords[1], inputs("neither of them"));
  });

  it("are noticed when it has been stopped", async () => {
    await container.stop({ t: 1 });
    expect(await ask("read", passwords[1])).toMatchObject({ outputs: { drift: "the program does not run" } });
    await ask("update", passwords[1], inputs(passwords[1]));
    await seen();
  });

  it("are given to a container that takes its place", async () => {
    await container.remove({ force: true });
    expect(await ask("read", passwords[1])).toEqual({ id: "" });
    const before = inputs(passwords[1]);
    container = await makeExporter();
    await ask("update", passwords[1], before);
    await seen();
  });
}, ["redis", "exporter"]);

/** Arguments and environment of a process, as every user of the machine, and as root, may read them. */
async function processOf(pid: number): Promise<string> {
  const files = ["cmdline", "environ"].map((name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => ""));
  return (await Promise.all(files)).join("\n");
}

/** Mode and owner of everything in a folder of a container. */
async function owned(container: Container, path: string): Promise<Record<string, [number, number]>> {
  const archive = await container.getArchive({ path });
  const found: Record<string, [number, number]> = {};
  for await (const entry of archive.pipe(extract())) {
    const { name, mode = 0, uid = 0 } = entry.header;
    found[name] = [mode & 0o777, uid];
    entry.resume();
  }
  return found;
}
