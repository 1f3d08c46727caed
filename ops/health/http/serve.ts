import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  /** Media type. */
  readonly type: string;
  readonly body: string;
}

/** Who answers a path. */
export type Routes = Readonly<Record<string, (request: IncomingMessage) => Promise<Answer> | Answer>>;

export interface ServeOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Takes secrets out of every answer. */
  readonly mask?: (text: string) => string;
}

/** A server that listens. */
export interface Served {
  readonly port: number;
  /** Takes no more requests, lets those under way end (for five seconds at most), and stops. */
  close(): Promise<void>;
}

/** Milliseconds for requests under way at the end. */
const graceMs = 5000;

/** JSON as an answer. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value, undefined, 2)}\n` };
}

/**
 * Answers GET and HEAD on a few paths.
 *
 * @throws Error naming the address, when it cannot be listened on
 */
export async function serve(routes: Routes, { host, port, mask = (text) => text }: ServeOptions): Promise<Served> {
  let closing = false;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    void answer(routes, request).then((given) => {
      // A connection that is kept would be waited for.
      if (closing) response.setHeader("connection", "close");
      send(request, response, { ...given, body: mask(given.body) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${host}, port ${port}: ${meaningOf(error)}`)),
    );
    server.listen({ host, port }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      closing = true;
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeIdleConnections();
      });
      clearTimeout(late);
    },
  };
}

async function answer(routes: Routes, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    return jsonAnswer(404, { error: `there is nothing here: ask for ${Object.keys(routes).join(", ")}` });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return jsonAnswer(405, { error: "only GET and HEAD are answered" });
  }
  try {
    return await route(request);
  } catch (error) {
    return jsonAnswer(503, { status: "unhealthy", error: error instanceof Error ? error.message : String(error) });
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 405 && { allow: "GET, HEAD" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function meaningOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "EADDRINUSE") return "another process has this port; choose another one";
  if (code === "EACCES") return "only root may listen below port 1024";
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return "this machine has no such address";
  return message;
}
