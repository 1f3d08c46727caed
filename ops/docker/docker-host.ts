import type Docker from "dockerode";
import * as z from "zod";
import { addressSchema } from "../../contract/address.ts";
import { dockerEngineSchema, dockerHostSchema } from "../../contract/docker.ts";
import { askedDirectiveSchema } from "../../contract/nodes.ts";
import type { OperationHandler } from "../../contract/operation.ts";
import { isIn } from "../redis-version.ts";
import { type AskableServer, type ArgumentFailure as Failure, lacksTls, refusedDirectives } from "../try-directives.ts";
import { addressOf } from "./context.ts";
import { engineOf } from "./engine.ts";
import { type ImageServer, idOf, withImageServer } from "./image-server.ts";
import { whyNotPublished } from "./published.ts";
import { overlapsWith } from "./subnets.ts";

/** The oldest Redis that Hearth runs in containers: TLS files that change while it runs, and rules for channels. */
const oldest = { since: "6.2" };

/** What a Docker engine must offer before any container is made. Looked at in previews, too. */
export const dockerHost: OperationHandler = async ({ action, id, inputs }, context) => {
  if (action === "check") return { failures: await check(inputs) };
  if (action === "delete") return {};
  // It made nothing that could be gone.
  if (action === "read") return { id };
  const { docker: engine, image } = dockerHostSchema.parse(inputs);
  const docker = await engineOf(engine);
  const { Version } = await docker.version();
  const found = await examine(docker, image, inputs);
  if (!found)
    throw new Error(`the engine does not have the image ${image}, though Pulumi pulled it: run pulumi up again`);
  const { version, failures } = found;
  if (failures.length > 0) throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
  context.signal.throwIfAborted();
  // The servers come next: what talks to them is loaded after the answer, while Pulumi gets to them.
  setImmediate(() => void import("../../warmer/redis/ioredis.ts")).unref();
  return { id: "docker-host", outputs: { version, engineVersion: Version } };
};

/** Everything that is wrong, at once. During a preview some inputs may not be known yet: those are left out. */
async function check(inputs: Record<string, unknown>): Promise<Failure[]> {
  const engine = dockerEngineSchema.safeParse(inputs.docker);
  if (!engine.success) return [];
  let docker: Docker;
  try {
    docker = await engineOf(engine.data);
  } catch (error) {
    return [{ property: "docker", reason: (error as Error).message }];
  }
  const isLocal = /^(unix|npipe):/.test(addressOf(engine.data).host) && process.platform === "linux";
  const place = { network: String(inputs.network), isLocal };
  const published = z.array(addressSchema.extend({ node: z.string() })).safeParse(inputs.published);
  const [overlap, taken, image, memory] = await Promise.all([
    typeof inputs.subnet === "string" ? overlapsWith(docker, { ...place, subnet: inputs.subnet }) : undefined,
    published.success ? whyNotPublished(docker, published.data, place) : [],
    typeof inputs.image === "string" ? whyNotImage(docker, inputs.image, inputs) : [],
    whyTooMuch(docker, inputs.memory),
  ]);
  return [
    ...(overlap === undefined ? [] : [{ property: "docker.subnet", reason: overlapReason(inputs.subnet, overlap) }]),
    ...taken.map((reason) => ({ property: "docker.publish", reason })),
    ...image,
    ...(memory === undefined ? [] : [{ property: "memory", reason: memory }]),
  ];
}

function overlapReason(subnet: unknown, overlap: string): string {
  return `${subnet} is not free: ${overlap}: choose another subnet (hearth:subnet), such as 10.213.47.0/24`;
}

/** An image that the engine does not have yet is looked at when it has been pulled. */
async function whyNotImage(
  docker: Docker,
  image: string,
  inputs: Record<string, unknown>,
): Promise<readonly Failure[]> {
  try {
    return (await examine(docker, image, inputs))?.failures ?? [];
  } catch (error) {
    return [{ property: "docker.image", reason: (error as Error).message }];
  }
}

interface Examined {
  readonly version: string;
  readonly failures: readonly Failure[];
}

/** What was found, by the image and what was asked of it: a container for it takes half a second. */
const examined = new Map<string, Promise<Examined>>();

/** The server of an image; undefined when the engine does not have the image. */
async function examine(docker: Docker, image: string, inputs: Record<string, unknown>): Promise<Examined | undefined> {
  const imageId = await idOf(docker, image);
  if (imageId === undefined) return undefined;
  const key = JSON.stringify([imageId, inputs.tls, inputs.asked]);
  const known = examined.get(key);
  if (known) return known;
  const asked = withImageServer(docker, image, async (server) => ({
    version: server.version,
    failures: await refused(server, image, inputs),
  }));
  examined.set(key, asked);
  asked.catch(() => examined.delete(key));
  return asked;
}

/** What the image's redis-server does not take. */
async function refused(server: ImageServer, image: string, inputs: Record<string, unknown>): Promise<Failure[]> {
  const askable: AskableServer = { ...server, owner: `the server of ${image}`, another: "choose an image with Redis" };
  const failures: Failure[] = [];
  if (!isIn(server.version, oldest)) {
    const reason = `${image} is ${server.title}; Redis ${oldest.since} or later is needed: choose another image (hearth:image)`;
    return [{ property: "docker.image", reason }];
  }
  if (inputs.tls === true && (await lacksTls(askable))) {
    const reason = `the server of ${image} (${server.title}) was built without TLS: choose an image that has it, or write "off"`;
    failures.push({ property: "tls", reason });
  }
  const asked = z.array(askedDirectiveSchema).safeParse(inputs.asked);
  return asked.success && asked.data.length > 0
    ? [...failures, ...(await refusedDirectives(askable, asked.data))]
    : failures;
}

async function whyTooMuch(docker: Docker, memory: unknown): Promise<string | undefined> {
  if (typeof memory !== "number") return undefined;
  const { MemTotal } = await docker.info();
  if (typeof MemTotal !== "number" || MemTotal <= 0 || memory <= MemTotal) return undefined;
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  return `the containers may use ${mib(memory)} together, and the engine's machine has ${mib(MemTotal)}: make hearth:memory or hearth:memoryLimit smaller, or the topology`;
}
