// The library's classes are found by it.
import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { KeyPair } from "../contract/certificates.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
const crypto: webcrypto.Crypto = webcrypto;
const hour = 60 * 60 * 1000;

interface Term {
  readonly subject: string;
  readonly days: number;
  readonly now: Date;
}

/** An authority that signs itself, and no other authority. ECDSA P-256, as all keys here. */
export async function makeAuthority({ subject, ...term }: Term): Promise<KeyPair> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      ...commonOf(term),
      name: nameOf(subject),
      keys,
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  );
  return pair(certificate, keys);
}

/**
 * A certificate that an authority signs: a server's, which is a client too (a replica is one of its primary, a node of a
 * cluster of the others), or with no `hosts` a client's.
 */
export async function makeCertificate({
  subject,
  signer,
  hosts,
  ...term
}: Term & { readonly signer: KeyPair; readonly hosts?: readonly string[] }): Promise<KeyPair> {
  const keys = await makeKeys();
  const authority = new X509Certificate(signer.cert);
  const { serverAuth, clientAuth } = ExtendedKeyUsage;
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(hosts ? [serverAuth, clientAuth] : [clientAuth]),
    await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
    await AuthorityKeyIdentifierExtension.create(await authority.publicKey.export(crypto), false, crypto),
    ...(hosts ? [new SubjectAlternativeNameExtension(hosts.map(alternativeName))] : []),
  ];
  const certificate = await X509CertificateGenerator.create(
    {
      ...commonOf(term),
      subject: nameOf(subject),
      issuer: authority.subject,
      publicKey: keys.publicKey,
      signingKey: await importKey(signer.key),
      signingAlgorithm,
      extensions,
    },
    crypto,
  );
  return pair(certificate, keys);
}

function commonOf({ days, now }: Omit<Term, "subject">) {
  return {
    serialNumber: serialNumber(),
    // Another machine's clock may be behind.
    notBefore: new Date(now.getTime() - hour),
    notAfter: new Date(now.getTime() + days * 24 * hour),
  };
}

/** 127 random bits: a serial number is positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40; // the first byte is not 0, which DER would leave out
  return bytes.toString("hex");
}

function nameOf(commonName: string) {
  return [{ CN: [commonName] }];
}

function alternativeName(host: string) {
  return { type: isIP(host) === 0 ? ("dns" as const) : ("ip" as const), value: host };
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}

async function pair(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, type: "pkcs8", format: "der" }).export({ type: "pkcs8", format: "pem" });
  return { cert: `${certificate.toString("pem").trim()}\n`, key: String(key) };
}
