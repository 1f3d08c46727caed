import { readFileSync } from "node:fs";
import { Agent, type RequestOptions, request } from "node:https";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";

/** An object of Kubernetes, whatever its kind. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly generation?: number;
    readonly [field: string]: unknown;
  };
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly [field: string]: unknown;
}

/** What the API server refused, in its words. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** An answer of the API server, and what it warned of. */
export interface Answer<T> {
  readonly body: T;
  readonly warnings: readonly string[];
}

type Query = Readonly<Record<string, string | boolean | undefined>>;

/**
 * The API server of a kubeconfig, by plain requests: Kubernetes's client for Node takes half a second to load, and has
 * no strict validation.
 */
export class KubernetesApi {
  readonly #server: URL;
  readonly #options: () => Promise<RequestOptions>;

  private constructor(server: string, options: () => Promise<RequestOptions>) {
    this.#server = new URL(server);
    this.#options = options;
  }

  /** @param kubeconfig text or path; KUBECONFIG and its default when absent */
  static of({ kubeconfig, context }: { kubeconfig?: string; context?: string } = {}): KubernetesApi {
    const text = kubeconfig?.includes("\n") || kubeconfig?.startsWith("{") ? kubeconfig : read(kubeconfig);
    const config = parse(text);
    const named = (list: { name: string }[], name: string) => list.find((item) => item.name === name);
    const { context: chosen } = named(config.contexts, context ?? config["current-context"]) as never;
    const { cluster } = named(config.clusters, (chosen as { cluster: string }).cluster) as never;
    const { user } = named(config.users, (chosen as { user: string }).user) as never;
    const agent = new Agent({ keepAlive: true });
    let options: Promise<RequestOptions> | undefined;
    const { server } = cluster as { server: string };
    return new KubernetesApi(server, () => {
      options ??= credentials(text, context, cluster, user).then((found) => ({ ...found, agent }));
      return options;
    });
  }

  /** Rejects with ApiError for every status of 400 and above. */
  async request<T = KubeObject>(
    method: string,
    path: string,
    { query = {}, body, type = "application/json" }: { query?: Query; body?: unknown; type?: string } = {},
  ): Promise<Answer<T>> {
    const url = new URL(this.#server.pathname.replace(/\/$/, "") + path, this.#server);
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined && value !== false) url.searchParams.set(key, String(value));
    }
    const options = await this.#options();
    const headers = {
      ...options.headers,
      accept: "application/json",
      ...(body !== undefined && { "content-type": type }),
    };
    const { status, text, warnings } = await new Promise<{ status: number; text: string; warnings: string[] }>(
      (resolve, reject) => {
        const asked = request(url, { ...options, method, headers, timeout: 30_000 }, (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          answer.on("error", reject);
          answer.on("end", () =>
            resolve({ status: answer.statusCode ?? 0, text, warnings: warningsOf(answer.headers) }),
          );
        });
        asked.on("timeout", () => asked.destroy(new Error(`${url.host} does not answer`)));
        asked.on("error", (error) => reject(new Error(`Kubernetes at ${url.host}: ${error.message}`)));
        asked.end(body === undefined ? undefined : JSON.stringify(body));
      },
    );
    if (status >= 400) throw new ApiError(status, messageIn(text) ?? `${method} ${path}: HTTP ${status}`);
    return { body: (text.startsWith("{") ? JSON.parse(text) : text) as T, warnings };
  }

  /** Server-side apply with strict validation: a field that the server does not know is an error. */
  async apply(object: KubeObject, manager: string, options: { dryRun?: boolean; force?: boolean } = {}) {
    return this.request("PATCH", pathOf(object), {
      type: "application/apply-patch+yaml",
      body: object,
      query: {
        fieldManager: manager,
        fieldValidation: "Strict",
        force: options.force ?? false,
        ...(options.dryRun && { dryRun: "All" }),
      },
    });
  }

  /** The object as it is, or undefined where there is none of this name. */
  async get<T = KubeObject>(object: KubeObject): Promise<T | undefined> {
    try {
      return (await this.request<T>("GET", pathOf(object))).body;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All of a kind in a namespace, those with a label where one is given. */
  async list(apiVersion: string, kind: string, namespace: string, labelSelector?: string): Promise<KubeObject[]> {
    const path = pathOf({ apiVersion, kind, metadata: { namespace } });
    return (await this.request<{ items: KubeObject[] }>("GET", path, { query: { labelSelector } })).body.items;
  }

  /** Asks for an object's end, as `propagationPolicy` says; one that is gone is no matter. */
  async delete(object: KubeObject, propagationPolicy = "Foreground"): Promise<void> {
    try {
      await this.request("DELETE", pathOf(object), { query: { propagationPolicy } });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }
}

const clusterWide = ["Namespace", "Node", "PersistentVolume", "StorageClass", "CustomResourceDefinition"];

/** Whether objects of a kind lie in a namespace. */
export function isNamespaced(kind: string): boolean {
  return !clusterWide.includes(kind);
}

/** Where an object is found, or without a name those of its kind. */
export function pathOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = isNamespaced(kind) ? `/namespaces/${namespace ?? "default"}` : "";
  const lower = kind.toLowerCase();
  const plural = lower.endsWith("y") ? `${lower.slice(0, -1)}ies` : lower.endsWith("s") ? lower : `${lower}s`;
  return `${group}${within}/${plural}${name === undefined ? "" : `/${name}`}`;
}

function read(path = process.env.KUBECONFIG?.split(delimiter)[0] || join(homedir(), ".kube", "config")): string {
  return readFileSync(path, "utf8");
}

type Fields = Partial<Record<string, string>>;

async function credentials(
  text: string,
  context: string | undefined,
  cluster: Fields & { "insecure-skip-tls-verify"?: boolean },
  user: Fields,
): Promise<RequestOptions> {
  if (!user["client-certificate-data"] && !user.token) {
    // Programs and cloud logins: the client knows them all.
    const { KubeConfig } = await import("@kubernetes/client-node");
    const config = new KubeConfig();
    config.loadFromString(text);
    if (context) config.setCurrentContext(context);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    return options;
  }
  const data = (fields: Fields, name: string) => {
    const inline = fields[`${name}-data`];
    if (inline) return Buffer.from(inline, "base64");
    return fields[name] && readFileSync(fields[name]);
  };
  return {
    ca: data(cluster, "certificate-authority"),
    cert: data(user, "client-certificate"),
    key: data(user, "client-key"),
    rejectUnauthorized: !cluster["insecure-skip-tls-verify"],
    ...(user.token && { headers: { authorization: `Bearer ${user.token}` } }),
  };
}

/** `299 - "text"`, several of them with commas between. */
function warningsOf(headers: Record<string, string | string[] | undefined>): string[] {
  const text = [headers.warning ?? []].flat().join(", ");
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, said = ""]) => said.replace(/\\(.)/g, "$1"));
}

function messageIn(text: string): string | undefined {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.trim() || undefined;
  }
}
