import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exporterAddresses, exporterCommand, exporterFiles, planExporters } from "../../../infra/plan/exporters.ts";
import { scrapeConfigOf } from "../../../infra/plan/monitoring/scrape-config.ts";
import { type Plain, yaml } from "../../../infra/plan/monitoring/yaml.ts";
import { planCluster, planSentinel } from "../../../infra/plan/topology.ts";

const address = { host: "10.201.7.10", port: 6379 };

describe("exporters", () => {
  it("watch every node and every sentinel, each on a port of its own", () => {
    const exporters = planExporters(planSentinel("cache", { replicas: 1 }));
    expect(exporters.map(({ name, node, kind, port }) => [name, node, kind, port])).toEqual([
      ["cache-0-exporter", "cache-0", "redis", 9121],
      ["cache-1-exporter", "cache-1", "redis", 9122],
      ["cache-sentinel-0-exporter", "cache-sentinel-0", "sentinel", 9123],
      ["cache-sentinel-1-exporter", "cache-sentinel-1", "sentinel", 9124],
      ["cache-sentinel-2-exporter", "cache-sentinel-2", "sentinel", 9125],
    ]);
  });

  it("are told everything but the password", () => {
    expect(exporterCommand(9121, { address, tls: false, mutual: false }, "/hearth/exporter")).toEqual([
      "--redis.addr=redis://10.201.7.10:6379",
      "--redis.user=exporter",
      "--redis.password-file=/hearth/exporter/passwords.json",
      "--config-command=-",
      "--include-system-metrics",
      "--connection-timeout=5s",
      "--web.listen-address=:9121",
    ]);
  });

  it("verify TLS by the topology's authority, and show a certificate only where one is asked for", () => {
    const own = (mutual: boolean) => exporterCommand(9122, { address, tls: true, mutual }, "/f").slice(-4);
    expect(own(false)).toEqual([
      "--connection-timeout=5s",
      "--web.listen-address=:9122",
      "--skip-tls-verification=false",
      "--tls-ca-cert-file=/f/ca.crt",
    ]);
    expect(own(true)).toEqual([
      "--skip-tls-verification=false",
      "--tls-ca-cert-file=/f/ca.crt",
      "--tls-client-cert-file=/f/client.crt",
      "--tls-client-key-file=/f/client.key",
    ]);
  });

  it("find their password by the address with and without the user", () => {
    const { "passwords.json": plain, ...none } = exporterFiles(address, 'a"b\\c');
    expect(JSON.parse(plain ?? "")).toEqual({
      "redis://10.201.7.10:6379": 'a"b\\c',
      "redis://exporter@10.201.7.10:6379": 'a"b\\c',
    });
    expect(none).toEqual({ "ca.crt": "", "client.crt": "", "client.key": "" });
    const { "passwords.json": encrypted, ...pem } = exporterFiles(address, "p", { ca: "A", cert: "C", key: "K" });
    expect(Object.keys(JSON.parse(encrypted ?? ""))).toContain("rediss://exporter@10.201.7.10:6379");
    expect(pem).toEqual({ "ca.crt": "A", "client.crt": "C", "client.key": "K" });
  });
});

describe("the scrape configuration", () => {
  it("has a target for every exporter, with labels that a failover leaves true", () => {
    const plan = planCluster("cache", {});
    const addresses = plan.nodes.map((_, index) => `10.0.0.${110 + index}`);
    const config = scrapeConfigOf("hearth/dev", plan, exporterAddresses(planExporters(plan), addresses));
    if (!config) throw new Error("there is none");
    expect(config.targets).toHaveLength(6);
    expect(config.targets[5]).toEqual({
      target: "10.0.0.115:9126",
      labels: { stack: "hearth/dev", cache: "cache", topology: "cluster", node: "cache-5", kind: "redis" },
    });
    expect(config.yaml.split("\n").slice(0, 12).join("\n")).toBe(`scrape_configs:
  - job_name: hearth/dev/cache
    scrape_interval: 15s
    static_configs:
      - targets:
          - "10.0.0.110:9121"
        labels:
          stack: hearth/dev
          cache: cache
          topology: cluster
          node: cache-0
          kind: redis`);
    expect(parse(config.yaml).scrape_configs[0].static_configs).toEqual(
      config.targets.map(({ target, labels }) => ({ targets: [target], labels })),
    );
  });
});

it("an exporter that is published is asked where it is published; without exporters there is nothing to ask", () => {
  const plan = planCluster("cache", {});
  const published = exporterAddresses(planExporters(plan), [], "192.0.2.1");
  expect(scrapeConfigOf("hearth/dev", plan, published)?.targets[1]?.target).toBe("192.0.2.1:9122");
  expect(scrapeConfigOf("hearth/dev", plan, [])).toBeUndefined();
});

describe("YAML", () => {
  it("is read back as what it was", () => {
    const { value } = fc.letrec<{ value: Plain }>((tie) => ({
      value: fc.oneof(
        fc.string(),
        fc.constantFrom(
          "no",
          "null",
          "15s",
          "1:30",
          "1e3",
          "0x1f",
          "~",
          "a: b",
          "- c",
          "# d",
          "2026-01-01",
          "x\n  y\n\nz",
          "a b ",
        ),
        fc.integer(),
        fc.boolean(),
        fc.array(tie("value")),
        fc.dictionary(fc.string(), tie("value")),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), value), (data) => {
        expect(parse(yaml(data))).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});
