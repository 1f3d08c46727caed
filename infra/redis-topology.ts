import type * as pulumi from "@pulumi/pulumi";
import { getProject, getStack } from "@pulumi/pulumi/metadata.js";
import type { Address } from "../contract/address.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import type { ExporterAddress } from "../contract/exporters.ts";
import type { Member } from "../contract/nodes.ts";
import type { RunnerInputs } from "../contract/runner.ts";
import { Firewall } from "./operations/firewall.ts";
import { Formation } from "./operations/formation.ts";
import { Passwords } from "./operations/passwords.ts";
import { Readiness } from "./operations/readiness.ts";
import { topologies } from "./plan/check.ts";
import { type ClientUser, endpointsOf, publishedEndpoint, urlOf } from "./plan/endpoint.ts";
import { type FirewallMode, planFirewall } from "./plan/firewall.ts";
import type { HostTuningMode } from "./plan/host.ts";
import { type ScrapeConfig, scrapeConfigOf } from "./plan/monitoring/scrape-config.ts";
import { type PrintedFirewall, printFirewall } from "./plan/render-firewall/print.ts";
import { operator, resolveSecret, type Secrets, type UserName } from "./plan/secrets.ts";
import type { TopologyPlan } from "./plan/topology.ts";
import { all, ComponentResource, Output, output, secret, warn } from "./pulumi.ts";
import { targetOf } from "./targets/choose.ts";
import { type KubernetesInput, plainKubernetes } from "./targets/kubernetes-cluster.ts";
import type { Site } from "./targets/site.ts";
import type { Target } from "./targets/target.ts";
import { plainTls, type TlsInput, tlsOf } from "./topology-tls.ts";

/** What every component gives to those who use the Redis it made. */
export interface RedisOutputs {
  /** All that a client needs to connect, known once the topology is ready. Secret. */
  readonly endpoint: pulumi.Output<Endpoint>;
  /** The same for each user that a client may be: `app` (that is `endpoint`), `readonly`, `exporter`, ... Secret. */
  readonly endpoints: pulumi.Output<Record<ClientUser, Endpoint>>;
  /** As whom the warmer writes. Secret. */
  readonly warmerEndpoint: pulumi.Output<Endpoint>;
  /** `endpoint` for clients on the engine's machine that come in by published ports; undefined where none are. Secret. */
  readonly published: pulumi.Output<Endpoint | undefined>;
  /** The same as a URL, as far as a URL can say it. Secret. */
  readonly url: pulumi.Output<string>;
  /** The nodes, with the role in which each was first deployed. */
  readonly nodes: pulumi.Output<Member[]>;
  /** With `firewall: "print"`: the rules, as nftables, ufw and Docker take them. */
  readonly firewall: pulumi.Output<PrintedFirewall | undefined>;
  /** Another list when the data of a node is another: what warming stands on. */
  readonly dataIds: pulumi.Output<string[]>;
  /** What Prometheus must be told to watch the nodes; undefined where the target runs no exporters. */
  readonly scrapeConfig: pulumi.Output<ScrapeConfig | undefined>;
  /** ISO time at which the first of the certificates ends; undefined where TLS is off. */
  readonly certificatesEndAt: pulumi.Output<string | undefined>;
  /** How the nodes are reached where that may not be possible from this machine: they are containers or pods. */
  readonly runner: pulumi.Output<RunnerInputs | undefined>;
}

/** What the three components share: a plan turned into resources on a target. */
export abstract class RedisTopology extends ComponentResource implements RedisOutputs {
  /** What was planned, as the target has it, without secrets: what Monitoring is made from. */
  readonly plan: TopologyPlan;
  /** Where the nodes are: what Monitoring makes things in. */
  readonly site: Site;
  readonly endpoint: pulumi.Output<Endpoint>;
  readonly endpoints: pulumi.Output<Record<ClientUser, Endpoint>>;
  readonly warmerEndpoint: pulumi.Output<Endpoint>;
  readonly published: pulumi.Output<Endpoint | undefined>;
  readonly url: pulumi.Output<string>;
  readonly nodes: pulumi.Output<Member[]>;
  readonly firewall: pulumi.Output<PrintedFirewall | undefined>;
  readonly dataIds: pulumi.Output<string[]>;
  readonly scrapeConfig: pulumi.Output<ScrapeConfig | undefined>;
  readonly certificatesEndAt: pulumi.Output<string | undefined>;
  readonly runner: pulumi.Output<RunnerInputs | undefined>;

  /** The plan is an argument: it is made, and refuses what is wrong, before this component is registered. */
  protected constructor(planned: TopologyPlan, args: DeployArgs, opts: pulumi.ComponentResourceOptions) {
    // Made before this component is registered: it is refused where its package is missing.
    const target = targetOf(planned, args);
    const plan = target.planOf?.(planned) ?? planned;
    // A cache may become another topology under the same name: its nodes are then replaced, one after the other, and
    // the old ones do not hold the ports of the new.
    const aliases = Object.values(topologies).map(({ component }) => ({ type: `hearth:index:${component}` }));
    super(`hearth:index:${topologies[plan.topology].component}`, plan.name, {}, { ...opts, aliases });
    this.plan = plan;
    const { site, ...outputs } = deploy(this, plan, target, args);
    this.site = site;
    this.endpoint = outputs.endpoint;
    this.endpoints = outputs.endpoints;
    this.warmerEndpoint = outputs.warmerEndpoint;
    this.published = outputs.published;
    this.url = outputs.url;
    this.nodes = outputs.nodes;
    this.firewall = outputs.firewall;
    this.dataIds = outputs.dataIds;
    this.scrapeConfig = outputs.scrapeConfig;
    this.certificatesEndAt = outputs.certificatesEndAt;
    this.runner = outputs.runner;
    this.registerOutputs(outputs);
  }
}

/** The arguments that may hold secrets, and so may be outputs. */
export type Revealing = "password" | "passwords" | "tls" | "kubernetes";

/** The arguments that the plan does not hold: they may be outputs. */
export interface DeployArgs {
  /**
   * Password of the user `app`, as whom applications log in: 16-512 characters, no control characters. From any secret
   * output. A changed one is let in beside the old one until the update after that.
   * @default 32 random bytes, kept in the state
   */
  readonly password?: pulumi.Input<string> | undefined;
  /** Passwords of the other users: `{ exporter: "..." }`. As `password`. @default 32 random bytes each */
  readonly passwords?: Readonly<Partial<Record<Exclude<UserName, "app">, pulumi.Input<string>>>> | undefined;
  readonly rotation?: string | undefined;
  /**
   * How connections are encrypted: `"off"`; `"generated"`: TLS only, with certificates that Hearth makes and renews; or
   * {@link TlsOptions}. @default "off"
   */
  readonly tls?: TlsInput | undefined;
  /** How the target `"kubernetes"` deploys: namespace, images, volumes, clients. Only with it. */
  readonly kubernetes?: KubernetesInput | undefined;
  readonly clients?: readonly string[] | undefined;
  readonly monitoring?: readonly string[] | undefined;
  readonly firewall?: FirewallMode | undefined;
  readonly hostTuning?: HostTuningMode | undefined;
  readonly directory?: string | undefined;
}

/** The arguments as the plan takes them: passwords are looked at where they are known. */
export function plain<T extends DeployArgs>(args: T) {
  const { password, passwords, tls, kubernetes, ...rest } = args;
  const known = Object.entries(passwords ?? {}).filter(([, value]) => !Output.isInstance(value));
  return {
    ...rest,
    ...plainTls(tls),
    ...(kubernetes !== undefined && { kubernetes: plainKubernetes(kubernetes) }),
    ...(typeof password === "string" && { password }),
    ...(known.length > 0 && { passwords: Object.fromEntries(known) as Record<string, string> }),
  };
}

/** Turns a plan into resources: nodes on the target, then what makes them one topology, then the wait for it. */
function deploy(
  parent: pulumi.Resource,
  plan: TopologyPlan,
  target: Target,
  args: DeployArgs,
): RedisOutputs & { readonly site: Site } {
  for (const { property, message } of plan.warnings) void warn(`${property}: ${message}`, parent);
  const { secrets, isNew } = secretsOf(parent, plan, args);
  const addresses = target.addresses(plan);
  const scrapable = target.exporters(plan);
  const firewall = firewallOf(parent, plan, addresses, scrapable, args);
  const tls = tlsOf(parent, plan, target.names(plan), args.tls);
  const asked = { parent, plan, secrets, isNew, tls, behind: firewall.resource };
  const { nodes: deployed, runner, site = {} } = target.deploy(asked);
  const members = plan.nodes.map((node): Member => {
    const address = addresses.get(node.name);
    if (!address) throw new Error(`the target gave no address for ${node.name}`);
    return { name: node.name, role: node.role, shard: node.shard, ...address };
  });
  const primary = plan.monitor && addresses.get(plan.monitor.primary);
  const state = {
    name: plan.name,
    topology: plan.topology,
    members,
    username: operator,
    password: secrets.apply((values) => resolveSecret({ secret: operator }, values)),
    ...(tls && { tls: tls.client }),
    instances: deployed.map((node) => node.instance),
    ...(plan.monitor && primary && { monitor: { ...plan.monitor, primary } }),
    ...(runner && { runner }),
  };
  const formation = new Formation(`${plan.name}-formation`, state, {
    parent,
    dependsOn: deployed.map((node) => node.resource),
  });
  const readiness = new Readiness(`${plan.name}-readiness`, state, { parent, dependsOn: formation });
  // The URN says nothing, but whoever uses the endpoint then waits for readiness; and it is known in previews.
  const endpoints = secret(
    all([secrets, tls?.client, readiness.urn]).apply(([values, client]) => endpointsOf(plan, members, values, client)),
  );
  return {
    site,
    endpoint: endpoints.app,
    endpoints,
    warmerEndpoint: endpoints.warmer,
    published: publishedOf(endpoints.app, plan.docker?.publish),
    url: endpoints.app.apply(urlOf),
    nodes: output(members),
    firewall: output(firewall.printed),
    dataIds: all(deployed.map((node) => node.dataId)),
    scrapeConfig: output(scrapeConfigOf(`${getProject()}/${getStack()}`, plan, scrapable)),
    certificatesEndAt: output(tls?.endsAt),
    runner: output(runner),
  };
}

/** @param publish address of the engine's machine that the ports are published on, if they are */
function publishedOf(endpoint: pulumi.Output<Endpoint>, publish: string | undefined): RedisOutputs["published"] {
  if (publish === undefined) return output(undefined);
  // Every address of the machine is no address to connect to.
  const host = publish === "0.0.0.0" ? "127.0.0.1" : publish;
  return endpoint.apply((known) => publishedEndpoint(known, host));
}

/** The rules of who may reach which port: in place before anything listens, or as text, or none. */
function firewallOf(
  parent: pulumi.Resource,
  plan: TopologyPlan,
  addresses: ReadonlyMap<string, Address>,
  exporters: readonly ExporterAddress[],
  { firewall = "off", clients, monitoring }: DeployArgs,
): { readonly resource?: pulumi.Resource; readonly printed?: PrintedFirewall } {
  if (firewall === "off") return {};
  const owner = `${getProject()}/${getStack()}/${plan.name}`;
  const rules = planFirewall({ owner, plan, addresses, clients, monitoring, exporters });
  if (firewall === "print") return { printed: printFirewall(rules) };
  return { resource: new Firewall(`${plan.name}-firewall`, { name: plan.name, plan: rules }, { parent }) };
}

/** The passwords of all users: given, or generated once (secret); and whether that is now. */
function secretsOf(parent: pulumi.Resource, plan: TopologyPlan, args: DeployArgs) {
  const users = [...new Set(plan.nodes.flatMap((node) => node.acl.map(({ user }) => user)))];
  const given = { ...args.passwords, ...(args.password !== undefined && { app: args.password }) };
  const { passwords, previous, isNew } = new Passwords(
    `${plan.name}-passwords`,
    { users, given: secret(all(given)), rotation: args.rotation ?? "" },
    { parent },
  );
  const secrets = all([passwords, previous]).apply(([now, before]): Secrets => ({ passwords: now, previous: before }));
  return { secrets, isNew };
}
