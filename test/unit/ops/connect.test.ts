import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { type Connection, connect, pairs, parseInfo, withConnection } from "../../../ops/connect.ts";

const host = "127.0.0.1";
const password = "s3cret word";
let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
  server = undefined;
});

/** A server of one answer for each command, the last one again and again; undefined: it says nothing, "": it closes. */
async function answering(...answers: (string | undefined)[]): Promise<{ host: string; port: number }> {
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      for (const _command of bytes.toString("latin1").matchAll(/^\*\d+\r$/gm)) {
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer === "") socket.destroy();
        else if (answer !== undefined) socket.write(answer);
      }
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, host, resolve));
  const address = listening.address();
  return { host, port: typeof address === "object" && address !== null ? address.port : 0 };
}

/** What a connection, or the work with it, was refused with. */
async function failureOf(work: Promise<unknown>): Promise<Error & { code?: string }> {
  const error = await work.then(
    () => undefined,
    (reason: Error & { code?: string }) => reason,
  );
  if (error === undefined) throw new Error("it did not fail");
  return error;
}

it("hands on plain replies, in the order of overlapping calls", async () => {
  const address = await answering("+OK\r\n", ":42\r\n", "$-1\r\n", "*2\r\n$2\r\nü\r\n*1\r\n:-1\r\n");
  await withConnection(address, { password }, async (connection) => {
    expect(await Promise.all([connection.call("DBSIZE"), connection.call("GET", "key")])).toEqual([42, null]);
    expect(await connection.call("ANY")).toEqual(["ü", [-1]]);
  });
});

it("tells what the server refuses by its code, without the command that holds the password", async () => {
  const address = await answering("-WRONGPASS invalid username-password pair\r\n");
  const error = await failureOf(connect(address, { password }));
  expect(error).toMatchObject({ name: "RedisReplyError", code: "WRONGPASS" });
  expect(error.message).toBe("WRONGPASS invalid username-password pair");
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(password);
});

it("does not go on where the server asks for no password", async () => {
  const refusal = "ERR AUTH <password> called without any password configured for the default user.";
  const address = await answering(`-${refusal}\r\n`);
  expect((await failureOf(connect(address, { password }))).message).toContain(refusal);
});

it("connects without a password to a server that asks for one, and tells NOAUTH at the first command", async () => {
  const address = await answering("-NOAUTH Authentication required.\r\n");
  const error = await failureOf(withConnection(address, {}, (connection) => connection.call("INFO")));
  expect(error).toMatchObject({ code: "NOAUTH" });
});

it("shows a server that loads its data as such", async () => {
  const address = await answering("+OK\r\n", "-LOADING Redis is loading the dataset in memory\r\n");
  const error = await failureOf(withConnection(address, { password }, (connection) => connection.text("PING")));
  expect(error).toMatchObject({ code: "LOADING" });
});

it("tells why a server cannot be reached", async () => {
  const address = await answering();
  await new Promise((resolve) => server?.close(resolve));
  const error = await failureOf(connect(address, { password }));
  expect(error).toMatchObject({ code: "ECONNREFUSED", message: `connect ECONNREFUSED ${host}:${address.port}` });
});

it("gives up on a server that does not answer, for every call that waits", async () => {
  const address = await answering("+OK\r\n", undefined);
  const connection = await connect(address, { password, timeoutMs: 100 });
  const calls = [connection.call("PING"), connection.call("INFO")].map(failureOf);
  for (const error of await Promise.all(calls)) {
    expect(error.message).toBe(`${host}:${address.port} did not answer PING in 100 ms`);
  }
  expect(connection.usable).toBe(false);
});

it("counts connecting and authenticating as one time", async () => {
  const address = await answering(undefined);
  const error = await failureOf(connect(address, { password, timeoutMs: 100 }));
  expect(error.message).toBe(`${host}:${address.port} did not answer AUTH in 100 ms`);
});

it("tells that the server closed the connection, and is not usable from then on", async () => {
  const address = await answering("+OK\r\n", "");
  const connection: Connection = await connect(address, { password });
  const closed = `${host}:${address.port} closed the connection`;
  expect((await failureOf(connection.call("SHUTDOWN"))).message).toBe(closed);
  expect(connection.usable).toBe(false);
  expect((await failureOf(connection.call("PING"))).message).toBe(closed);
});

it("refuses what is not Redis", async () => {
  const address = await answering("HTTP/1.1 400 Bad Request\r\n");
  const error = await failureOf(connect(address, { password }));
  expect(error.message).toBe(`${host}:${address.port} is not a Redis server`);
});

it("answers no call after it was closed", async () => {
  const address = await answering("+OK\r\n", undefined);
  const connection = await connect(address, { password });
  const waiting = failureOf(connection.call("PING"));
  connection.close();
  const closed = `the connection to ${host}:${address.port} is closed`;
  expect((await waiting).message).toBe(closed);
  expect((await failureOf(connection.call("PING"))).message).toBe(closed);
});

it("reads INFO, and flat lists of names and values", () => {
  expect(parseInfo("# Server\r\nredis_version:7.0.15\r\nconfig_file:/a:b\r\n\r\n")).toEqual({
    redis_version: "7.0.15",
    config_file: "/a:b",
  });
  expect(pairs(["port", "6379", "save", ""])).toEqual({ port: "6379", save: "" });
  expect(pairs(null)).toEqual({});
});
