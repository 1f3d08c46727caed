import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { withConnection } from "../../../ops/connect.ts";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** Passwords are replaced while clients work: one that stays connected, one that connects anew for each request. */

describe.each([
  ["standalone", 1],
  ["sentinel", 3],
  ["cluster", 6],
] as const)("%s", (topology, count) => {
  let stack: TestStack;
  const load = { requests: 0, failures: [] as string[], stop: false };

  beforeAll(async () => {
    const port = await freePorts(count, { bus: topology === "cluster" });
    const sentinels: Record<string, string> = topology === "sentinel" ? { sentinelPort: `${await freePorts(3)}` } : {};
    stack = await new TestStack({ topology, port: `${port}`, warm: "off", ...sentinels }).init();
    await stack.up();
  });
  afterAll(() => stack.end());

  /** Writes and reads until it is stopped; `fresh`: a connection for each request. */
  async function work(endpoint: Endpoint, fresh: boolean): Promise<void> {
    let client = clientOf(endpoint);
    client.on("error", (error) => load.failures.push(String(error)));
    for (let round = 0; !load.stop; round++) {
      if (fresh) {
        client.disconnect();
        client = clientOf(endpoint);
        client.on("error", (error) => load.failures.push(String(error)));
      }
      try {
        await client.set(`k${round % 100}`, `${round}`);
        load.requests += 1;
      } catch (error) {
        load.failures.push(String(error));
      }
    }
    client.disconnect();
  }

  it("rotation replaces every generated password, and no request of a client fails", async () => {
    const before = await stack.passwords();
    const { endpoint } = await stack.outputs();
    Object.assign(load, { requests: 0, failures: [], stop: false });
    const working = [work(endpoint, false), work(endpoint, true)];
    await until("the load", async () => load.requests > 100);

    stack.set({ rotation: "2026-11" });
    const text = await stack.up();
    expect(text).not.toContain("restarting");
    const after = await stack.passwords();
    for (const [user, password] of Object.entries(after)) expect(password).not.toBe(Reflect.get(before, user));
    const seen = load.requests;
    await until("more requests with the old password", async () => load.requests > seen + 100);
    load.stop = true;
    await Promise.all(working);
    expect(load.failures).toEqual([]);
    console.log(`${topology}: ${load.requests} requests, 0 failed`);

    // The new one is let in, the old one still is.
    const { endpoint: renewed, nodes } = await stack.outputs();
    expect(renewed.password).toBe(after.app);
    for (const node of nodes) {
      for (const password of [before.app, after.app]) {
        const pong = await withConnection(node, { username: "app", password }, (connection) => connection.text("PING"));
        expect(pong).toBe("PONG");
      }
    }

    // The next update ends the old one, and the one after it has nothing to do.
    await stack.up();
    for (const node of nodes) {
      const old = withConnection(node, { username: "app", password: before.app }, (connection) =>
        connection.text("PING"),
      );
      await expect(old).rejects.toThrow("WRONGPASS");
    }
    expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
    const client = clientOf((await stack.outputs()).endpoint);
    expect(await client.set("k", "v")).toBe("OK");
    client.disconnect();
  });
});
