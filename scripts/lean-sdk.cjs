// What the Pulumi SDK does beside what a program asks for, and Hearth's have no use for: in each preview and `up` it took
// 0.25 s. Each of these is left as it is where a coming SDK does it in another way.
const Module = require("node:module");

/** Loaded with its index, for programs that serialise functions or run others: when one of them is used. */
const late = ["typescript", "@npmcli/arborist", "normalize-package-data", "./automation"];
/** Loaded, and taken apart by name, for programs that are traced. */
const traced = [
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
];

const load = Module._load;
Module._load = function (request, parent, isMain) {
  const from = /[\\/]@pulumi[\\/]pulumi[\\/](.+)$/.exec(parent?.filename ?? "")?.[1];
  const take = () => load.call(this, request, parent, isMain);
  if (from === undefined) return take();
  const isTraced = /^cmd[\\/]run[\\/]tracing\.js$/.test(from) && traced.includes(request);
  if (isTraced || late.includes(request)) {
    Module._resolveFilename(request, parent, isMain); // one that is not there is still missed at once
    return later(take, isTraced);
  }
  const loaded = take();
  // Modules that load each other come half made at first, and again when they are whole.
  if (Object.hasOwn(loaded ?? {}, "debuggablePromise")) withoutStack(loaded);
  if (Object.hasOwn(loaded ?? {}, "Resource")) withOnePosition(loaded.Resource);
  return loaded;
};

/** A module, or a function or class of one, that is loaded when something is done with it. */
function later(take, byName) {
  let loaded;
  const it = () => {
    loaded ??= take();
    return loaded;
  };
  const get = (_, name) => {
    // As compiled TypeScript takes what another one exports: not copied name by name, which would load it.
    if (name === "__esModule") return true;
    if (name === "default") return it();
    return byName ? later(() => it()[name]) : it()[name];
  };
  return new Proxy(function none() {}, {
    get,
    apply: (_, self, args) => Reflect.apply(it(), self, args),
    construct: (_, args) => Reflect.construct(it(), args),
  });
}

/** Each of some thousand promises is given a text of where it was made, which is shown with this variable alone. */
function withoutStack(debuggable) {
  const { debuggablePromise } = debuggable;
  if (process.env.PULUMI_DEBUG_PROMISE_LEAKS || debuggablePromise.name === "stackless") return;
  debuggable.debuggablePromise = function stackless(...args) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(...args);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}

/**
 * The state says of each resource on which line it was made, and the way there through Pulumi's code: a seventh of the
 * state, which is written anew twice for each resource.
 */
function withOnePosition(Resource) {
  const { stackTrace } = Resource;
  if (typeof stackTrace !== "function" || stackTrace.name === "firstOnly") return;
  Resource.stackTrace = function firstOnly(skip) {
    return stackTrace.call(Resource, skip + 1).slice(0, 1);
  };
}
