import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire, flushCompileCache } from "node:module";
import type { provider } from "@pulumi/pulumi";
import { main } from "@pulumi/pulumi/provider/server.js"; // the rest of the SDK takes 0.3 s to load
import type { Change, Props } from "./plugin-values.ts";

/** One property that differs, and whether the resource must be replaced for it. */
export interface Difference {
  readonly path: string;
  readonly change: Change;
  readonly replaces: boolean;
}

/** A provider plugin of the tests: what the SDK's provider server knows, and what it leaves out of the protocol. */
export interface Plugin {
  readonly provider: provider.Provider;
  /** Keys of its configuration that are served; others are refused. */
  readonly configuration: readonly string[];
  configure(config: Partial<Record<string, string>>): void;
  difference(urn: string, state: Props, olds: Props, news: Props): Difference[];
  /** Whether a replacement cannot be made while the old one is there. */
  deleteBeforeReplace(urn: string, olds: Props, news: Props): boolean;
  /** Outputs of what a preview would make or change; the inputs are the answer without it. */
  preview?(urn: string, inputs: Props, olds?: Props): Promise<Props>;
}

/** Serves a plugin to the Pulumi engine, which started this process and reads the port from stdout. */
export async function servePlugin(plugin: Plugin): Promise<void> {
  const { addService } = Server.prototype;
  // The service is completed on its way to gRPC, as the SDK has no place for configuration, previews and diffs.
  Server.prototype.addService = function (service: unknown, served: Record<string, Handler>) {
    for (const [name, answer] of Object.entries(answers(plugin))) {
      served[name] = (call, callback) => {
        try {
          callback(undefined, answer(call.request));
        } catch (error) {
          callback(error);
        }
      };
    }
    previewed(plugin, served, "create", messages.CreateResponse, (request) => ({ news: request.getProperties() }));
    previewed(plugin, served, "update", messages.UpdateResponse, (request) => ({
      news: request.getNews(),
      olds: request.getOlds(),
    }));
    timed(served, "delete");
    return addService.call(this, service, served);
  };
  // An engine that was killed tells nobody, and what waits here for its cluster would do so for minutes.
  const engine = process.ppid;
  setInterval(() => process.ppid === engine || process.exit(), 1000).unref();
  await main(plugin.provider, process.argv.slice(2));
  // One that has done its work kills this process: what was compiled is kept now, for the next.
  setImmediate(() => flushCompileCache());
}

const waiting = new AsyncLocalStorage<number>();

/** Seconds that the resource's `customTimeouts` allow for what is being done; 0 where there are none. */
export function timeoutSeconds(): number {
  return waiting.getStore() ?? 0;
}

const require = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"));
const messages = require("@pulumi/pulumi/proto/provider_pb");
const struct = require("google-protobuf/google/protobuf/struct_pb.js");
const { Server } = require("@grpc/grpc-js");

type Handler = (call: { request: Message }, callback: (error: unknown, response?: Message) => void) => void;
// biome-ignore lint/suspicious/noExplicitAny: generated messages, without types that name each getter
type Message = any;

/** Has what is done know for how long it may wait. */
function timed(served: Record<string, Handler>, name: string): void {
  const real = served[name]?.bind(served);
  served[name] = (call, callback) => waiting.run(call.request.getTimeout(), () => real?.(call, callback));
}

/** In a preview nothing is made. */
function previewed(
  plugin: Plugin,
  served: Record<string, Handler>,
  name: string,
  Response: new () => Message,
  inputs: (request: Message) => { news: Message; olds?: Message },
): void {
  timed(served, name);
  const real = served[name];
  served[name] = (call, callback) => {
    if (!call.request.getPreview()) return real?.(call, callback);
    const { news, olds } = inputs(call.request);
    const answer = (properties: Message) => {
      const response = new Response();
      response.setProperties(properties);
      callback(undefined, response);
    };
    if (!plugin.preview) return answer(news);
    plugin
      .preview(call.request.getUrn(), plain(news), olds && plain(olds))
      .then((props) => answer(struct.Struct.fromJavaScript(props)), callback);
  };
}

function answers(plugin: Plugin): Record<string, (request: Message) => Message> {
  return {
    checkConfig(request) {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      const unserved = Object.keys(plain(request.getNews())).filter(
        (key) => !plugin.configuration.includes(key) && !["version", "pluginDownloadURL"].includes(key),
      );
      response.setFailuresList(unserved.map((key) => failure(key, `${key} is not served by the tests' stand-in`)));
      return response;
    },
    diffConfig: () => new messages.DiffResponse(),
    configure(request) {
      plugin.configure(plain(request.getArgs()) as Partial<Record<string, string>>);
      const response = new messages.ConfigureResponse();
      // Secrets come in the clear, and the engine makes the outputs of the same names secret again.
      response.setAcceptsecrets(false);
      response.setSupportspreview(true);
      return response;
    },
    diff(request) {
      const urn = request.getUrn();
      const [state, olds, news] = [plain(request.getOlds()), plain(request.getOldInputs()), plain(request.getNews())];
      const found = plugin.difference(urn, state, olds, news);
      const response = new messages.DiffResponse();
      const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
      response.setChanges(found.length > 0 ? DIFF_SOME : DIFF_NONE);
      response.setHasdetaileddiff(true);
      for (const { path, change, replaces } of found) {
        const property = new messages.PropertyDiff();
        property.setKind(messages.PropertyDiff.Kind[change.toUpperCase() + (replaces ? "_REPLACE" : "")]);
        response.getDetaileddiffMap().set(path, property);
      }
      const tops = (list: typeof found) => [...new Set(list.map(({ path }) => path.split(/[.[]/)[0]))];
      response.setDiffsList(tops(found));
      response.setReplacesList(tops(found.filter(({ replaces }) => replaces)));
      response.setDeletebeforereplace(plugin.deleteBeforeReplace(urn, olds, news));
      return response;
    },
  };
}

function plain(message: Message): Props {
  return message?.toJavaScript() ?? {};
}

function failure(property: string, reason: string): Message {
  const told = new messages.CheckFailure();
  told.setProperty(property);
  told.setReason(reason);
  return told;
}
