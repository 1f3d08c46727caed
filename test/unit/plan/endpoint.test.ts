import { expect, it } from "vitest";
import { type Endpoint, endpointSchema } from "../../../contract/endpoint.ts";
import { publishedEndpoint, urlOf } from "../../../infra/plan/endpoint.ts";

const login = { username: "app", password: "secret", tls: { ca: "PEM" } };
const at = (last: number, port: number) => ({ host: `10.200.0.${last}`, port });
const local = (port: number) => ({ host: "127.0.0.1", port });

it("leads a client of published ports to every node of a cluster, also where another node names it", () => {
  const nodes = [at(10, 7000), at(11, 7001)];
  const published = publishedEndpoint({ topology: "cluster", nodes, database: 0, ...login }, "127.0.0.1");
  expect(published).toEqual({
    topology: "cluster",
    nodes: [local(7000), local(7001)],
    natMap: { "10.200.0.10:7000": local(7000), "10.200.0.11:7001": local(7001) },
    database: 0,
    ...login,
  });
  expect(endpointSchema.parse(published)).toEqual(published);
});

it("leads to sentinels and data nodes", () => {
  const endpoint: Endpoint = {
    topology: "sentinel",
    masterName: "mymaster",
    sentinels: [at(12, 26379)],
    nodes: [at(10, 6379)],
    database: 2,
    ...login,
  };
  const published = publishedEndpoint(endpoint, "192.168.1.5");
  expect(published).toEqual({
    ...endpoint,
    sentinels: [{ host: "192.168.1.5", port: 26379 }],
    nodes: [{ host: "192.168.1.5", port: 6379 }],
    natMap: {
      "10.200.0.10:6379": { host: "192.168.1.5", port: 6379 },
      "10.200.0.12:26379": { host: "192.168.1.5", port: 26379 },
    },
  });
  expect(endpointSchema.parse(published)).toEqual(published);
});

it("is another address for one server", () => {
  const published = publishedEndpoint({ topology: "standalone", nodes: [at(10, 6379)], database: 0 }, "127.0.0.1");
  expect(published).toEqual({ topology: "standalone", nodes: [local(6379)], database: 0 });
  expect(urlOf(published)).toBe("redis://127.0.0.1:6379/0");
});
