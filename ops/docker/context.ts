import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { DockerEngine } from "../../contract/docker.ts";

/** Where an engine is, and what speaks for it: as found, with nothing left to be looked up. */
export interface EngineAddress {
  /** `unix:///var/run/docker.sock`, `tcp://...`, `ssh://...`, `npipe://...`. */
  readonly host: string;
  /** Folder with `ca.pem`, `cert.pem` and `key.pem`. */
  readonly certPath?: string;
  /** Where this was found, for errors: `DOCKER_HOST`, `the context "remote"`. */
  readonly from: string;
}

/**
 * Where the engine is, as `docker` itself finds it: what is asked for, else DOCKER_HOST, DOCKER_CONTEXT, the current
 * context of ~/.docker/config.json, else the usual socket.
 */
export function addressOf({ host, context, certPath }: DockerEngine, env: NodeJS.ProcessEnv = process.env) {
  const found = given(host, "docker.host") ?? inContext(context, "docker.context", env) ?? fromEnvironment(env);
  const certificates = certPath ?? found.certPath ?? (given(env.DOCKER_CERT_PATH) && env.DOCKER_CERT_PATH);
  // What speaks without TLS has no use for certificates that were meant for another engine.
  const address: EngineAddress = { host: found.host, from: found.from };
  return certificates !== undefined && found.host.startsWith("tcp:") ? { ...address, certPath: certificates } : address;
}

/**
 * The same, with nothing left to be looked up later: for resources, and for Pulumi's own Docker provider. Throws where
 * that provider would go elsewhere: it puts DOCKER_CONTEXT before any host.
 */
export function resolvedEngine(asked: DockerEngine, env: NodeJS.ProcessEnv = process.env): DockerEngine {
  const { from, ...engine } = addressOf(asked, env);
  const preferred = inContext(env.DOCKER_CONTEXT, "DOCKER_CONTEXT", env);
  if (preferred && preferred.host !== engine.host)
    throw new Error(
      `DOCKER_CONTEXT names the engine ${preferred.host}, which Pulumi's Docker provider would use, and ${from} says ` +
        `${engine.host}: run Pulumi without DOCKER_CONTEXT, or write hearth:dockerContext: ${env.DOCKER_CONTEXT}`,
    );
  return engine;
}

function fromEnvironment(env: NodeJS.ProcessEnv): EngineAddress {
  return (
    given(env.DOCKER_HOST, "DOCKER_HOST") ??
    inContext(env.DOCKER_CONTEXT, "DOCKER_CONTEXT", env) ??
    inContext(currentContext(env), "config.json", env) ?? { host: usualSocket(), from: "where it usually is" }
  );
}

function given(host: string | undefined, from = ""): EngineAddress | undefined {
  return host === undefined || host.trim() === "" ? undefined : { host: host.trim(), from };
}

function usualSocket(): string {
  if (process.platform === "win32") return "npipe:////./pipe/docker_engine";
  const own = join(homedir(), ".docker", "run", "docker.sock"); // Docker Desktop, where it may not write to /var/run
  const common = "/var/run/docker.sock";
  return `unix://${!existsSync(common) && existsSync(own) ? own : common}`;
}

function folderOf(env: NodeJS.ProcessEnv): string {
  return env.DOCKER_CONFIG || join(homedir(), ".docker");
}

function currentContext(env: NodeJS.ProcessEnv): string | undefined {
  try {
    const { currentContext: name } = JSON.parse(readFileSync(join(folderOf(env), "config.json"), "utf8"));
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined; // docker was never configured here
  }
}

/** A context's endpoint. The context `default` has no files: it stands for what there is without one. */
function inContext(name: string | undefined, from: string, env: NodeJS.ProcessEnv): EngineAddress | undefined {
  if (name === undefined || name === "") return undefined;
  if (name === "default") return given(env.DOCKER_HOST, "DOCKER_HOST") ?? { host: usualSocket(), from };
  const folder = join(folderOf(env), "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  const file = join(folder, "meta", id, "meta.json");
  let endpoint: { Host?: unknown } | undefined;
  try {
    endpoint = JSON.parse(readFileSync(file, "utf8")).Endpoints?.docker;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new Error(
      `${from}: the Docker context "${name}" ${missing ? "is not known here" : "cannot be read"} (${file}): ` +
        "docker context ls names those that are; or say where the engine is (hearth:dockerHost)",
    );
  }
  if (typeof endpoint?.Host !== "string" || endpoint.Host === "")
    throw new Error(`${from}: the Docker context "${name}" names no engine (${file}): choose another one`);
  const tls = join(folder, "tls", id, "docker");
  return { host: endpoint.Host, from: `the context "${name}"`, ...(existsSync(tls) && { certPath: tls }) };
}
