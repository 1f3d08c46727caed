import { createServer } from "node:http";
import type { PrimaryProxySettings } from "../contract/primary.ts";

/** Answers `/live` while it runs, and `/ready` with 200 while `why` finds nothing that keeps clients away, else with 503. */
export function serveProbes(listen: PrimaryProxySettings["probes"], why: () => string | undefined): void {
  const server = createServer(({ url }, response) => {
    const trouble = url === "/live" ? undefined : url === "/ready" ? why() : "there is /live and /ready";
    response.writeHead(trouble === undefined ? 200 : url === "/ready" ? 503 : 404, { connection: "close" });
    response.end(`${trouble ?? "ok"}\n`);
  });
  server.requestTimeout = 2_000;
  server.maxConnections = 16;
  server.listen(listen);
}
