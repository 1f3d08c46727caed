import * as docker from "@pulumi/docker";
import { secret } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { LocalHost } from "../../infra/operations/local-host.ts";
import { planExporters } from "../../infra/plan/exporters.ts";
import type { Secrets } from "../../infra/plan/secrets.ts";
import { planStandalone } from "../../infra/plan/topology.ts";
import { deployExporter, type ExporterDeployment } from "../../infra/targets/exporter.ts";
import { registered } from "../support/mocks.ts";

/** The resources of one exporter, by their names. */
async function made(more: Partial<ExporterDeployment> = {}) {
  const [exporter] = planExporters(planStandalone("cache"));
  if (!exporter) throw new Error("no exporter was planned");
  const resources = await registered(() => {
    const after = new LocalHost("node", { name: "node", topology: "standalone", directory: "d", ports: [], asked: [] });
    return deployExporter({
      docker,
      exporter,
      name: "hearth-test-cache-0-exporter",
      watched: { host: "10.201.7.10", port: 6379 },
      address: "10.201.7.110",
      network: "hearth-test-cache",
      image: "sha256:abc",
      engine: {},
      labels: { "hearth.node": "cache-0" },
      secrets: secret<Secrets>({ passwords: { exporter: "not for the eye" } }),
      options: {},
      after,
      ...more,
    });
  });
  return Object.fromEntries(resources.map((resource) => [resource.name, resource]));
}

const labels = [{ label: "hearth.node", value: "cache-0" }];

describe("an exporter on Docker", () => {
  it("is a hardened container that is not started, a volume, and the files that start it", async () => {
    const { node: _, ...own } = await made();
    expect(Object.entries(own).map(([name, { type }]) => [name, type])).toEqual([
      ["cache-0-exporter", "docker:index/container:Container"],
      ["cache-0-exporter-files", "docker:index/volume:Volume"],
      ["cache-0-exporter-server", "pulumi-nodejs:dynamic/hearth:ContainerFiles"],
    ]);
    expect(own["cache-0-exporter"]?.inputs).toEqual({
      name: "hearth-test-cache-0-exporter",
      hostname: "cache-0-exporter",
      image: "sha256:abc",
      command: [
        "--redis.addr=redis://10.201.7.10:6379",
        "--redis.user=exporter",
        "--redis.password-file=/hearth/exporter/passwords.json",
        "--config-command=-",
        "--include-system-metrics",
        "--connection-timeout=5s",
        "--web.listen-address=:9121",
      ],
      start: false,
      mustRun: false,
      restart: "unless-stopped",
      user: "59000:59000",
      readOnly: true,
      privileged: false,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      ulimits: [
        { name: "nofile", soft: 65535, hard: 65535 },
        { name: "core", soft: 0, hard: 0 },
      ],
      memory: 64,
      memorySwap: 64,
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      labels,
      mounts: [{ type: "volume", source: "hearth-test-cache-0-exporter-files", target: "/hearth" }],
      networkMode: "bridge",
      networksAdvanced: [{ name: "hearth-test-cache", ipv4Address: "10.201.7.110", aliases: ["cache-0-exporter"] }],
      stopTimeout: 5,
      destroyGraceSeconds: 5,
    });
    expect(own["cache-0-exporter-files"]?.inputs).toEqual({
      name: "hearth-test-cache-0-exporter-files",
      driver: "local",
      labels,
    });
  });

  it("has its password in a secret file alone", async () => {
    const { "cache-0-exporter-server": started, ...others } = await made();
    expect(JSON.stringify(others)).not.toContain("not for the eye");
    const { files, ...plain } = started?.inputs ?? {};
    expect(plain).toMatchObject({
      container: "hearth-test-cache-0-exporter",
      containerId: "cache-0-exporter-id",
      folder: "/hearth/exporter",
      owner: { uid: 59000, gid: 59000 },
    });
    expect(JSON.stringify(plain)).not.toContain("not for the eye");
    const { value } = files as { value: Record<string, string> };
    expect(Object.keys(files as object)).toContain("4dabf18193072939515e22adb298388d"); // a secret's envelope
    expect(value["client.key"]).toBe("");
    expect(value["passwords.json"]).toContain("not for the eye");
  });

  it("verifies TLS, runs as another user, and is published where that is asked for", async () => {
    const client = secret({ ca: "AUTHORITY", cert: "CERTIFICATE", key: "KEY" });
    const own = await made({ tls: { client, mutual: true }, owner: { uid: 7, gid: 8 }, publish: "127.0.0.1" });
    const { command, user, ports } = own["cache-0-exporter"]?.inputs ?? {};
    expect(command).toContain("--redis.addr=rediss://10.201.7.10:6379");
    expect(command).toContain("--tls-client-key-file=/hearth/exporter/client.key");
    expect(user).toBe("7:8");
    expect(ports).toEqual([{ internal: 9121, external: 9121, ip: "127.0.0.1", protocol: "tcp" }]);
    const { files } = own["cache-0-exporter-server"]?.inputs ?? {};
    expect((files as { value: Record<string, string> }).value).toMatchObject({
      "ca.crt": "AUTHORITY",
      "client.crt": "CERTIFICATE",
      "client.key": "KEY",
    });
  });
});
