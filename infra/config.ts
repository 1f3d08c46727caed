import type { WarmSource } from "../contract/warming.ts";
import type { ConfigKey } from "./config-key.ts";
import { configKeys, topologiesOf } from "./config-keys.ts";
import { type MonitoringConfig, readMonitoring } from "./config-monitoring.ts";
import type { Deployment, TopologyName } from "./plan/args.ts";
import { checkDeployment } from "./plan/check.ts";
import { ArgumentChecker } from "./plan/check-values.ts";
import { type FindingsCollector, RefusalError } from "./plan/refusals.ts";
import { didYouMean } from "./plan/similar.ts";
import { TargetName } from "./plan/target-name.ts";
import type { TlsArgs } from "./plan/tls.ts";
import { show } from "./plan/units.ts";
import { checkRun, controlNames, type WarmingRun } from "./plan/warming.ts";

/** How the stack warms its cache. */
export interface WarmingConfig extends WarmingRun {
  readonly source: WarmSource;
  /** Name of a built-in plan, or path of a YAML or JSON file, relative to the folder of Pulumi.yaml. */
  readonly plan: string;
}

/** What the stack deploys: topology and its arguments, target, and how it is warmed. */
export type StackConfig = Deployment & {
  readonly target: TargetName;
  /** Absent where `hearth:warm` is off. */
  readonly warming?: WarmingConfig;
  /** Absent where nothing of it is asked for. */
  readonly monitoring?: MonitoringConfig;
};

const namespace = "hearth:";

/**
 * The stack's configuration, typed. Throws RefusalError with every problem at once; each is named by its key.
 *
 * @param get the value of a key without its namespace: `new pulumi.Config("hearth").get`
 * @param keys every key that the stack sets, with or without `hearth:`; those of other namespaces are none of ours
 * @param secretKeys those that are set as secrets; where it is absent, whether a key is one is not checked
 */
export function readStackConfig(
  get: (key: string) => string | undefined,
  keys: readonly string[],
  secretKeys?: readonly string[],
): StackConfig {
  const set = new Map<string, unknown>();
  const checker = new ArgumentChecker(
    Object.fromEntries(configKeys.map(({ key }) => [key, get(key)])),
    undefined,
    namespace,
  );
  const { findings } = checker;
  refuseUnknown(keys, checker);
  if (secretKeys !== undefined) refusePlainSecrets(checker, new Set(secretKeys.map(bare)));

  const topology = checker.choice("topology", ["standalone", "sentinel", "cluster"], "standalone");
  const target = (checker.value("target") ?? TargetName.Local) as TargetName;
  const parts = new Map<string, unknown>();
  for (const entry of configKeys) {
    const value = checker.value(entry.key);
    if (entry.key === "tls" || typeof value !== "string") continue;
    if (entry.part !== undefined) {
      const part = target === TargetName.Local ? undefined : entry.part[target];
      if (part !== undefined) parts.set(part, parsed(value, entry, checker));
      else if (Object.values(TargetName).includes(target)) refuseOffTarget(checker, entry, target);
    }
    if (entry.argument === undefined) continue;
    const owners = topologiesOf(entry);
    // Where the topology itself is refused, only what all of them have can be looked at.
    if (owners.includes(topology ?? "cluster") && owners.includes(topology ?? "standalone")) {
      const read = parsed(value, entry, checker);
      if (read !== undefined) set.set(entry.argument, read);
    } else if (topology !== undefined) refuseElsewhere(checker, entry.key, owners, topology);
  }
  const tls = readTls(checker);
  if (tls !== undefined) set.set("tls", tls);
  if (parts.size > 0) set.set(target, Object.fromEntries(parts));
  // The arguments are of the topology's type once they have passed its check.
  const deployment = { topology: topology ?? "standalone", args: Object.fromEntries(set) } as Deployment;
  addFindings(findings, deployment);
  const warming = readWarming(checker);
  if ((warming?.shards ?? 1) > 1 && target !== TargetName.Kubernetes) {
    refuseOffTarget(checker, { key: "shards", part: { kubernetes: "" } }, target);
  }
  const monitoring = readMonitoring(checker, target, (key, owner) =>
    refuseOffTarget(checker, { key, part: { [owner]: "" } }, target),
  );
  if (findings.refusals.length > 0) throw new RefusalError("the stack's configuration", findings.refusals);
  return {
    ...deployment,
    target,
    ...(warming && { warming }),
    ...(monitoring && { monitoring }),
  };
}

function bare(key: string): string {
  return key.startsWith(namespace) ? key.slice(namespace.length) : key;
}

function refuseUnknown(keys: readonly string[], checker: ArgumentChecker): void {
  const known = configKeys.map(({ key }) => key);
  for (const key of keys.map(bare)) {
    if (key.includes(":") || known.includes(key)) continue;
    checker.refuse(key, `is not a key of Hearth, which has ${known.join(", ")}${didYouMean(key, known)}`);
  }
}

function refusePlainSecrets(checker: ArgumentChecker, secretKeys: ReadonlySet<string>): void {
  for (const { key, secret } of configKeys) {
    const value = checker.value(key);
    if (!secret || typeof value !== "string" || secretKeys.has(key)) continue;
    if (key === "source" && !value.includes("://")) continue;
    checker.refuse(key, `is in plain text in the stack's file: run pulumi config set --secret ${namespace}${key}`);
  }
}

function refuseElsewhere(checker: ArgumentChecker, key: string, owners: TopologyName[], topology: TopologyName): void {
  const belongs = `${owners.length === 1 ? "the topology" : "the topologies"} ${owners.join(" and ")}`;
  checker.refuse(
    key,
    `belongs to ${belongs}, and ${namespace}topology is ${topology}: ` +
      `run pulumi config rm ${namespace}${key}, or set ${namespace}topology to ${owners.join(" or ")}`,
  );
}

function refuseOffTarget(
  checker: ArgumentChecker,
  { key, part = {} }: Pick<ConfigKey, "key" | "part">,
  target: TargetName,
): void {
  const owners = Object.keys(part);
  const belongs = `${owners.length === 1 ? "the target" : "the targets"} ${owners.join(" and ")}`;
  checker.refuse(
    key,
    `belongs to ${belongs}, and ${namespace}target is ${target}: ` +
      `run pulumi config rm ${namespace}${key}, or set ${namespace}target to ${owners.join(" or ")}`,
  );
}

/** `off`, `generated`, or a folder whose files have the names that Kubernetes gives them. */
function readTls(checker: ArgumentChecker): TlsArgs | undefined {
  const tls = checker.text("tls");
  const text = checker.value("mutualTls");
  const mutual = text === undefined ? false : readValue(String(text), { boolean: true });
  if (typeof mutual !== "boolean") {
    return checker.refuse("mutualTls", `${show(text)} is not true or false: write one of them`);
  }
  if (tls === undefined || tls === "off") {
    if (mutual) checker.refuse("mutualTls", `needs TLS: set ${namespace}tls to generated, or to a folder`);
    return tls;
  }
  if (tls === "generated") return mutual ? { mutual } : tls;
  if (!/[./\\]/.test(tls)) {
    const meant = didYouMean(tls, ["off", "generated"]);
    return checker.refuse("tls", `${show(tls)} is not known: write off, generated, or a folder such as ./tls${meant}`);
  }
  const file = (name: string) => `${tls.replace(/[/\\]+$/, "")}/${name}`;
  const client = { cert: file("client.crt"), key: file("client.key") };
  const own = { ca: file("ca.crt"), cert: file("tls.crt"), key: file("tls.key") };
  return { certificate: { ...own, ...(mutual && { client }) }, mutual };
}

function parsed(value: string, entry: ConfigKey, checker: ArgumentChecker): unknown {
  return entry.json === undefined ? readValue(value, entry) : readJson(checker, entry, value);
}

/** A number, a truth or a list where it is to be one; what is not stays as it is, for the check to quote. */
function readValue(value: string, { number, boolean, list }: Partial<ConfigKey>): string | number | boolean | string[] {
  if (number && /^-?\d+(\.\d+)?$/.test(value.trim())) return Number(value);
  if (boolean && /^(true|false)$/.test(value)) return value === "true";
  if (list) return value.split(",").map((one) => one.trim());
  return value;
}

function readJson(checker: ArgumentChecker, { key, json }: ConfigKey, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return checker.refuse(key, `${show(value)} is not JSON: write an object such as ${json}`);
  }
}

/** What the topology's own check says, by the keys that set its arguments. */
function addFindings(findings: FindingsCollector, deployment: Deployment): void {
  for (const { property, message } of checkDeployment("cache", deployment).refusals) {
    const [argument = "", ...rest] = property.split(".");
    const part = configKeys.find((entry) => entry.part?.[argument as "docker"] === rest[0] && rest.length > 0);
    const key = (part ?? configKeys.find((entry) => entry.argument === argument))?.key ?? argument;
    findings.refuse([namespace + key, ...(part ? rest.slice(1) : rest)].join("."), message);
  }
}

function readWarming(checker: ArgumentChecker): WarmingConfig | undefined {
  const warm = checker.choice("warm", ["on", "off"], "on");
  const source = warm === "on" ? readSource(checker) : undefined;
  const plan = checker.text("plan") ?? (source === "demo" ? "meal-planner" : undefined);
  if (plan === "" || (plan === undefined && source !== undefined)) {
    checker.refuse("plan", "is missing: write the path of a warm plan, YAML or JSON, or the name of one of Hearth's");
  }
  const number = (key: string) => {
    const value = checker.value(key);
    return typeof value === "string" ? readValue(value, { number: true }) : undefined;
  };
  const isNumber = (key: string) => configKeys.find((entry) => entry.key === key)?.number === true;
  const run = checkRun(
    new ArgumentChecker(
      {
        minKeys: number("minKeys"),
        minHitRatio: number("minHitRatio"),
        onNoTraffic: checker.value("onNoTraffic"),
        when: checker.value("when"),
        shards: number("shards"),
        deadline: checker.value("deadline"),
        ...Object.fromEntries(controlNames.map((key) => [key, isNumber(key) ? number(key) : checker.value(key)])),
      },
      checker.findings,
      namespace,
    ),
  );
  return source === undefined || plan === undefined || run === undefined ? undefined : { source, plan, ...run };
}

/** Never quotes a value that may hold a password. */
function readSource(checker: ArgumentChecker): WarmSource | undefined {
  const source = checker.text("source");
  if (source === "demo") return source;
  const allowed = `"demo", or a URL such as postgresql://user:password@host:5432/database as a secret`;
  if (source === undefined || source === "") {
    return checker.refuse("source", `is missing: write ${allowed}; or set ${namespace}warm to off`);
  }
  if (/^postgres(ql)?:\/\//.test(source)) return { url: source };
  const value = /^[a-z-]{1,20}$/i.test(source) ? show(source) : "the value";
  return checker.refuse("source", `${value} is not a source: write ${allowed}${didYouMean(source, ["demo"])}`);
}
