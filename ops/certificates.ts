import { randomBytes, X509Certificate } from "node:crypto";
import {
  type CertificatesInputs,
  certificatesSchema,
  type Issued,
  issuedSchema,
  type KeyPair,
} from "../contract/certificates.ts";
import type { OperationHandler } from "../contract/operation.ts";
import { makeAuthority, makeCertificate } from "./make-certificate.ts";

const day = 24 * 60 * 60 * 1000;
const authorityDays = 3650;

/**
 * An authority of the topology's own, a certificate for every node, and one for clients. They exist in the state only.
 *
 * An update keeps what it can: it renews what is due, what names other hosts than it should, and what another authority
 * signed. The authority itself is replaced when it is due, or when `rotation` changes, and in such a way that nobody is
 * shut out: in the first update servers and clients are told to trust both, in the second the new one signs, in the
 * third the old one is forgotten.
 */
export const certificates: OperationHandler = async ({ action, inputs, olds, id }, context) => {
  if (action === "check" || action === "delete") return {};
  if (action === "read") return { id };
  const asked = certificatesSchema.parse(inputs);
  const kept = issuedSchema.safeParse(olds).data;
  const outputs = await issue(asked, kept, new Date(), context.progress);
  return { id: "certificates", outputs };
};

/** What is asked for, made of what there is. */
export async function issue(
  asked: CertificatesInputs,
  kept: Issued | undefined,
  now: Date,
  progress: (message: string) => void = () => {},
): Promise<Issued> {
  const { name, nodes, validityDays, renewBeforeDays } = asked;
  const trusted = await authoritiesOf(asked, kept, now);
  const signer = { cert: trusted.authorities[0], key: trusted.key };
  const made: string[] = [];
  const current = async (subject: string, known: KeyPair | undefined, hosts?: readonly string[]): Promise<KeyPair> => {
    if (known && isSignedBy(known.cert, signer.cert) && !isDue(known.cert, renewBeforeDays, now)) return known;
    made.push(subject);
    return makeCertificate({ subject, signer, days: validityDays, now, ...(hosts && { hosts }) });
  };
  const servers: Issued["servers"] = {};
  for (const node of nodes) {
    const hosts = [...new Set(node.hosts)];
    const before = kept?.servers[node.name];
    const same = before && JSON.stringify(before.hosts) === JSON.stringify(hosts) ? before : undefined;
    servers[node.name] = { ...(await current(node.name, same, hosts)), hosts };
  }
  const client = await current(`client of ${name}`, kept?.client);
  if (kept && made.length > 0) progress(`new certificates: ${made.join(", ")}`);

  const leaves = [...Object.values(servers), client].map(({ cert }) => endOf(cert));
  const pending = trusted.authorities.length > 1 || trusted.rotated !== asked.rotation;
  const renewals = [
    ...leaves.map((end) => end - renewBeforeDays * day),
    endOf(signer.cert) - authorityMargin(asked) * day,
    ...(pending ? [now.getTime()] : []),
  ];
  return {
    ca: trusted.authorities.map((pem) => `${pem.trim()}\n`).join(""),
    caKey: trusted.key,
    ...(trusted.nextKey !== undefined && { nextCaKey: trusted.nextKey }),
    servers,
    client,
    rotated: trusted.rotated,
    expiresAt: new Date(Math.min(...leaves, endOf(signer.cert))).toISOString(),
    renewAt: new Date(Math.min(...renewals)).toISOString(),
  };
}

interface Authorities {
  /** PEM of those that are trusted; the first one signs. */
  readonly authorities: readonly [string, ...string[]];
  readonly key: string;
  readonly nextKey?: string;
  readonly rotated: string;
}

/** Who is trusted and who signs, one step on from where it was. */
async function authoritiesOf(asked: CertificatesInputs, kept: Issued | undefined, now: Date): Promise<Authorities> {
  // A name of its own: where two are trusted, whoever verifies looks for the right one by its name.
  const subject = `Hearth ${asked.name} ${randomBytes(4).toString("hex")}`;
  const make = () => makeAuthority({ subject, days: authorityDays, now });
  const [signing, other] = kept ? certificatesIn(kept.ca) : [];
  if (!kept || signing === undefined) {
    const { cert, key } = await make();
    return { authorities: [cert], key, rotated: asked.rotation };
  }
  const { caKey: key, nextCaKey, rotated } = kept;
  if (other !== undefined && nextCaKey !== undefined) return { authorities: [other, signing], key: nextCaKey, rotated };
  if (other === undefined && (rotated !== asked.rotation || isDue(signing, authorityMargin(asked), now))) {
    const next = await make();
    return { authorities: [signing, next.cert], key, nextKey: next.key, rotated: asked.rotation };
  }
  return { authorities: [signing], key, rotated };
}

/** Days before its end in which an authority is replaced: it is never to end before what it signs. */
function authorityMargin({ validityDays, renewBeforeDays }: CertificatesInputs): number {
  return validityDays + renewBeforeDays;
}

/** The certificates of a PEM text, one by one. */
export function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

function endOf(pem: string): number {
  return Date.parse(new X509Certificate(pem).validTo);
}

function isDue(pem: string, daysBefore: number, now: Date): boolean {
  return endOf(pem) - daysBefore * day <= now.getTime();
}

function isSignedBy(pem: string, authority: string): boolean {
  return new X509Certificate(pem).verify(new X509Certificate(authority).publicKey);
}
