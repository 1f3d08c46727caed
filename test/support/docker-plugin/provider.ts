import { randomBytes } from "node:crypto";
import type { provider } from "@pulumi/pulumi";
import type Docker from "dockerode";
import { type Props, unknown } from "../plugin-values.ts";
import { container } from "./container.ts";
import { network } from "./network.ts";
import { remoteImage } from "./remote-image.ts";
import { isGone, type Resource } from "./resource.ts";
import { type Kind, misfits, shapes } from "./shapes.ts";
import { volume } from "./volume.ts";

const kinds: Record<string, Kind> = {
  "docker:index/network:Network": "network",
  "docker:index/volume:Volume": "volume",
  "docker:index/remoteImage:RemoteImage": "remoteImage",
  "docker:index/container:Container": "container",
};

const resources = { network, volume, remoteImage, container } as unknown as Record<Kind, Resource<Props>>;

/** Which of the served types a URN is of. */
export function kindOf(urn: string): Kind {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? urn;
  const kind = kinds[type];
  if (!kind) throw new Error(`the tests' stand-in for the Docker provider does not serve ${type}`);
  return kind;
}

/** What is wrong with the inputs of a resource. */
export function complaints(kind: Kind, inputs: Props): { property: string; reason: string }[] {
  const found = misfits(inputs, shapes[kind]);
  const { restart } = inputs;
  if (restart !== undefined && restart !== unknown && !restarts.includes(String(restart))) {
    found.push({ path: "restart", reason: `must be one of ${restarts.join(", ")}, not ${JSON.stringify(restart)}` });
  }
  return found.map(({ path, reason }) => ({ property: path, reason: `${path} ${reason}` }));
}
const restarts = ["no", "on-failure", "always", "unless-stopped"];

/** The stand-in's answers to the engine, with the Docker engine that its configuration names. */
export function standIn(docker: () => Docker, version: string): provider.Provider {
  return {
    version,
    async check(urn, olds: Props, news: Props) {
      const kind = kindOf(urn);
      const inputs: Props = { ...news };
      if (inputs.name === undefined && kind !== "remoteImage") {
        // As the official provider has it: a name that was made up allows another container beside the old one.
        inputs.name = isDefault(olds, "name") ? olds.name : `${urn.split("::").at(-1)}-${suffix()}`;
        inputs.__defaults = ["name"];
      }
      return { inputs, failures: complaints(kind, news) };
    },
    async create(urn, inputs: Props) {
      const resource = resources[kindOf(urn)];
      let id = "";
      try {
        id = await resource.create(docker(), inputs, (made) => {
          id = made;
        });
        return { id, outs: { ...inputs, ...(await resource.read(docker(), id, inputs)) } };
      } catch (error) {
        // What exists and does not run is kept in the state, so that the next update or destroy finds it.
        if (id === "" || !(error instanceof Error)) throw error;
        throw Object.assign(new Error(error.message), { id, properties: inputs, reasons: [error.message] });
      }
    },
    async read(id, urn, state: Props) {
      try {
        return { id, props: { ...state, ...(await resources[kindOf(urn)].read(docker(), id, state)) } };
      } catch (error) {
        if (isGone(error)) return { id: "", props: {} };
        throw error;
      }
    },
    async update(id, urn, olds: Props, news: Props) {
      const resource = resources[kindOf(urn)];
      await resource.update(docker(), id, olds, news);
      return { outs: { ...news, ...(await resource.read(docker(), id, news)) } };
    },
    async delete(id, urn, state: Props) {
      await resources[kindOf(urn)].delete(docker(), id, state);
    },
    async invoke(token) {
      throw new Error(`the tests' stand-in for the Docker provider does not serve ${token}`);
    },
  };
}

/** Whether a property was made up by `check`. */
export function isDefault(inputs: Props | undefined, property: string): boolean {
  return Array.isArray(inputs?.__defaults) && inputs.__defaults.includes(property);
}

function suffix(): string {
  return randomBytes(4).toString("hex").slice(0, 7);
}
