/** Hosts that name whoever asks: in a container they are the container. */
const loopback = /^(localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0|)$/i;

/** Where the warmer may run, when not here. */
type Away = "container" | "cluster";

/** Where the demo database is started beside the warmer: there rows need no way. */
const withDemo: readonly Away[] = ["cluster"];

const advice: Readonly<Record<Away, string>> = {
  container:
    "name a database that the containers' network reaches (one of this machine is host.docker.internal there, where it listens for more than 127.0.0.1), or run the warmer here, where the nodes can be reached (docker.runner, hearth:runner)",
  cluster: "name a database that the cluster's pods reach",
};

const places: Readonly<Record<Away, readonly [where: string, what: string]>> = {
  container: ["in a container", "the container"],
  cluster: ["in a pod of the cluster", "the pod"],
};

/** Why rows cannot be read from a container; undefined when nothing speaks against it. Never holds the URL, a secret. */
export function whySourceIsOutOfReach(source: unknown, away: Away): string | undefined {
  const [where, what] = places[away];
  if (source === "demo" && withDemo.includes(away)) return undefined;
  if (source === "demo")
    return `the demo database is started by the warmer on 127.0.0.1 of this machine, and the warmer runs ${where}: ${advice[away]}`;
  const url = (source as { url?: unknown } | undefined)?.url;
  const host = typeof url === "string" ? hostOf(url) : undefined;
  if (host === undefined || !loopback.test(host)) return undefined;
  const place = host === "" ? "has no host, or a socket of this machine" : `has the host ${host}`;
  return `the URL ${place}: the warmer runs ${where}, where that is ${what} itself: ${advice[away]}`;
}

/** Throws before anything is started. */
export function refuseSource(source: unknown, away: Away): void {
  const reason = whySourceIsOutOfReach(source, away);
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
