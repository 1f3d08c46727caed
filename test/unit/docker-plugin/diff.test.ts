import { expect, it } from "vitest";
import { difference } from "../../support/docker-plugin/diff.ts";
import type { Kind } from "../../support/docker-plugin/shapes.ts";
import type { Props } from "../../support/plugin-values.ts";

/** `path: change`, with ` replaces` where the resource must be made anew. */
function told(kind: Kind, state: Props, olds: Props, news: Props): string[] {
  return difference(kind, state, olds, news).map(
    ({ path, change, replaces }) => `${path}: ${change}${replaces ? " replaces" : ""}`,
  );
}

const node = { image: "sha256:a", name: "node", memory: 64, memorySwap: 64, mustRun: true };

it("finds nothing where nothing differs", () => {
  expect(told("container", { ...node, hostname: "abc", exitCode: 0 }, node, node)).toEqual([]);
});

it("changes limits in place, and makes the container anew for the rest", () => {
  const news = { ...node, memory: 96, restart: "always", image: "sha256:b", envs: ["A=1"], user: "999" };
  expect(told("container", node, node, news)).toEqual([
    "image: update replaces",
    "memory: update",
    "restart: add",
    "envs: add replaces",
    "user: add replaces",
  ]);
});

it("tells the property inside a list, map or object", () => {
  const before = { ...node, ports: [{ internal: 1, external: 2 }], logOpts: { "max-size": "1m", "a.b": "x" } };
  const after = { ...node, ports: [{ internal: 1, external: 3 }], logOpts: { "max-size": "2m" } };
  expect(told("container", before, before, after)).toEqual([
    "ports[0].external: update replaces",
    "logOpts.max-size: update replaces",
    'logOpts["a.b"]: delete replaces',
  ]);
});

it("goes by what Docker said last, not by what was asked for", () => {
  expect(told("container", { ...node, memory: 80 }, node, node)).toEqual(["memory: update"]);
});

it("starts a container that stands still and must run", () => {
  const { mustRun: _, ...asked } = node;
  expect(told("container", { ...asked, mustRun: false }, asked, asked)).toEqual(["mustRun: update"]);
  expect(told("container", { ...node, mustRun: false }, node, { ...node, mustRun: false })).toEqual([]);
});

it("shows Docker's own swap where none was asked for, for ever, as the official provider does", () => {
  const { memorySwap: _, ...asked } = node;
  expect(told("container", { ...asked, memorySwap: 128 }, asked, asked)).toEqual(["memorySwap: delete"]);
  expect(told("container", { ...asked, memorySwap: 0 }, asked, asked)).toEqual([]);
});

it("leaves alone a port that Docker chose, and a gateway that it added", () => {
  const asked = { ...node, ports: [{ internal: 6379 }] };
  expect(told("container", { ...asked, ports: [{ internal: 6379, external: 32768 }] }, asked, asked)).toEqual([]);
  const network = { name: "n", ipamConfigs: [{ subnet: "10.0.0.0/24" }] };
  const state = { name: "n", ipamConfigs: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }] };
  expect(told("network", state, network, network)).toEqual([]);
  const other = { name: "n", ipamConfigs: [{ subnet: "10.0.1.0/24" }] };
  expect(told("network", state, network, other)).toEqual(["ipamConfigs[0].subnet: update replaces"]);
});

it("says that a health check changes in place, which has no effect: as the official provider says and does", () => {
  const before = { ...node, healthcheck: { tests: ["CMD", "a"] } };
  const after = { ...node, healthcheck: { tests: ["CMD", "b"] } };
  expect(told("container", before, before, after)).toEqual(["healthcheck.tests[1]: update"]);
});
