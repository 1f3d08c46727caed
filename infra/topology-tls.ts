import { X509Certificate } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import type { Tls } from "../contract/endpoint.ts";
import type { ServerTls } from "../contract/nodes.ts";
import { Certificates } from "./operations/certificates.ts";
import { checkCertificate } from "./plan/check-certificate.ts";
import { readPem } from "./plan/pem.ts";
import { FindingsCollector, RefusalError } from "./plan/refusals.ts";
import type { OwnCertificate, TlsArgs, TlsPlan } from "./plan/tls.ts";
import type { TopologyPlan } from "./plan/topology.ts";
import { all, Output, secret, unsecret } from "./pulumi.ts";

/** How the nodes of a topology, and those who connect to them, speak TLS. */
export interface TopologyTls {
  /** What a node is started with. Secret. */
  server(node: string): pulumi.Output<ServerTls>;
  /** What a client needs, Hearth's own connections included. Secret. */
  readonly client: pulumi.Output<Tls>;
  /** ISO time at which the first of the certificates ends. */
  readonly endsAt: pulumi.Output<string>;
}

/** `tls` as an argument of a component: PEM may come from any secret output. */
export type TlsInput = TlsArgs<pulumi.Input<string>>;

/**
 * The certificates of a topology: made by Hearth, or the user's own; undefined where TLS is off.
 *
 * @param names by node, every name and address by which it is reached
 */
export function tlsOf(
  parent: pulumi.Resource,
  plan: TopologyPlan,
  names: ReadonlyMap<string, readonly string[]>,
  argument: TlsInput | undefined,
): TopologyTls | undefined {
  if (!plan.tls) return undefined;
  const own = typeof argument === "object" ? argument.certificate : undefined;
  if (own === undefined || own === "generated") return generated(parent, plan, plan.tls, names);
  return ofOwn(plan, plan.tls, names, own);
}

function generated(
  parent: pulumi.Resource,
  plan: TopologyPlan,
  { mutual, hosts, validityDays, renewBeforeDays, rotation }: TlsPlan,
  names: ReadonlyMap<string, readonly string[]>,
): TopologyTls {
  const nodes = plan.nodes.map(({ name }) => ({ name, hosts: [...new Set([...(names.get(name) ?? []), ...hosts])] }));
  const { ca, servers, client, expiresAt } = new Certificates(
    `${plan.name}-certificates`,
    { name: plan.name, nodes, validityDays, renewBeforeDays, rotation },
    { parent },
  );
  return {
    server: (node) =>
      secret(
        all([ca, servers]).apply(([authority, issued]): ServerTls => {
          const pair = issued[node];
          if (!pair) throw new Error(`there is no certificate for ${node}`);
          return { ca: authority, cert: pair.cert, key: pair.key, authClients: mutual ? "yes" : "no" };
        }),
      ),
    endsAt: expiresAt,
    client: secret(all([ca, client]).apply(([authority, pair]): Tls => ({ ca: authority, ...(mutual && pair) }))),
  };
}

function ofOwn(
  plan: TopologyPlan,
  { mutual, renewBeforeDays }: TlsPlan,
  names: ReadonlyMap<string, readonly string[]>,
  own: OwnCertificate<pulumi.Input<string>>,
): TopologyTls {
  const { ca, cert, key, client } = own;
  const inputs = [ca, cert, key, client?.cert, client?.key];
  const texts = secret(all(inputs)).apply(([caText = "", certText = "", keyText = "", clientCert, clientKey]) => {
    const known: OwnCertificate = {
      ...{ ca: caText, cert: certText, key: keyText },
      ...(clientCert !== undefined && clientKey !== undefined && { client: { cert: clientCert, key: clientKey } }),
    };
    // What was known from the start was looked at before, but for the names of containers and pods.
    if (plan.docker || plan.kubernetes || inputs.some((input) => Output.isInstance(input)))
      refuse(plan, known, mutual, renewBeforeDays, names);
    const pem = { ca: readPem(known.ca), cert: readPem(known.cert), key: readPem(known.key) };
    const shown = known.client && { cert: readPem(known.client.cert), key: readPem(known.client.key) };
    return { pem, shown };
  });
  return {
    server: () => texts.apply(({ pem }): ServerTls => ({ ...pem, authClients: mutual ? "yes" : "no" })),
    endsAt: unsecret(texts.apply(({ pem }) => new Date(new X509Certificate(pem.cert).validTo).toISOString())),
    client: texts.apply(({ pem, shown }): Tls => ({ ca: pem.ca, ...(mutual && shown) })),
  };
}

/** Throws with all that is wrong with certificates whose values have just come. */
function refuse(
  plan: TopologyPlan,
  own: OwnCertificate,
  mutual: boolean,
  renewBeforeDays: number,
  names: ReadonlyMap<string, readonly string[]>,
): void {
  const findings = new FindingsCollector();
  const hosts = [...new Set(plan.nodes.map(({ name }) => names.get(name)?.[0] ?? ""))];
  const peers = plan.topology === "cluster" || (plan.topology === "sentinel" && mutual);
  checkCertificate(own, { property: "tls.certificate", hosts, mutual, peers, renewBeforeDays }, findings);
  if (findings.refusals.length > 0) throw new RefusalError(`the certificates of "${plan.name}"`, findings.refusals);
}

/** The argument as the plan takes it, Outputs and all: the check leaves out what is not known yet. */
export function plainTls(tls: TlsInput | undefined): { readonly tls?: TlsArgs } {
  return tls === undefined ? {} : { tls: tls as TlsArgs };
}
