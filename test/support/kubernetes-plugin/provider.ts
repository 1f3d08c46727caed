import { createHash, randomBytes } from "node:crypto";
import type { provider } from "@pulumi/pulumi";
import { ApiError, isNamespaced, type KubeObject, type KubernetesApi } from "../kubernetes/api.ts";
import { type Props, unknown } from "../plugin-values.ts";
import { timeoutSeconds } from "../provider-plugin.ts";
import { gone, ready } from "./await.ts";
import { clean } from "./diff.ts";
import { annotation, annotations, complaints, hasUnknown, typeOf } from "./kinds.ts";

/** Seconds that Pulumi's provider waits for readiness, and for an end, unless it is told otherwise. */
const patience = 600;

/** The stand-in's answers to the engine, with the cluster that its configuration names, and the namespace of objects that
 * name none. */
export function standIn(api: () => KubernetesApi, namespace: () => string, version: string): provider.Provider {
  return {
    version,
    async check(urn, olds: Props | undefined, news: Props) {
      const failures = complaints(urn, news);
      return { inputs: failures.length > 0 ? news : named(urn, olds, news, namespace()), failures };
    },
    async create(urn, inputs: Props) {
      const made = await applied(api(), urn, inputs, "created");
      return { id: idOf(made), outs: await settled(api(), inputs, made) };
    },
    async read(id, urn, state: Props) {
      typeOf(urn);
      const found = await api().get(asObject(state));
      return found ? { id, props: outputs(found) } : { id: "", props: {} };
    },
    async update(_id, urn, _olds, news: Props) {
      const changed = await applied(api(), urn, news, "updated");
      return { outs: await settled(api(), news, changed) };
    },
    async delete(_id, urn, state: Props) {
      const object = asObject(state);
      typeOf(urn);
      const wanted = annotation(state, "deletionPropagation") ?? "foreground";
      await api().delete(object, wanted.charAt(0).toUpperCase() + wanted.slice(1));
      // Only of these does Pulumi's provider skip the wait for their end.
      const may = ["Namespace", "Deployment", "StatefulSet", "Job"].includes(object.kind);
      if (!(may && annotation(state, "skipAwait") === "true")) await gone(api(), object, secondsFor(state));
    },
    async invoke(token) {
      throw new Error(`the tests' stand-in for the Kubernetes provider does not serve ${token}`);
    },
  };
}

/** Outputs of what would be made, or changed where there are `olds`, by the server's dry run, if all inputs are known. */
export async function previewed(open: () => KubernetesApi, urn: string, inputs: Props, olds?: Props): Promise<Props> {
  if (hasUnknown(inputs)) return inputs;
  try {
    const api = open();
    // What will be removed before it is made anew is no base to try it on.
    if (!olds && (await api.get(asObject(inputs)))) return inputs;
    const { body } = await api.apply(asObject(inputs), managerOf(inputs), { dryRun: true, force: true });
    const { status: _, ...told } = body;
    return outputs(told as KubeObject);
  } catch (error) {
    // No cluster yet; or its namespace, or its definition, is made by the same update.
    if (!(error instanceof ApiError) || error.status === 404) return inputs;
    throw refusal(urn, "previewed", error);
  }
}

/** Whether its name is given by the program, so that two cannot be there at once. */
export function isNamed(inputs: Props): boolean {
  return annotation(inputs, "autonamed") !== "true";
}

/** Inputs with the name that was made up, now or before, and the namespace. */
function named(urn: string, olds: Props | undefined, news: Props, namespace: string): Props {
  const { kind, metadata = {} } = news as unknown as KubeObject;
  if ((metadata as unknown) === unknown) return news;
  const place = isNamespaced(kind) ? { namespace: metadata.namespace ?? namespace } : {};
  if (metadata.name !== undefined) return { ...news, metadata: { ...metadata, ...place } };
  const before = olds && !isNamed(olds) ? (olds as unknown as KubeObject).metadata.name : undefined;
  const name = before ?? `${urn.split("::").at(-1)}-${randomBytes(4).toString("hex")}`;
  const marked = { ...metadata.annotations, [annotations.autonamed]: "true" };
  return { ...news, metadata: { ...metadata, ...place, name, annotations: marked } };
}

async function applied(api: KubernetesApi, urn: string, inputs: Props, what: string): Promise<KubeObject> {
  const force = annotation(inputs, "patchForce") === "true";
  try {
    return (await api.apply(asObject(inputs), managerOf(inputs), { force })).body;
  } catch (error) {
    throw refusal(urn, what, error);
  }
}

/** Outputs once it is ready; what exists and is not ready is kept in the state, so that the next update finds it. */
async function settled(api: KubernetesApi, inputs: Props, made: KubeObject): Promise<Props> {
  if (annotation(inputs, "skipAwait") === "true") return outputs(made);
  try {
    return outputs(await ready(api, made, secondsFor(inputs)));
  } catch (error) {
    const live = await api.get(made).catch(() => undefined);
    const reason = `${made.kind} ${made.metadata.name} was applied, but is not ready: ${error instanceof Error ? error.message : error}`;
    const properties = outputs(live ?? made);
    throw Object.assign(new Error(reason), { id: idOf(made), properties, reasons: [reason] });
  }
}

function secondsFor(object: Props): number {
  return timeoutSeconds() || Number(annotation(object, "timeoutSeconds")) || patience;
}

function refusal(urn: string, what: string, error: unknown): Error {
  const told = error instanceof Error ? error.message : String(error);
  return new Error(`resource "${urn.split("::").at(-1)}" was not ${what} by the Kubernetes API server: ${told}`);
}

/** One for each object, which stays the same: what an update no longer says is taken back. */
function managerOf(inputs: Props): string {
  const id = createHash("sha256")
    .update(idOf(asObject(inputs)))
    .digest("hex");
  return `pulumi-kubernetes-${id.slice(0, 8)}`;
}

function idOf({ kind, metadata: { name, namespace } }: KubeObject): string {
  return isNamespaced(kind) ? `${namespace ?? "default"}/${name}` : String(name);
}

function asObject(props: Props): KubeObject {
  return clean(props) as unknown as KubeObject;
}

function outputs(object: KubeObject): Props {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
