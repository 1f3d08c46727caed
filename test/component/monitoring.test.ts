import { describe, expect, it, vi } from "vitest";
import { Monitoring, type MonitoringArgs, RedisStandalone } from "../../infra/index.ts";
import { type Registered, registered, registeredInOrder, resolved } from "../support/mocks.ts";

describe("Monitoring", () => {
  it("without a folder is outputs alone; with one, files of them", async () => {
    let files: Record<string, string> = {};
    const made = await registered(async () => {
      const cache = new RedisStandalone("cache");
      new Monitoring("outputs", { cache });
      const monitoring = new Monitoring("monitoring", {
        cache,
        directory: "watch",
        thresholds: { memoryWarning: 0.7 },
        lasting: { HearthNodeDown: "2 minutes" },
      });
      files = await resolved(monitoring.files);
    });
    const own = made.filter(({ name }) => /^(outputs|monitoring)/.test(name));
    expect(own.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "hearth:index:Monitoring monitoring",
      "pulumi-nodejs:dynamic/hearth:MonitoringFiles monitoring-files",
      "hearth:index:Monitoring outputs",
    ]);
    expect(own[1]?.inputs).toEqual({ operation: "monitoring-files", name: "monitoring", directory: "watch", files });
    // The local target has no exporters: there is nothing to scrape.
    expect(Object.keys(files).slice(0, 3)).toEqual([
      "prometheus.yml",
      "rules.yml",
      expect.stringMatching(/^dashboards\//),
    ]);
    expect(files["rules.yml"]).toContain("> 0.7");
    expect(files["rules.yml"]).toMatch(/alert: HearthNodeDown\n +expr: .*\n +for: 120s\n/);
    expect(files["rules.yml"]).not.toContain("HearthCertificateExpires");
  });

  it("knows when certificates end", async () => {
    let rules = "";
    await registered(async () => {
      const monitoring = new Monitoring("monitoring", { cache: new RedisStandalone("cache", { tls: "generated" }) });
      ({ yaml: rules } = await resolved(monitoring.rules));
    });
    expect(rules).toContain("vector(1830297600) - time() < 1209600");
  });

  it("refuses all that is wrong with its arguments before it is registered", async () => {
    const made = await registered(() => {
      const cache = new RedisStandalone("cache");
      const thresholds = { memoryWarnin: 1, hitRatioLow: 70, snapshotAge: -1 } as object;
      const lasting = { HearthNodeDwn: "1 minute", HearthMemoryHigh: "5", HearthRewarmOverdue: "1 minute" };
      expect(() => new Monitoring("monitoring", { cache, directory: "", thresholds, lasting })).toThrow(
        /^6 problems with Monitoring "monitoring":\n - thresholds.memoryWarnin: is not a threshold: there are memoryWarning, .*; did you mean "memoryWarning"\?\n - thresholds.hitRatioLow: 70 is not possible: write a share from 0 to 1, such as 0.8\n - thresholds.snapshotAge: -1 is not possible: write a number from 0 up\n - lasting.HearthNodeDwn: is no alert of this deployment: there are HearthExporterDown, .*; did you mean "HearthNodeDown"\?\n - lasting.HearthMemoryHigh: "5" is not a time: write .*; did you mean "5 seconds" or "5 ms"\?\n - directory: is empty: write a folder such as "monitoring", or leave it out$/,
      );
    });
    expect(made.filter(({ type }) => type.includes("Monitoring"))).toEqual([]);
  });

  it("refuses what belongs to another target", async () => {
    await registered(() => {
      const cache = new RedisStandalone("cache");
      expect(() => new Monitoring("monitoring", { cache, prometheus: true, kubernetes: {} })).toThrow(
        /^2 problems with Monitoring "monitoring":\n - prometheus: runs beside a cache on Docker: .*\n - kubernetes: makes objects beside a cache on Kubernetes, and this one is elsewhere: leave it out$/,
      );
    });
  });

  it("beside a cache on Docker, Prometheus and Alertmanager run in containers of their own", async () => {
    vi.stubEnv("DOCKER_HOST", "unix:///run/engine.sock");
    let url: string | undefined;
    const made = await registered(async () => {
      const cache = new RedisStandalone("cache", { target: "docker", docker: { subnet: "10.201.7.0/24" } });
      const monitoring = new Monitoring("monitoring", { cache, prometheus: { port: 9191, alertmanager: true } });
      url = await resolved(monitoring.prometheusUrl);
    });
    vi.unstubAllEnvs();
    expect(url).toBe("http://127.0.0.1:9191");
    const own = made.filter(({ name }) => name.startsWith("monitoring"));
    expect(own.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)).toEqual([
      "Monitoring monitoring",
      "Container monitoring-alertmanager",
      "Volume monitoring-alertmanager-files",
      "RemoteImage monitoring-alertmanager-image",
      "ContainerFiles monitoring-alertmanager-server",
      "Container monitoring-prometheus",
      "Volume monitoring-prometheus-files",
      "RemoteImage monitoring-prometheus-image",
      "ContainerFiles monitoring-prometheus-server",
    ]);
    const inputs = own.find(({ name }) => name === "monitoring-prometheus")?.inputs;
    expect(inputs).toMatchObject({
      ...{ readOnly: true, user: "65534:65534", capabilities: { drops: ["ALL"] }, start: false, mustRun: false },
      ports: [{ internal: 9191, external: 9191, ip: "127.0.0.1" }],
    });
    const { files } = (own.at(-1) as Registered).inputs as { files: Record<string, string> };
    expect(files["prometheus.yml"]).toContain("10.201.7.100:9121");
    expect(files["rules.yml"]).toContain("alert: HearthNodeDown");
  });

  describe("beside a cache on Kubernetes", () => {
    const objects = async (kinds: readonly string[], args: MonitoringArgs["kubernetes"], serviceMonitor = false) => {
      const made = await registeredInOrder(
        () => {
          const cache = new RedisStandalone("cache", { target: "kubernetes", kubernetes: { serviceMonitor } });
          new Monitoring("monitoring", { cache, ...(args && { kubernetes: args }) });
        },
        { MonitoringKinds: { kinds } },
      );
      return made.filter(({ name }) => name.startsWith("monitoring-"));
    };
    const named = (made: readonly Registered[]) =>
      made.map(({ name, inputs }) => `${inputs.kind ?? ""} ${name}`).toSorted();
    const dashboards = ["latency", "overview", "warming"].map((name) => `ConfigMap monitoring-cache-dashboard-${name}`);

    it("rules and scraping come where the cluster knows their kinds", async () => {
      const operator = [" monitoring-kinds", ...dashboards];
      expect(named(await objects([], undefined))).toEqual(operator);
      const all = await objects(["PrometheusRule", "ServiceMonitor"], undefined);
      expect(named(all)).toEqual([
        ...operator,
        "PrometheusRule monitoring-rules",
        "ServiceMonitor monitoring-scraping",
      ]);
      const rules = all.find(({ name }) => name === "monitoring-rules")?.inputs as { spec: { groups: object[] } };
      expect(rules.spec.groups).toHaveLength(2);
    });

    it("what is asked for is made, whatever the cluster knows; what is not is not", async () => {
      const asked = { prometheusRule: true, serviceMonitor: false, dashboards: false };
      expect(named(await objects([], asked))).toEqual(["PrometheusRule monitoring-rules"]);
      // The cache has made one.
      const kinds = ["PrometheusRule", "ServiceMonitor"];
      expect(named(await objects(kinds, { dashboards: false }, true))).toEqual([
        " monitoring-kinds",
        "PrometheusRule monitoring-rules",
      ]);
    });

    it("refuses what makes no object", async () => {
      await registered(() => {
        const cache = new RedisStandalone("cache", { target: "kubernetes" });
        const kubernetes = { prometheusRule: "yes", labels: { "a b": "c" }, namespace: "My" } as never;
        expect(() => new Monitoring("monitoring", { cache, kubernetes })).toThrow(
          /^3 problems .*\n - kubernetes.prometheusRule: "yes" is not possible: write true, false or "auto"\n - kubernetes.namespace: "My" is not a name: .*\n - kubernetes.labels.a b: "c" makes no label: /,
        );
      });
    });
  });
});
