/** Hosts that name whoever asks: in a container they are the container. */
const loopback = /^(localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0|)$/i;

const advice =
  "name a database that the containers' network reaches (one of this machine is host.docker.internal there, where it listens for more than 127.0.0.1), or run the warmer here, where the nodes can be reached (docker.runner, hearth:runner)";

/** Why rows cannot be read from a container; undefined when nothing speaks against it. Never holds the URL, a secret. */
export function whySourceIsOutOfReach(source: unknown): string | undefined {
  if (source === "demo")
    return `the demo database is started by the warmer on 127.0.0.1 of this machine, and the warmer runs in a container: ${advice}`;
  const url = (source as { url?: unknown } | undefined)?.url;
  const host = typeof url === "string" ? hostOf(url) : undefined;
  if (host === undefined || !loopback.test(host)) return undefined;
  const place = host === "" ? "has no host, or a socket of this machine" : `has the host ${host}`;
  return `the URL ${place}: the warmer runs in a container, where that is the container itself: ${advice}`;
}

/** Throws before anything is started. */
export function refuseSource(source: unknown): void {
  const reason = whySourceIsOutOfReach(source);
  if (reason !== undefined) throw new Error(`source: ${reason}`);
}

/** As libpq reads it: `?host=` counts more; a path is a socket. */
function hostOf(url: string): string | undefined {
  try {
    const { hostname, searchParams } = new URL(url);
    const host = searchParams.get("host") ?? decodeURIComponent(hostname);
    return host.startsWith("/") ? "" : host;
  } catch {
    return undefined; // what is wrong with it is told by who uses it
  }
}
