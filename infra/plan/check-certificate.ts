import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { certificatesOf, PemError, privateKeyOf, readPem } from "./pem.ts";
import type { FindingsCollector } from "./refusals.ts";
import { type OwnCertificate, tlsDefaults } from "./tls.ts";
import { show } from "./units.ts";

const day = 24 * 60 * 60 * 1000;
const usages = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

/** What an own certificate must be good for. */
export interface CertificateNeeds {
  /** The property that holds it, for findings. */
  readonly property: string;
  /** Addresses by which nodes are reached: the certificate names them all. */
  readonly hosts: readonly string[];
  readonly mutual: boolean;
  /** Whether nodes connect to each other: a server's certificate is a client's then, too. */
  readonly peers: boolean;
  readonly renewBeforeDays: number;
  readonly now?: Date;
}

/**
 * Looks at an own certificate as far as it is known: what is an Output is looked at when its value has come. Never
 * quotes a key.
 */
export function checkCertificate(
  own: OwnCertificate<unknown>,
  needs: CertificateNeeds,
  findings: FindingsCollector,
): void {
  const { property } = needs;
  const read = <T>(name: string, value: unknown, parse: (pem: string) => T): T | undefined => {
    if (isLater(value)) return undefined;
    try {
      if (value === undefined) throw new PemError("is missing: write PEM, or the path of a file");
      if (typeof value !== "string")
        throw new PemError(`${show(value)} is not a text: write PEM, or the path of a file`);
      return parse(readPem(value));
    } catch (error) {
      if (!(error instanceof PemError)) throw error;
      findings.refuse(`${property}.${name}`, error.message);
      return undefined;
    }
  };
  const ca = read("ca", own.ca, certificatesOf);
  const chain = read("cert", own.cert, certificatesOf);
  const key = read("key", own.key, privateKeyOf);
  for (const authority of ca ?? []) checkTerm(authority, `${property}.ca`, needs, findings);
  const purposes = [usages.server, ...(needs.peers ? [usages.client] : [])];
  checkOne({ ca, chain, key }, { ...needs, property, purposes }, findings);
  if (chain) checkHosts(chain[0], needs, findings);
  if (own.client === undefined) {
    if (needs.mutual) {
      findings.refuse(
        `${property}.client`,
        "is missing: with mutual, Hearth's own tools must show a certificate too; write { cert, key } of a client",
      );
    }
    return;
  }
  const client = {
    chain: read("client.cert", own.client.cert, certificatesOf),
    key: read("client.key", own.client.key, privateKeyOf),
  };
  const asClient = { ...needs, property: `${property}.client`, purposes: [usages.client] };
  checkOne({ ca, ...client }, asClient, findings);
}

/** An Output, whose value is not known yet. */
function isLater(value: unknown): boolean {
  return typeof value === "object" && value !== null && "apply" in value;
}

type Chain = readonly [X509Certificate, ...X509Certificate[]];

function checkOne(
  {
    ca,
    chain,
    key,
  }: {
    ca: Chain | undefined;
    chain: Chain | undefined;
    key: Parameters<X509Certificate["checkPrivateKey"]>[0] | undefined;
  },
  needs: CertificateNeeds & { readonly purposes: readonly string[] },
  findings: FindingsCollector,
): void {
  const { property, purposes } = needs;
  if (!chain) return;
  const [leaf, ...between] = chain;
  checkTerm(leaf, `${property}.cert`, needs, findings);
  if (key && !leaf.checkPrivateKey(key)) {
    findings.refuse(`${property}.key`, `does not belong to ${property}.cert (${nameOf(leaf)}): they must be a pair`);
  }
  if (ca && !isTrusted(leaf, between, ca)) {
    findings.refuse(
      `${property}.cert`,
      `(${nameOf(leaf)}) is not signed by ca (${ca.map(nameOf).join(", ")}) but by ${oneLine(leaf.issuer)}: ` +
        "write that authority's certificate into ca, and certificates between the two behind cert",
    );
  }
  // Absent: good for everything.
  const allowed = leaf.keyUsage as readonly string[] | undefined;
  for (const [name, usage] of Object.entries(usages)) {
    if (!purposes.includes(usage) || allowed === undefined || allowed.includes(usage)) continue;
    const why = name === "client" && purposes.length > 1 ? ": nodes are clients of each other" : "";
    findings.refuse(
      `${property}.cert`,
      `(${nameOf(leaf)}) is not for ${name}s${why}: have it issued with the extended key usage ${name}Auth`,
    );
  }
}

function checkTerm(
  certificate: X509Certificate,
  property: string,
  { renewBeforeDays = tlsDefaults.renewBeforeDays, now = new Date() }: CertificateNeeds,
  findings: FindingsCollector,
): void {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const [name, end] = [nameOf(certificate), new Date(to).toISOString().slice(0, 10)];
  if (to <= now.getTime()) findings.refuse(property, `(${name}) expired on ${end}: have it renewed`);
  else if (from > now.getTime()) {
    const start = new Date(from).toISOString().slice(0, 16).replace("T", " ");
    findings.refuse(property, `(${name}) is not valid before ${start} UTC: check the clock, or wait`);
  } else if (to - renewBeforeDays * day <= now.getTime()) {
    const left = Math.floor((to - now.getTime()) / day);
    findings.warn(property, `(${name}) expires on ${end}, in ${left} ${left === 1 ? "day" : "days"}: have it renewed`);
  }
}

function checkHosts(
  certificate: X509Certificate,
  { property, hosts }: CertificateNeeds,
  findings: FindingsCollector,
): void {
  const missing = hosts.filter((host) =>
    isIP(host) === 0 ? certificate.checkHost(host) === undefined : certificate.checkIP(host) === undefined,
  );
  if (missing.length === 0) return;
  const named = certificate.subjectAltName ?? "nothing";
  findings.refuse(
    `${property}.cert`,
    `(${nameOf(certificate)}) does not name ${missing.join(", ")}, where nodes are reached: it names ${named}; ` +
      "have it issued with every address as a subject alternative name",
  );
}

/** Whether the certificate leads to an authority, over those that were given between the two. */
function isTrusted(leaf: X509Certificate, between: readonly X509Certificate[], ca: Chain): boolean {
  let current = leaf;
  for (let steps = 0; steps <= between.length; steps++) {
    const signed = (issuer: X509Certificate) => current.checkIssued(issuer) && current.verify(issuer.publicKey);
    if (ca.some(signed)) return true;
    const next = between.find(signed);
    if (!next) return false;
    current = next;
  }
  return false;
}

function nameOf(certificate: X509Certificate): string {
  return oneLine(certificate.subject || certificate.subjectAltName || `serial number ${certificate.serialNumber}`);
}

function oneLine(name: string): string {
  return name.trim().replaceAll("\n", ", ");
}
