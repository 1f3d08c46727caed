import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";

/** Configuration of the provider that the stand-in understands. */
export const configuration = ["host", "context", "certPath"];

/** A client of the engine that the provider's configuration and environment name, in the official provider's order. */
export function clientOf(config: Partial<Record<string, string>>): Docker {
  const context = config.context || process.env.DOCKER_CONTEXT;
  const host = context ? hostOfContext(context) : config.host || process.env.DOCKER_HOST;
  if (!host) return new Docker();
  const url = new URL(host);
  if (url.protocol === "unix:") return new Docker({ socketPath: decodeURIComponent(url.pathname) });
  if (url.protocol === "ssh:") {
    return new Docker({ host: url.hostname, port: url.port || 22, protocol: "ssh", username: url.username });
  }
  const folder = config.certPath || process.env.DOCKER_CERT_PATH;
  const address = { host: url.hostname, port: url.port || (folder ? 2376 : 2375) };
  if (!folder) return new Docker({ ...address, protocol: "http" });
  const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) => readFileSync(join(folder, name), "utf8"));
  if (!ca || !cert || !key) throw new Error(`certPath: ca.pem, cert.pem or key.pem in ${folder} is empty`);
  return new Docker({ ...address, protocol: "https", ca, cert, key });
}

function hostOfContext(name: string): string {
  const folder = join(homedir(), ".docker", "contexts", "meta");
  for (const entry of readdirSync(folder)) {
    const meta = JSON.parse(readFileSync(join(folder, entry, "meta.json"), "utf8"));
    if (meta.Name === name) return meta.Endpoints.docker.Host;
  }
  throw new Error(`context: no context "${name}" in ${folder}`);
}
