import { isIP } from "node:net";
import type { TopologyName } from "./args.ts";
import { checkCertificate } from "./check-certificate.ts";
import { ArgumentChecker } from "./check-values.ts";
import { bindsOf, reachedAt } from "./listen.ts";
import { didYouMean } from "./similar.ts";
import { type OwnCertificate, tlsDefaults } from "./tls.ts";
import { show } from "./units.ts";

const keys = ["certificate", "mutual", "hosts", "validityDays", "renewBeforeDays", "rotation"];
const forms = 'write "off", "generated", or { certificate: { ca, cert, key } }';

/** Looks at how connections are encrypted. */
export function checkTls(args: ArgumentChecker, topology: TopologyName): void {
  const said = args.value("tls");
  if (said === undefined || said === "off") return;
  const value = said === "generated" ? {} : said;
  if (typeof value !== "object" || value === null || Array.isArray(value) || "apply" in value) {
    const meant = value === true ? '; did you mean "generated"?' : didYouMean(value, ["off", "generated"]);
    args.refuse("tls", `${show(value)} is not known: ${forms}${meant}`);
    return;
  }
  const tls = new ArgumentChecker(value as Record<string, unknown>, args.findings, "tls.");
  tls.known("tls", keys, (key) =>
    ["ca", "cert", "key"].includes(key)
      ? "belongs one level down: write { certificate: { ca, cert, key } }"
      : undefined,
  );
  const mutual = tls.value("mutual");
  if (mutual !== undefined && typeof mutual !== "boolean") {
    tls.refuse("mutual", `${show(mutual)} is not true or false: write one of them`);
  }
  const renewBeforeDays = checkDays(tls);
  const certificate = tls.value("certificate") ?? "generated";
  if (certificate === "generated") {
    checkHosts(tls);
    tls.text("rotation");
    warnAboutWildcard(args, tls);
    return;
  }
  for (const key of ["hosts", "validityDays", "rotation"]) {
    if (tls.value(key) !== undefined) tls.refuse(key, "is for generated certificates: leave it out");
  }
  if (typeof certificate !== "object" || Array.isArray(certificate)) {
    const allowed = 'write "generated", or { ca, cert, key } with PEM or paths';
    tls.refuse("certificate", `${show(certificate)} is not known: ${allowed}${didYouMean(certificate, ["generated"])}`);
    return;
  }
  const own = new ArgumentChecker(certificate as Record<string, unknown>, args.findings, "tls.certificate.");
  own.known("tls.certificate", ["ca", "cert", "key", "client"], () => undefined);
  const needs = {
    property: "tls.certificate",
    // The addresses of containers are known once their network is, the names of pods by their stack: looked at then.
    hosts: (args.value("target") ?? "local") !== "local" ? [] : [reachedAt(textOf(args.value("bind")))],
    mutual: mutual === true,
    // The bus of a cluster always asks for a certificate, replication and sentinels where clients are asked.
    peers: topology === "cluster" || (topology === "sentinel" && mutual === true),
    renewBeforeDays: renewBeforeDays ?? tlsDefaults.renewBeforeDays,
  };
  checkCertificate(certificate as OwnCertificate<unknown>, needs, args.findings);
}

function checkDays(tls: ArgumentChecker): number | undefined {
  const validity = tls.integer("validityDays", { min: 1, max: 825, default: tlsDefaults.validityDays });
  const most = (validity ?? tlsDefaults.validityDays) - 1;
  const before = tls.value("renewBeforeDays");
  if (before === undefined && most < tlsDefaults.renewBeforeDays && validity !== undefined) {
    tls.refuse(
      "renewBeforeDays",
      `${tlsDefaults.renewBeforeDays}, its default, is not less than the ${validity} days of validityDays: write 0 to ${most}`,
    );
    return undefined;
  }
  return tls.integer("renewBeforeDays", { min: 0, max: most, default: Math.min(tlsDefaults.renewBeforeDays, most) });
}

function checkHosts(tls: ArgumentChecker): void {
  const hosts = tls.value("hosts");
  if (hosts === undefined) return;
  if (!Array.isArray(hosts)) {
    tls.refuse("hosts", `${show(hosts)} is not a list: write ["cache.example.org"]`);
    return;
  }
  for (const [index, host] of hosts.entries()) {
    if (typeof host === "string" && (isIP(host) !== 0 || isName(host))) continue;
    tls.refuse(`hosts.${index}`, `${show(host)} is not a name or an address: write "cache.example.org" or "10.0.0.7"`);
  }
}

/** A DNS name, whose first label may be `*`. */
function isName(text: string): boolean {
  const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
  const [first = "", ...rest] = text.split(".");
  // What looks like an address but is none is a mistake, not a name.
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return (first === "*" ? rest.length > 1 : label.test(first)) && rest.every((part) => label.test(part));
}

function warnAboutWildcard(args: ArgumentChecker, tls: ArgumentChecker): void {
  const wild = bindsOf(textOf(args.value("bind"))).some((address) => /^(0\.0\.0\.0|::|\*)$/.test(address));
  if (!wild || tls.value("hosts") !== undefined) return;
  tls.findings.warn(
    "tls.hosts",
    "is empty, and bind is every address of this machine: clients elsewhere refuse a certificate that does not name " +
      "the address by which they connect; write those into hosts",
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
