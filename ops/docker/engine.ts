import { readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import type { DockerOptions } from "dockerode";
import type { DockerEngine } from "../../contract/docker.ts";
import { addressOf, type EngineAddress } from "./context.ts";

/** Milliseconds in which an engine must have answered the first time: over ssh that takes a while. */
const answerMs = 20_000;

const engines = new Map<string, Promise<Docker>>();

/**
 * The API of an engine that answers: one for each engine and process. Rejects with what was tried, and how to mend it.
 */
export async function engineOf(engine: DockerEngine): Promise<Docker> {
  const address = addressOf(engine);
  const key = JSON.stringify(address);
  const known = engines.get(key);
  if (known) return known;
  const opened = open(address);
  engines.set(key, opened);
  opened.catch(() => engines.delete(key)); // it may be started meanwhile
  return opened;
}

async function open(address: EngineAddress): Promise<Docker> {
  const options = await optionsOf(address);
  // Only what speaks to an engine pays for the library.
  const { default: DockerApi } = await import("dockerode");
  const docker = new DockerApi(options);
  const late = AbortSignal.timeout(answerMs);
  try {
    await (docker.ping as (options: { abortSignal: AbortSignal }) => Promise<unknown>)({ abortSignal: late });
    return docker;
  } catch (error) {
    const said = late.aborted ? `no answer in ${answerMs / 1000} s` : wordsOf(error);
    throw new Error(`the Docker engine at ${address.host} (${address.from}) ${said}: ${fixOf(address, said)}`);
  }
}

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `does not answer (${code !== undefined && !message.includes(code) ? `${code}: ` : ""}${message})`;
}

function fixOf({ host }: EngineAddress, said: string): string {
  if (said.includes("EACCES"))
    return "this user may not use it: become a member of the group docker and log in again, or name another engine (hearth:dockerHost)";
  if (host.startsWith("ssh:"))
    return "see that `ssh` reaches that machine without a question, and that docker is installed there";
  if (host.startsWith("tcp:"))
    return "see that it listens there, and with TLS that certPath holds ca.pem, cert.pem and key.pem";
  return "start it (Docker Desktop; Linux: systemctl start docker), or say where it is (hearth:dockerHost, hearth:dockerContext, DOCKER_HOST)";
}

/** Every option is set: those that are not, dockerode would take from the environment, of another engine. */
async function optionsOf(address: EngineAddress): Promise<DockerOptions> {
  const { host } = address;
  const options: Record<string, unknown> = {};
  for (const name of ["host", "port", "socketPath", "ca", "cert", "key", "protocol", "username"])
    options[name] = undefined;
  const scheme = /^([a-z]+):\/\/(.+)$/.exec(host);
  switch (scheme?.[1]) {
    case "unix":
    case "npipe":
      return { ...options, protocol: "http", socketPath: scheme[2] } as DockerOptions;
    case "tcp": {
      const { hostname, port } = new URL(host);
      const tls = address.certPath === undefined ? undefined : certificatesOf(address.certPath);
      const usual = tls ? "2376" : "2375";
      return {
        ...{ ...options, ...tls, protocol: tls ? "https" : "http" },
        ...{ host: hostname.replace(/^\[|\]$/g, ""), port: port || usual, pathPrefix: "/" },
      } as DockerOptions;
    }
    case "ssh": {
      const { sshAgent } = await import("./ssh.ts");
      return { ...options, protocol: "http", host: "docker", port: 80, agent: sshAgent(host) } as DockerOptions;
    }
    default:
      throw new Error(
        `${address.from}: "${host}" is not the address of a Docker engine: write unix:///var/run/docker.sock, tcp://host:2376, ssh://user@host, or npipe:////./pipe/docker_engine`,
      );
  }
}

function certificatesOf(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  const read = (name: string): Buffer => {
    try {
      return readFileSync(join(folder, name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(
        `certPath: ${join(folder, name)} cannot be read (${code}): the folder must hold ca.pem, cert.pem and key.pem`,
      );
    }
  };
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}
