import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Member } from "../../../contract/nodes.ts";
import { monitoringRules } from "../../../infra/plan/monitoring/rules.ts";
import { planCluster, planSentinel } from "../../../infra/plan/topology.ts";
import { withConnection } from "../../../ops/connect.ts";
import { docker, dockerTest } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** Exporters of a deployment: each sees its node, nobody sees their password, and Prometheus finds them. */

const whyNoPrometheus =
  spawnSync("prometheus", ["--version"]).error && "no prometheus on the PATH (Debian: prometheus)";

interface Target {
  readonly target: string;
  readonly labels: { readonly stack: string; readonly node: string; readonly kind: string };
}

const figures = {
  redis: ["redis_up 1", "redis_memory_max_bytes ", "redis_instance_info{", "redis_keyspace_hits_total "],
  sentinel: ["redis_up 1", "redis_sentinel_masters 1", "redis_sentinel_master_ckquorum_status{"],
} as const;

dockerTest("exporters in Docker", () => {
  describe.each([
    ["sentinel", { tls: "generated", mutualTls: "true", replicas: "1" }],
    ["cluster", {}],
  ] as const)("%s", (topology, settings) => {
    let stack: TestStack;
    let nodes: Member[];
    let scrapeConfig: string;

    const targets = (): Target[] =>
      parse(scrapeConfig).scrape_configs[0].static_configs.map(
        ({ targets: [target], labels }: { targets: string[]; labels: Target["labels"] }) => ({ target, labels }),
      );
    const metricsOf = async ({ target }: Target) => (await fetch(`http://${target}/metrics`)).text();
    const read = async () => {
      ({ nodes, scrapeConfig } = (await stack.outputs()) as unknown as {
        nodes: Member[];
        scrapeConfig: string;
      });
    };
    const containers = async () => {
      const labels = targets().map(({ labels: { node } }) => `hearth.node=${node}`);
      const all = await docker.listContainers({ all: true, filters: { label: ["hearth.role=exporter"] } });
      const subnets = targets().map(({ target }) => target.split(":")[0]);
      return all.filter(
        ({ Labels, NetworkSettings }) =>
          labels.includes(`hearth.node=${Labels["hearth.node"]}`) &&
          Object.values(NetworkSettings.Networks).some(({ IPAddress }) => subnets.includes(IPAddress)),
      );
    };

    beforeAll(async () => {
      stack = await new TestStack({ topology, warm: "off", ...settings, ...(await dockerConfig()) }).init();
      await stack.up();
      await read();
    });
    afterAll(() => stack?.end());

    it("there is one for every node and sentinel, and each sees its own", async () => {
      expect(targets().map(({ labels }) => labels.node)).toEqual(nodes.map(({ name }) => name));
      for (const target of targets()) {
        const metrics = await metricsOf(target);
        for (const figure of figures[target.labels.kind as keyof typeof figures]) {
          expect.soft(metrics.includes(`\n${figure}`), `${figure} of ${target.labels.node}`).toBe(true);
        }
      }
      if (topology === "cluster") {
        const [first] = targets();
        if (first) expect(await metricsOf(first)).toMatch(/\nredis_cluster_slots_assigned 16384\n/);
      }
    });

    it("nothing that they ask is refused", async () => {
      const { operator: password = "" } = await stack.passwords();
      const { tls } = (await stack.outputs()).endpoint;
      for (const node of nodes) {
        const login = { username: "operator", password, ...(tls && { tls }) };
        const log = await withConnection(node, login, (connection) => connection.call("ACL", "LOG"));
        expect.soft(JSON.stringify(log), node.name).toBe("[]");
      }
    });

    it("their password is in no container's description, arguments or environment", async () => {
      const { exporter: password = "none" } = await stack.passwords();
      const found = await containers();
      expect(found).toHaveLength(nodes.length);
      for (const { Id } of found) {
        const info = await docker.getContainer(Id).inspect();
        const read = (name: string) => readFile(`/proc/${info.State.Pid}/${name}`, "utf8").catch(() => "");
        const said = JSON.stringify(info) + (await read("cmdline")) + (await read("environ"));
        expect(said).toContain("--redis.user=exporter");
        expect(said.includes(password), info.Name).toBe(false);
        expect(info.HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], Memory: 64 * 1024 * 1024 });
        expect(info.Config.User).toBe("59000:59000");
      }
    });

    it.skipIf(whyNoPrometheus)("Prometheus scrapes all of them, and its rules have no complaint", async () => {
      stack.write("prometheus.yml", `${scrapeConfig}rule_files: [rules.yml]\n`);
      const plan = topology === "sentinel" ? planSentinel("cache", { replicas: 1 }) : planCluster("cache");
      stack.write("rules.yml", monitoringRules({ stack: targets()[0]?.labels.stack ?? "", plan }).yaml);
      const prometheus = await Prometheus.start(stack.folder);
      try {
        await until("all targets are up", async () => {
          const { activeTargets } = await prometheus.ask<{ activeTargets: { health: string }[] }>("targets");
          return activeTargets.length === nodes.length && activeTargets.every(({ health }) => health === "up");
        });
        // Each of them was tried, once all figures were there, and not even waits for its time.
        await until("no rule has anything to tell", async () => {
          const { groups } = await prometheus.ask<{ groups: { rules: Rule[] }[] }>("rules");
          const rules = groups.flatMap((group) => group.rules);
          const told = rules.filter(({ health, state = "inactive" }) => health !== "ok" || state !== "inactive");
          if (told.length > 0)
            throw new Error(told.map(({ name, health, state }) => `${name}: ${health}, ${state}`).join("; "));
          return rules.length > 0;
        });
      } finally {
        await prometheus.end();
      }
    });

    it("a rotation gives them the new password, and they still see their nodes", async () => {
      const before = await stack.passwords();
      stack.set({ rotation: "another" });
      await stack.up();
      expect((await stack.passwords()).exporter).not.toBe(before.exporter);
      for (const target of targets()) expect.soft(await metricsOf(target)).toMatch(/\nredis_up 1\n/);
      await stack.up(); // the old password ends
      for (const target of targets()) expect.soft(await metricsOf(target)).toMatch(/\nredis_up 1\n/);
    });
  });
}, ["redis", "exporter"]);

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state?: string;
}

/** A real Prometheus with the configuration of a folder. */
class Prometheus {
  readonly #process: ChildProcess;
  readonly #port: number;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.#port = port;
  }

  static async start(folder: string): Promise<Prometheus> {
    const port = await freePorts(1);
    const options = [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "prometheus")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    return new Prometheus(spawn("prometheus", options, { stdio: "ignore" }), port);
  }

  async ask<T>(what: string): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/api/v1/${what}`);
    return ((await answer.json()) as { data: T }).data;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.kill()) await once(this.#process, "exit");
  }
}
