import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, expect, it } from "vitest";
import { anyAnswers } from "../../../ops/runner/reach.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { freePorts } from "../../support/ports.ts";
import { startRedis } from "../../support/redis.ts";

const host = "127.0.0.1";
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listening(answer: string | undefined): Promise<number> {
  const port = await freePorts(1);
  const server: Server = createServer((socket) => {
    socket.on("error", () => {}); // the other side has seen enough
    if (answer !== undefined) socket.write(answer);
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  ends.push(() => server.close());
  return port;
}

it.each([
  ["nobody", "closed"],
  ["a gateway that takes every connection, and says nothing", undefined],
  ["another server", "HTTP/1.1 400 Bad Request\r\n\r\n"],
])("does not take %s for a node", async (_, answer) => {
  const port = answer === "closed" ? await freePorts(1) : await listening(answer);
  expect(await anyAnswers([{ host, port }])).toBe(false);
});

it("hears a node that asks for a password, beside one that is silent", async () => {
  const server = await startRedis([], { password: "secret-enough" });
  ends.push(() => server.stop());
  const began = performance.now();
  const silent = { host, port: await listening(undefined) };
  expect(await anyAnswers([silent, { host, port: server.port }])).toBe(true);
  expect(performance.now() - began).toBeLessThan(900);
});

it.each([[false], [true]])("hears a node that speaks TLS only (and wants a certificate: %s)", async (mutual) => {
  const authority = await makeAuthority();
  ends.push(() => authority.remove());
  const [server, client] = await Promise.all([authority.issue("redis"), authority.issue("client")]);
  const redis = await startRedis([], { tls: { server, authority, ...(mutual && { client }) } });
  ends.unshift(() => redis.stop());
  expect(await anyAnswers([{ host, port: redis.port }])).toBe(true);
});

it("does not take a proxy that speaks TLS for everybody for a node", async () => {
  const authority = await makeAuthority();
  ends.push(() => authority.remove());
  const port = await freePorts(1);
  const server = createTlsServer(await authority.issue("proxy"), (socket) => {
    socket.on("error", () => {}); // the other side has seen enough
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  ends.unshift(() => server.close());
  expect(await anyAnswers([{ host, port }])).toBe(false);
});
