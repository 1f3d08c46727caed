import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { fromProject } from "../../ops/project-folder.ts";

/** Something else than PEM, in words that go behind the name of the property. */
export class PemError extends Error {}

/** PEM as it is, or what the file at this path holds, relative to the folder of Pulumi.yaml. */
export function readPem(value: string): string {
  if (value.includes("-----BEGIN ")) return value;
  if (value.trim() === "" || value.includes("\n")) {
    throw new PemError("is neither PEM (-----BEGIN ...) nor the path of a file");
  }
  try {
    return readFileSync(fromProject(value), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "no such file" : code === "EACCES" ? "no permission to read it" : code;
    throw new PemError(`"${value}" cannot be read: ${why}; write PEM, or a path relative to the folder of Pulumi.yaml`);
  }
}

/** All certificates of a PEM text, in their order; one at least. */
export function certificatesOf(pem: string): [X509Certificate, ...X509Certificate[]] {
  const texts = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const [first, ...others] = texts.map(parseCertificate);
  if (first === undefined) throw new PemError("holds no certificate: there is no line -----BEGIN CERTIFICATE-----");
  return [first, ...others];
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new PemError("holds a certificate that cannot be read: it was cut or changed");
  }
}

/** The private key of a PEM text. Never quotes it. */
export function privateKeyOf(pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) {
    throw new PemError("is encrypted: decrypt it first (openssl pkey -in FILE), and keep it as a secret");
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new PemError("holds no private key: there is no line -----BEGIN PRIVATE KEY-----");
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new PemError("holds a private key that cannot be read: it was cut or changed");
  }
}
