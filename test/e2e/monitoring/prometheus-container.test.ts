import { afterAll, beforeAll, expect, it } from "vitest";
import { docker, dockerTest, images } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** A Prometheus and an Alertmanager for development, beside a cache in Docker: `hearth:prometheus`. */

dockerTest("a Prometheus beside a cache in Docker", () => {
  let stack: TestStack;
  let url = "";
  let port = 0;
  const ask = async <T>(what: string): Promise<T> => {
    const answer = await fetch(`${url}/api/v1/${what}`);
    return ((await answer.json()) as { data: T }).data;
  };
  const watchers = async () => {
    const all = await docker.listContainers({ all: true, filters: { label: ["hearth.role=monitoring"] } });
    return all.filter(({ Labels }) => Labels["hearth.stack"] === stack.name);
  };

  beforeAll(async () => {
    port = await freePorts(2);
    const config = { ...(await dockerConfig()), topology: "sentinel", replicas: "1", warm: "off" };
    const programs = { prometheus: `${port}`, alertmanager: `${port + 1}` };
    const programImages = { prometheusImage: images.prometheus, alertmanagerImage: images.alertmanager };
    stack = await new TestStack({ ...config, ...programs, ...programImages }).init();
    await stack.up();
    url = ((await stack.outputs()) as unknown as { prometheusUrl: string }).prometheusUrl;
  });
  afterAll(() => stack?.end());

  it("scrapes every exporter, evaluates the rules, and tells Alertmanager", async () => {
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const labels = await until("every exporter is scraped", async () => {
      const { activeTargets } = await ask<{ activeTargets: { health: string; labels: { node: string } }[] }>("targets");
      const up = activeTargets.filter(({ health }) => health === "up");
      return up.length === 5 && up.map(({ labels }) => labels.node);
    });
    const sentinels = ["cache-sentinel-0", "cache-sentinel-1", "cache-sentinel-2"];
    expect(labels.toSorted()).toEqual(["cache-0", "cache-1", ...sentinels]);
    await until("every rule was evaluated", async () => {
      const { groups } = await ask<{ groups: { rules: { health: string; name: string }[] }[] }>("rules");
      const rules = groups.flatMap((group) => group.rules);
      return rules.some(({ name }) => name === "HearthQuorumLost") && rules.every(({ health }) => health === "ok");
    });
    const found = await until("an Alertmanager", async () => {
      const { activeAlertmanagers } = await ask<{ activeAlertmanagers: { url: string }[] }>("alertmanagers");
      return activeAlertmanagers.length > 0 && activeAlertmanagers;
    });
    expect(found).toEqual([{ url: `http://monitoring-alertmanager:${port + 1}/api/v2/alerts` }]);
    expect((await fetch(`http://127.0.0.1:${port + 1}/-/ready`)).status).toBe(200);
  });

  it("runs as nobody, with nothing that it could write but its volume, for this machine only", async () => {
    const found = await watchers();
    expect(found).toHaveLength(2);
    for (const { Id, Ports } of found) {
      const { Config, HostConfig } = await docker.getContainer(Id).inspect();
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        RestartPolicy: { Name: "unless-stopped" },
      });
      expect(Config.User).toBe("65534:65534");
      expect(new Set(Ports.filter(({ PublicPort }) => PublicPort).map(({ IP }) => IP))).toEqual(new Set(["127.0.0.1"]));
    }
  });

  it("a second update changes nothing, a refresh finds nothing, and without it they go", async () => {
    expect(await stack.up()).not.toMatch(/updated|created|deleted|replaced/);
    await stack.refresh();
    expect(await stack.up()).not.toMatch(/updated|created|deleted|replaced/);
    stack.set({ prometheus: undefined, alertmanager: undefined });
    await stack.up();
    expect(await watchers()).toEqual([]);
  });
}, ["redis", "exporter", "prometheus", "alertmanager"]);
