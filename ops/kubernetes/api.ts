import { existsSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { type RequestOptions, request as requestHttps } from "node:https";
import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { KubernetesApiInputs } from "../../contract/kubernetes.ts";

/** Milliseconds in which the API server has begun to answer. */
const answerMs = 15_000;
/** What passes by itself: the server restarts, or has too much to do. */
const passing = [429, 500, 502, 503, 504];
const attempts = 4;

/** What the API server says of a request that it does not do. */
export class KubernetesError extends Error {
  /** 0: it was not reached. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.name = "KubernetesError";
    this.code = code;
  }
}

interface Asked {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** How a change is written. */
  readonly type?: string;
  /** How the answer is written. */
  readonly accept?: string;
}

/**
 * The API server of a cluster, by the paths of its REST interface. Who logs in, and how, is `KubeConfig`'s: certificates,
 * tokens, commands (`exec`), OIDC, proxies. The client's generated part would be some megabytes more for a dozen requests.
 */
export class KubernetesApi {
  readonly #config: KubeConfig;

  constructor(inputs: KubernetesApiInputs) {
    this.#config = configOf(inputs);
    if (this.#config.getCurrentCluster() === null)
      throw new Error(
        `kubernetes: ${inputs.context === undefined ? "there is no kubeconfig with a current context" : `the context "${inputs.context}" is not in the kubeconfig`}` +
          `; known are ${
            this.#config
              .getContexts()
              .map(({ name }) => `"${name}"`)
              .join(", ") || "none"
          }: set KUBECONFIG, ` +
          "or kubernetes.kubeconfig and kubernetes.context (hearth:kubeContext)",
      );
  }

  /** One object; undefined where there is none. */
  async find<T>(path: string, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return await this.get<T>(path, signal);
    } catch (error) {
      if (error instanceof KubernetesError && error.code === 404) return undefined;
      throw error;
    }
  }

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await this.#ask("GET", path, { signal })) as T;
  }

  /** The items of a collection. `selector`: query parameters. */
  async list<T>(path: string, selector: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<T[]> {
    const { items } = await this.get<{ items: T[] | null }>(`${path}?${new URLSearchParams(selector)}`, signal);
    return items ?? [];
  }

  /** Whether a collection has such an item; asked for its names alone. */
  async exists(path: string, selector: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<boolean> {
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    const found = await this.#ask("GET", `${path}?${new URLSearchParams(selector)}`, { signal, accept });
    return ((found as { items: unknown[] | null }).items ?? []).length > 0;
  }

  /** @throws KubernetesError 409 where there is one of that name already */
  async create<T>(path: string, body: T, signal?: AbortSignal): Promise<T> {
    return (await this.#ask("POST", path, { body, signal })) as T;
  }

  /** A merge patch. */
  async patch<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return (await this.#ask("PATCH", path, { body, signal, type: "application/merge-patch+json" })) as T;
  }

  /** Deletes an object, if it is there. `body`: DeleteOptions. */
  async delete(path: string, body: Readonly<Record<string, unknown>> = {}, signal?: AbortSignal): Promise<void> {
    try {
      await this.#ask("DELETE", path, { body: { apiVersion: "v1", kind: "DeleteOptions", ...body }, signal });
    } catch (error) {
      if (!(error instanceof KubernetesError && error.code === 404)) throw error;
    }
  }

  /** An answer that comes in pieces: logs. */
  async stream(path: string, signal?: AbortSignal): Promise<Readable> {
    return await this.#open("GET", path, { signal });
  }

  async #ask(method: string, path: string, asked: { [K in keyof Asked]: Asked[K] | undefined }): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await json(await this.#open(method, path, asked));
      } catch (error) {
        const code = error instanceof KubernetesError ? error.code : 0;
        // A POST that was not answered may have been done.
        const again = passing.includes(code) || (code === 0 && method !== "POST");
        if (!again || attempt === attempts || asked.signal?.aborted) throw error;
        await pause(250 * attempt, undefined, asked.signal === undefined ? {} : { signal: asked.signal });
      }
    }
  }

  async #open(
    method: string,
    path: string,
    {
      body,
      signal,
      type = "application/json",
      accept = "application/json",
    }: { [K in keyof Asked]: Asked[K] | undefined },
  ): Promise<Readable> {
    const { server } = this.#config.getCurrentCluster() ?? { server: "" };
    const url = new URL(server.replace(/\/$/, "") + path);
    const options: RequestOptions = { method, headers: { Accept: accept } };
    await this.#config.applyToHTTPSOptions(options);
    if (body !== undefined) options.headers = { ...options.headers, "Content-Type": type };
    if (signal !== undefined) options.signal = signal;
    const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
      const request = (url.protocol === "http:" ? requestHttp : requestHttps)(url, options, (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      const timer = setTimeout(() => request.destroy(new Error(`no answer in ${answerMs / 1000} s`)), answerMs);
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(
          new KubernetesError(`the Kubernetes API server at ${url.origin} cannot be reached: ${error.message}`, 0),
        );
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
    const code = answer.statusCode ?? 0;
    if (code >= 200 && code < 300) return answer;
    const status = (await json(answer).catch(() => undefined)) as { message?: string } | undefined;
    throw new KubernetesError(status?.message ?? `${method} ${path}: HTTP ${code}`, code);
  }
}

function configOf({ kubeconfig, context }: KubernetesApiInputs): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined || kubeconfig === "") config.loadFromDefault();
  else if (/\n|^\s*\{/.test(kubeconfig)) loadText(config, kubeconfig);
  else if (existsSync(kubeconfig)) config.loadFromFile(kubeconfig);
  else
    throw new Error(
      `kubernetes.kubeconfig: there is no file "${kubeconfig}": write the path of a kubeconfig, or its text`,
    );
  if (context !== undefined && context !== "") config.setCurrentContext(context);
  return config;
}

/** The text is a secret: what is wrong with it is told without it. */
function loadText(config: KubeConfig, text: string): void {
  try {
    config.loadFromString(text);
  } catch {
    throw new Error(
      "kubernetes.kubeconfig: its text is no kubeconfig: write the path of one, or its text in YAML or JSON",
    );
  }
}
