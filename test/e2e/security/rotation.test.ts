import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { Member } from "../../../contract/nodes.ts";
import { withConnection } from "../../../ops/connect.ts";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { pidOf } from "../../support/processes.ts";
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
    const more: Record<string, string> = {
      ...(topology === "sentinel" && { sentinelPort: `${await freePorts(3)}`, downAfter: "2 seconds" }),
      ...(topology === "cluster" && { nodeTimeout: "2 seconds" }),
    };
    stack = await new TestStack({ topology, port: `${port}`, warm: "off", ...more }).init();
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

  it.runIf(topology !== "standalone")(
    "a failover after it: servers log in to each other with the new ones",
    async () => {
      const { endpoint, nodes } = await stack.outputs();
      const data = nodes.filter(({ role }) => role !== "sentinel");
      const { operator: password } = await stack.passwords();
      const ask = async (node: Member, ...[command, ...args]: [string, ...string[]]) =>
        withConnection(node, { username: "operator", password }, (connection) => connection.call(command, ...args));
      // On a busy machine there may have been a failover already: the one to kill is who is primary now.
      const known = await Promise.all(data.map(async (node) => ((await ask(node, "ROLE")) as unknown[])[0]));
      const killed = data[known.indexOf("master")] as Member;
      const others = data.filter((node) => node !== killed);
      const roles = async () => Promise.all(others.map((node) => ask(node, "ROLE") as Promise<unknown[]>));
      await until("every replica has every key", async () => {
        const sizes = new Map(
          await Promise.all(data.map(async (node) => [node.port, await ask(node, "DBSIZE")] as const)),
        );
        const copies = (await roles()).map(([, , port], index) => [sizes.get(others[index]?.port ?? 0), port] as const);
        return copies.every(([size, port]) => typeof port !== "number" || size === sizes.get(port));
      });
      const primaries = (found: unknown[][]) => found.filter(([role]) => role === "master").length;
      const before = primaries(await roles());

      for (const node of nodes) await ask(node, "ACL", "LOG", "RESET");

      process.kill(pidOf(stack.directory, killed.name), "SIGKILL");
      await until("another primary", async () => primaries(await roles()) === before + 1);
      await until("writes are taken again", async () => {
        const client = clientOf(endpoint);
        client.on("error", () => {}); // tried again
        const answers = Array.from({ length: 100 }, (_, index) => client.set(`k${index}`, "after"));
        return Promise.all(answers).finally(() => client.disconnect());
      });
      expect(await stack.refresh()).toMatch(/1 deleted/);
      await stack.up();
      await until("the killed one follows", async () => {
        const [role, , , link] = (await ask(killed, "ROLE")) as unknown[];
        return role === "slave" && link === "connected";
      });
      expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
      // No server tried an old one on the way.
      for (const node of nodes) {
        const log = (await ask(node, "ACL", "LOG")) as unknown[][];
        const entries = log.map((entry) => entry.slice(0, 12).join(" "));
        expect
          .soft(
            entries.filter((entry) => /username (replication|sentinel)/.test(entry)),
            node.name,
          )
          .toEqual([]);
      }
    },
  );
});
