import { createRequire } from "node:module";
import { main } from "@pulumi/pulumi/provider/server.js"; // the rest of the SDK takes 0.3 s to load
import type Docker from "dockerode";
import { difference } from "./diff.ts";
import { clientOf, configuration } from "./engine.ts";
import { isDefault, kindOf, standIn } from "./provider.ts";
import type { Props } from "./values.ts";

// A stand-in for pulumi-resource-docker, for tests on machines that cannot have the official one. Started by the Pulumi
// engine, which reads the port from stdout.
let docker: Docker;
const require = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"));
const messages = require("@pulumi/pulumi/proto/provider_pb");
const { Server } = require("@grpc/grpc-js");
const { version } = createRequire(import.meta.url)("@pulumi/docker/package.json");

// The provider server of the SDK leaves out parts of the protocol: configuration, previews of what is made, and diffs
// by property. They are added to the service on its way to gRPC, as the SDK has no place to put them.
type Handler = (call: { request: Message }, callback: (error: unknown, response?: Message) => void) => void;
// biome-ignore lint/suspicious/noExplicitAny: generated messages, without types that name each getter
type Message = any;

const { addService } = Server.prototype;
Server.prototype.addService = function (service: unknown, served: Record<string, Handler>) {
  for (const [name, answer] of Object.entries(answers)) {
    served[name] = (call, callback) => {
      try {
        callback(undefined, answer(call.request));
      } catch (error) {
        callback(error);
      }
    };
  }
  previewed(served, "create", messages.CreateResponse, (request) => request.getProperties());
  previewed(served, "update", messages.UpdateResponse, (request) => request.getNews());
  return addService.call(this, service, served);
};

/** In a preview nothing is made: what is known of the outputs are the inputs. */
function previewed(
  served: Record<string, Handler>,
  name: string,
  Response: new () => Message,
  inputs: (request: Message) => Message,
): void {
  const real = served[name]?.bind(served);
  served[name] = (call, callback) => {
    if (!call.request.getPreview()) return real?.(call, callback);
    const response = new Response();
    response.setProperties(inputs(call.request));
    callback(undefined, response);
  };
}

const answers: Record<string, (request: Message) => Message> = {
  checkConfig(request) {
    const response = new messages.CheckResponse();
    response.setInputs(request.getNews());
    const unserved = Object.keys(plain(request.getNews())).filter(
      (key) => !configuration.includes(key) && !["version", "pluginDownloadURL"].includes(key),
    );
    response.setFailuresList(unserved.map((key) => failure(key, `${key} is not served by the tests' stand-in`)));
    return response;
  },
  diffConfig: () => new messages.DiffResponse(),
  configure(request) {
    docker = clientOf(plain(request.getArgs()) as Partial<Record<string, string>>);
    const response = new messages.ConfigureResponse();
    // Secrets come in the clear, and the engine makes the outputs of the same names secret again.
    response.setAcceptsecrets(false);
    response.setSupportspreview(true);
    return response;
  },
  diff(request) {
    const kind = kindOf(request.getUrn());
    const [state, olds, news] = [plain(request.getOlds()), plain(request.getOldInputs()), plain(request.getNews())];
    const found = difference(kind, state, olds, news);
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
    response.setDeletebeforereplace(!isDefault(news, "name") && news.name === olds.name);
    return response;
  },
};

function plain(struct: Message): Props {
  return struct?.toJavaScript() ?? {};
}

function failure(property: string, reason: string): Message {
  const told = new messages.CheckFailure();
  told.setProperty(property);
  told.setReason(reason);
  return told;
}

await main(
  standIn(() => docker, version),
  process.argv.slice(2),
);
