import { isDeepStrictEqual } from "node:util";
import type Docker from "dockerode";
import * as z from "zod";
import { addressSchema } from "../../contract/address.ts";
import { type DockerEngine, dockerEngineSchema, dockerHostSchema, imageServerSchema } from "../../contract/docker.ts";
import { askedDirectiveSchema } from "../../contract/nodes.ts";
import type { OperationHandler, OperationResult } from "../../contract/operation.ts";
import { isIn } from "../redis-version.ts";
import { type AskableServer, type ArgumentFailure as Failure, lacksTls, refusedDirectives } from "../try-directives.ts";
import { addressOf } from "./context.ts";
import { engineOf } from "./engine.ts";
import { type ImageServer, idOf, withImageServer } from "./image-server.ts";
import { whyNotPublished } from "./published.ts";
import { overlapsWith, subnetOf } from "./subnets.ts";

/** The oldest Redis that Hearth runs in containers: TLS files that change while it runs, and rules for channels. */
const oldest = { since: "6.2" };

/** What a Docker engine must offer before any container is made. Looked at in previews, too. */
export const dockerHost: OperationHandler = async ({ action, id, inputs, olds }, context) => {
  if (action === "check") return check(inputs, olds);
  if (action === "delete") return {};
  // It made nothing that could be gone.
  if (action === "read") return { id };
  const { docker: engine, ...asked } = imageServerSchema.or(dockerHostSchema).parse(inputs);
  const docker = await engineOf(engine);
  const [{ Version }, { ID: engineId }] = await Promise.all([docker.version(), docker.info() as Promise<EngineInfo>]);
  const server = "image" in asked ? await serverOf(docker, asked.image, inputs) : {};
  context.signal.throwIfAborted();
  // The servers come next: what talks to them is loaded after the answer, while Pulumi gets to them.
  setImmediate(() => void import("../../warmer/redis/ioredis.ts")).unref();
  return { id: "docker-host", outputs: { ...server, engineVersion: Version, engineId } };
};

/** The server of an image that was pulled. Rejects with everything that it does not take. */
async function serverOf(docker: Docker, image: string, inputs: Record<string, unknown>) {
  const found = await examine(docker, image, inputs);
  if (!found)
    throw new Error(`the engine does not have the image ${image}, though Pulumi pulled it: run pulumi up again`);
  const { version, failures } = found;
  if (failures.length > 0) throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
  return { version };
}

/** Of what an engine says of itself. */
interface EngineInfo {
  /** Its own, whatever address it is reached by; kept with its data. */
  readonly ID?: string;
  readonly MemTotal?: number;
}

/**
 * Everything that is wrong, at once. During a preview some inputs may not be known yet: those are left out. What is found
 * already becomes an input: else a preview would show every node as changed, by a version that is not known.
 */
async function check(inputs: Record<string, unknown>, olds: Record<string, unknown>): Promise<OperationResult> {
  const engine = dockerEngineSchema.safeParse(inputs.docker);
  if (!engine.success) return {};
  let docker: Docker;
  try {
    docker = await engineOf(engine.data);
  } catch (error) {
    return { failures: [{ property: "docker", reason: (error as Error).message }] };
  }
  const info = (await docker.info()) as EngineInfo;
  const another = whyAnother(engine.data, info, olds);
  if (another !== undefined) return { failures: [{ property: "docker", reason: another }] };
  const isLocal = /^(unix|npipe):/.test(addressOf(engine.data).host) && process.platform === "linux";
  const place = { network: String(inputs.network), isLocal };
  const published = z.array(addressSchema.extend({ node: z.string() })).safeParse(inputs.published);
  const [moved, overlap, taken, { version, failures = [] }] = await Promise.all([
    whyNotMoved(docker, inputs),
    typeof inputs.subnet === "string" ? overlapsWith(docker, { ...place, subnet: inputs.subnet }) : undefined,
    published.success ? whyNotPublished(docker, published.data, place) : [],
    typeof inputs.image === "string" ? lookAtImage(docker, inputs.image, inputs) : nothing,
  ]);
  const memory = whyTooMuch(info, inputs.memory);
  const found = {
    outputs: { ...(version !== undefined && { version }), engineId: info.ID ?? "" },
    failures: [
      ...(moved === undefined ? [] : [{ property: "docker.subnet", reason: moved }]),
      ...(overlap === undefined ? [] : [{ property: "docker.subnet", reason: overlapReason(inputs.subnet, overlap) }]),
      ...taken.map((reason) => ({ property: "docker.publish", reason })),
      ...failures,
      ...(memory === undefined ? [] : [{ property: "memory", reason: memory }]),
    ],
  };
  // In a new topology Pulumi asks for the image next, and does nothing else while it is looked at.
  const ahead = imageServerSchema.safeParse(inputs.ahead);
  const isNew = Object.keys(olds).length === 0 && found.failures.length === 0;
  if (isNew && ahead.success) void examine(docker, ahead.data.image, ahead.data).catch(() => {}); // whoever asks is told
  return found;
}

/** Pulumi would not move what is deployed, but look for it on the other engine, and leave or lose the data. */
function whyAnother(engine: DockerEngine, { ID }: EngineInfo, olds: Record<string, unknown>): string | undefined {
  const before = dockerEngineSchema.safeParse(olds.docker);
  const known = typeof olds.engineId === "string" && olds.engineId !== "" && (ID ?? "") !== "";
  if (!before.success || !known || olds.engineId === ID || isDeepStrictEqual(before.data, engine)) return undefined;
  const { host } = addressOf(engine);
  const first = addressOf(before.data).host;
  return (
    `${host} is another engine than ${first}, which has the containers and the data of this stack: ` +
    `to stay there write hearth:dockerHost: ${first} (docker context ls shows the contexts, the current one with a star); ` +
    "to move, run pulumi destroy there first"
  );
}

/** Sentinels know the nodes by their addresses alone, and would look for all of them at those from before. */
async function whyNotMoved(docker: Docker, { topology, network, subnet }: Record<string, unknown>) {
  if (topology !== "sentinel" || typeof network !== "string" || typeof subnet !== "string") return undefined;
  const current = await subnetOf(docker, network);
  if (current === undefined || current === subnet) return undefined;
  return (
    `${subnet} would give every node another address than it has in ${current}, by which the sentinels know it: ` +
    `stay with hearth:subnet ${current}, or run pulumi destroy first, and warm again afterwards`
  );
}

function overlapReason(subnet: unknown, overlap: string): string {
  return `${subnet} is not free: ${overlap}: choose another subnet (hearth:subnet), such as 10.213.47.0/24`;
}

/** An image that the engine does not have yet is looked at when it has been pulled. */
async function lookAtImage(docker: Docker, image: string, inputs: Record<string, unknown>): Promise<Partial<Examined>> {
  try {
    return (await examine(docker, image, inputs)) ?? nothing;
  } catch (error) {
    return { failures: [{ property: "docker.image", reason: (error as Error).message }] };
  }
}

interface Examined {
  readonly version: string;
  readonly failures: readonly Failure[];
}

const nothing: Partial<Examined> = {};

/** What was found, by the image and what was asked of it: a container for it takes half a second. */
const examined = new Map<string, Promise<Examined>>();

/** The server of an image; undefined when the engine does not have the image. */
async function examine(docker: Docker, image: string, inputs: Record<string, unknown>): Promise<Examined | undefined> {
  const imageId = await idOf(docker, image);
  if (imageId === undefined) return undefined;
  const openFiles = typeof inputs.openFiles === "number" ? inputs.openFiles : undefined;
  const key = JSON.stringify([imageId, inputs.tls, inputs.asked, openFiles]);
  const known = examined.get(key);
  if (known) return known;
  const asked = withImageServer(docker, { image, openFiles }, async (server) => ({
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
  if (server.mostFiles !== undefined) {
    const reason = `the engine does not let a container have ${inputs.openFiles} files open, as it may not itself: write at most ${server.mostFiles} (hearth:openFiles), or raise the limit of the engine`;
    failures.push({ property: "docker.openFiles", reason });
  }
  if (!isIn(server.version, oldest)) {
    const reason = `${image} is ${server.title}; Redis ${oldest.since} or later is needed: choose another image (hearth:image)`;
    return [...failures, { property: "docker.image", reason }];
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

function whyTooMuch({ MemTotal }: EngineInfo, memory: unknown): string | undefined {
  if (typeof memory !== "number" || MemTotal === undefined || MemTotal <= 0 || memory <= MemTotal) return undefined;
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  return `the containers may use ${mib(memory)} together, and the engine's machine has ${mib(MemTotal)}: make hearth:memory or hearth:memoryLimit smaller, or the topology`;
}
