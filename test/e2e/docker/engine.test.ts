import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder, findProgram, prependPath } from "../../../scripts/bootstrap/paths.mjs";
import { dockerTest } from "../../support/docker.ts";
import { mayRunEngine } from "../../support/private-engine.ts";
import { finished } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

const module = resolve(import.meta.dirname, "../../../scripts/bootstrap/docker-engine.mjs");
/** A test run: has an engine until its stdin ends. */
const program = `
  const { dockerEngine } = await import(${JSON.stringify(module)});
  const { said, why, stop } = await dockerEngine();
  console.log(said ?? why);
  for await (const _ of process.stdin);
  await stop();`;

// Beside an engine that answers, at another socket: as where none does.
dockerTest("the engine that npm test starts", () => {
  describe.skipIf(!mayRunEngine)(mayRunEngine ? "as root" : "as root (skipped: no dockerd, or not root)", () => {
    const cache = mkdtempSync(join(tmpdir(), "hearth-cache-"));
    const socketPath = join(cache, "docker.sock");
    const answers = () => new Docker({ socketPath }).ping().then(String, () => undefined);

    beforeAll(() => {
      const dockerd = findProgram("dockerd", prependPath([join(cacheFolder(), "docker", "bin")])) ?? "";
      mkdirSync(join(cache, "docker"));
      symlinkSync(dirname(dockerd), join(cache, "docker", "bin"));
    });
    afterAll(() => rmSync(cache, { recursive: true, force: true }));

    /** `has`: it has said what engine it has. */
    function start(host = `unix://${socketPath}`) {
      const env = { ...process.env, HEARTH_CACHE: cache, DOCKER_HOST: host };
      const run = spawn(process.execPath, ["--input-type=module", "-e", program], { env, stdio: "pipe" });
      const has = new Promise((done) => run.stdout.once("data", done));
      return { run, has, ended: finished(run) };
    }

    it("serves two runs at once, and is stopped by the last", async () => {
      const [one, other] = [start(), start()];
      await Promise.all([one, other].map(({ has }) => has));
      one.run.stdin?.end();
      expect((await one.ended).text).toMatch(/Docker \d+\.\d+\.\d+.*, our own at unix:/);
      expect(await answers()).toBe("OK");
      other.run.stdin?.end();
      expect(await other.ended).toMatchObject({ code: 0, text: expect.stringContaining("our own") });
      expect(await answers()).toBeUndefined();
    });

    it("that a killed run left is used and stopped by the next", async () => {
      const killed = start();
      await until("the engine answers", answers, 60_000);
      killed.run.kill("SIGKILL");
      await killed.ended;
      expect(await answers()).toBe("OK");
      const next = start();
      next.run.stdin?.end();
      expect(await next.ended).toMatchObject({ code: 0, text: expect.stringContaining("our own") });
      expect(await answers()).toBeUndefined();
    });

    it("is not started in place of one elsewhere", async () => {
      const { run, ended } = start("tcp://127.0.0.1:1");
      run.stdin?.end();
      expect((await ended).text).toBe("no Docker engine answers at DOCKER_HOST=tcp://127.0.0.1:1\n");
    });
  });
}, []);
