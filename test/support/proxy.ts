import { createServer, connect as dial, type Socket } from "node:net";
import { freePorts } from "./ports.ts";

/** What happens on the way between a client and a server. */
export interface ProxyOptions {
  /** What the server sends comes in pieces of 1 to so many bytes, each in a packet of its own. */
  readonly largestPiece?: number;
  /** After so many bytes of the server on one connection nothing comes any more, and nothing is closed. */
  readonly silentAfter?: number;
}

/** A server of a test behind a network that is not at its best. */
export interface TestProxy {
  readonly port: number;
  /** Connections that were taken. */
  readonly connections: number;
  /** Connections that have gone silent. */
  readonly silent: number;
  stop(): void;
}

/** Passes everything on to a port of 127.0.0.1, as the options say. */
export async function startProxy(target: number, options: ProxyOptions): Promise<TestProxy> {
  const { largestPiece, silentAfter = Number.POSITIVE_INFINITY } = options;
  const sockets = new Set<Socket>();
  let silent = 0;
  let connections = 0;
  const server = createServer((inner) => {
    connections += 1;
    const outer = dial(target, "127.0.0.1");
    let passed = 0;
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        if (passed < silentAfter) other.destroy();
      });
    }
    inner.on("data", (data) => void outer.write(data));
    outer.on("data", async (data) => {
      if (passed < silentAfter && passed + data.length >= silentAfter) silent += 1;
      passed += data.length;
      if (passed >= silentAfter) return;
      outer.pause();
      let size = largestPiece === undefined ? data.length : 0;
      for (let at = 0; at < data.length && !inner.destroyed; at += size) {
        if (largestPiece !== undefined) size = (size % largestPiece) + 1;
        if (!inner.write(data.subarray(at, at + size))) await new Promise((resolve) => inner.once("drain", resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      outer.resume();
    });
  });
  const port = await freePorts(1);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port,
    get connections() {
      return connections;
    },
    get silent() {
      return silent;
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
