import { randomInt } from "node:crypto";
import Docker from "dockerode";
import { beforeAll, describe, it } from "vitest";
import { testLabel } from "./docker-leftovers.ts";
import { isGone } from "./docker-plugin/resource.ts";
import { isRequired } from "./required.ts";
import { until } from "./wait.ts";

/** The engine of the tests: DOCKER_HOST, else where it usually is. */
export const docker = new Docker();

/** Images that tests run. They are Debian's packages, or what the machine calls by these names. */
export const images = {
  /** The Redis of most tests. `HEARTH_TEST_IMAGE` names another, as `redis:7-alpine`. */
  redis: process.env.HEARTH_TEST_IMAGE || "hearth/redis:7.0",
  /** A later Redis, for upgrades. */
  redisNext: "hearth/redis:8.0",
  /** Without any redis-server. */
  valkey: "hearth/valkey:8.1",
  exporter: "hearth/redis-exporter:1.45",
  prometheus: "hearth/prometheus:2.42",
  alertmanager: "hearth/alertmanager:0.25",
  postgres: "hearth/postgres:15",
  /** Node 24, for what runs in a container on the nodes' network. */
  node: "hearth/node:24",
} as const;
export type ImageName = keyof typeof images;

/** Why there is no Docker for tests here; undefined where there is. */
export const whyNoDocker = await askEngine();

async function askEngine(): Promise<string | undefined> {
  try {
    // An engine that hangs is none.
    await (docker.ping as (options: object) => Promise<unknown>)({ abortSignal: AbortSignal.timeout(10_000) });
    return undefined;
  } catch (error) {
    return (
      process.env.HEARTH_NO_DOCKER || `no Docker engine answers: ${error instanceof Error ? error.message : error}`
    );
  }
}

/**
 * `describe` for tests that need Docker and these images. Without Docker they are skipped by name, or fail where
 * HEARTH_REQUIRE says docker. Images that are missing are built first, once for all test files.
 */
export function dockerTest(name: string, body: () => void, needed: readonly ImageName[] = ["redis"]): void {
  if (isRequired("docker") && whyNoDocker !== undefined) {
    describe(name, () => {
      it("has Docker", () => {
        throw new Error(`HEARTH_REQUIRE=${process.env.HEARTH_REQUIRE}, but ${whyNoDocker}`);
      });
    });
    return;
  }
  const title = whyNoDocker === undefined ? name : `${name} (skipped: ${whyNoDocker})`;
  describe.skipIf(whyNoDocker !== undefined)(title, () => {
    beforeAll(() => ready(...needed), 900_000);
    body();
  });
}

/** Waits until the engine has these images; builds those that it lacks. */
export async function ready(...needed: readonly ImageName[]): Promise<void> {
  const missing: string[] = [];
  for (const name of needed) if (!(await hasImage(images[name]))) missing.push(images[name]);
  if (missing.length === 0) return;
  const { testImages } = await import("../../scripts/bootstrap/test-images.mjs");
  await testImages(missing);
}

async function hasImage(name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Labels, as Docker's API takes them, of what tests make by hand: by these it is removed when they are killed. */
export const testLabels = { [testLabel]: String(process.pid) };

/** A name that no other test has. */
export function uniqueName(what: string): string {
  return `${what}-${process.pid.toString(36)}${randomInt(36 ** 4).toString(36)}`;
}

/** A /24 that none of the engine's networks has, and its first three numbers: `10.251.7`. */
export async function freeSubnet(): Promise<{ subnet: string; prefix: string }> {
  const taken = (await docker.listNetworks()).flatMap(({ IPAM }) => IPAM?.Config?.map(({ Subnet }) => Subnet) ?? []);
  return until("a free subnet", async () => {
    const prefix = `10.${randomInt(250, 255)}.${randomInt(256)}`;
    return !taken.includes(`${prefix}.0/24`) && { prefix, subnet: `${prefix}.0/24` };
  });
}

/** Removes containers, then networks and volumes, with this label; those that are gone meanwhile are no matter. */
export async function removeLabelled(label: string): Promise<void> {
  const filters = { label: [label] };
  const gone = (error: unknown) => {
    if (!isGone(error)) throw error;
  };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true }).catch(gone);
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove().catch(gone);
  const { Volumes } = await docker.listVolumes({ filters });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove().catch(gone);
}
