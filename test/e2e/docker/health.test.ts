import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { dockerTest } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { complaints } from "../../support/health.ts";
import { hearth, startHearth } from "../../support/hearth.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import { settingsOf } from "../conformance/topologies.ts";

/** `hearth check` and `serve-health` of containers: in their own network, and by published ports with a natMap. */

dockerTest("health in Docker", () => {
  describe.each(["sentinel", "cluster"] as const)("%s", (topology) => {
    let stack: TestStack;
    let endpoints: { inside: Endpoint; published: Endpoint };

    beforeAll(async () => {
      const config = { ...(await settingsOf(topology)), ...(await dockerConfig()), persistence: "none" };
      stack = await new TestStack({ ...config, warm: "off", publish: "true", exporters: "false" }).init();
      await stack.up();
      const { endpoint, published } = (await stack.outputs()) as unknown as { endpoint: Endpoint; published: Endpoint };
      endpoints = { inside: endpoint, published };
    });
    afterAll(() => stack?.end());

    it.each(["inside", "published"] as const)("%s: every server answers, and all is well", async (way) => {
      const endpoint = endpoints[way];
      const { stdout } = await hearth(["check", "--json", "--hit-window", "1"], JSON.stringify(endpoint));
      const { findings, servers } = JSON.parse(stdout);
      // How long an answer takes is the machine's doing.
      expect(complaints({ findings }).filter((text) => !text.includes("to answer PING"))).toEqual([]);
      expect(servers).toHaveLength(6);
      // By the way in that the endpoint names, whatever the servers call themselves.
      const announced = Object.keys("natMap" in endpoints.published ? (endpoints.published.natMap ?? {}) : {});
      expect(announced.length).toBeGreaterThanOrEqual(topology === "cluster" ? 6 : 3);
      for (const name of announced) expect(stdout.includes(`"${name}"`), name).toBe(way === "inside");
    });

    it("serve-health, by the published ports", async () => {
      const running = startHearth(["serve-health", "--port", "0"], JSON.stringify(endpoints.published));
      try {
        const base = await until("it listens", async () => /http:\/\/\S+:\d+/.exec(running.said.stdout)?.[0]);
        const answer = await fetch(`${base}/health/cache`);
        const { cache, problems = [] } = (await answer.json()) as { cache: object; problems?: unknown[] };
        expect(cache).toMatchObject({ connected: true });
        expect(answer.status).toBe(problems.length === 0 ? 200 : 503);
      } finally {
        running.child.kill("SIGKILL");
        await running.ended;
      }
    });
  });
});
