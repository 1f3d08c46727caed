import { describe, expect, it } from "vitest";
import { Monitoring, RedisStandalone } from "../../infra/index.ts";
import { registered, resolved } from "../support/mocks.ts";

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
});
