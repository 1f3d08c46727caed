import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const DAY_MS = 86_400_000;

/** A certificate and its key, as PEM and as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** Names and addresses that it is for: `localhost`, `127.0.0.1`, `::1`. @default ["localhost", "127.0.0.1"] */
  readonly hosts?: readonly string[];
  /** For which side of a connection. Redis's nodes are servers and clients of each other. @default "both" */
  readonly usage?: "server" | "client" | "both";
  /** @default an hour ago */
  readonly notBefore?: Date;
  /** @default in ten days */
  readonly notAfter?: Date;
}

/** An authority that issues certificates for a test. */
export interface TestAuthority {
  /** PEM of the authority itself, and its file. */
  readonly ca: string;
  readonly caFile: string;
  /** Issues a certificate with a key of its own. @param name its common name, and the name of its files */
  issue(name: string, options?: CertificateOptions): Promise<Certificate>;
  /** Removes the folder, unless it was given. */
  remove(): Promise<void>;
}

const usages = { server: "serverAuth", client: "clientAuth", both: "serverAuth,clientAuth" } as const;

/** `YYYYMMDDHHMMSSZ`, as openssl takes times. */
function time(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
}

function alternativeNames(hosts: readonly string[]): string {
  return hosts.map((host) => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(",");
}

/**
 * Makes an authority by the openssl command, with keys on P-256.
 * @param folder where its files are kept. @default one of its own, which `remove` deletes
 */
export async function makeAuthority(name = "Hearth test CA", folder?: string): Promise<TestAuthority> {
  const directory = folder ?? (await mkdtemp(join(tmpdir(), "hearth-ca-")));
  const file = (base: string): string => join(directory, base);
  await mkdir(file("issued"), { recursive: true });
  await writeFile(file("index.txt"), "");
  await writeFile(file("serial"), "01\n");
  // `openssl ca` is what takes any beginning and end.
  await writeFile(
    file("ca.cnf"),
    [
      "[ca]",
      "default_ca = own",
      "[own]",
      `database = ${file("index.txt")}`,
      `serial = ${file("serial")}`,
      `new_certs_dir = ${file("issued")}`,
      `certificate = ${file("ca.crt")}`,
      `private_key = ${file("ca.key")}`,
      "default_md = sha256",
      "policy = any",
      "unique_subject = no",
      "[any]",
      "commonName = supplied",
      "",
    ].join("\n"),
  );
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = [
    "-x509",
    "-days",
    "10",
    "-subj",
    `/CN=${name}`,
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  ];
  await run("openssl", ["req", ...key, ...authority, "-keyout", file("ca.key"), "-out", file("ca.crt")]);
  let last: Promise<unknown> = Promise.resolve();
  const make = async (subject: string, options: CertificateOptions): Promise<Certificate> => {
    const { hosts = ["localhost", "127.0.0.1"], usage = "both" } = options;
    const { notBefore = new Date(Date.now() - DAY_MS / 24), notAfter = new Date(Date.now() + 10 * DAY_MS) } = options;
    const paths = { keyFile: file(`${subject}.key`), certFile: file(`${subject}.crt`) };
    const extensions = [
      "basicConstraints=critical,CA:FALSE",
      `extendedKeyUsage=${usages[usage]}`,
      ...(hosts.length === 0 ? [] : [`subjectAltName=${alternativeNames(hosts)}`]),
    ];
    await writeFile(file(`${subject}.ext`), `${extensions.join("\n")}\n`);
    await run("openssl", [
      "req",
      ...key,
      "-subj",
      `/CN=${subject}`,
      "-keyout",
      paths.keyFile,
      "-out",
      file(`${subject}.csr`),
    ]);
    const dates = ["-startdate", time(notBefore), "-enddate", time(notAfter)];
    const names = ["-in", file(`${subject}.csr`), "-out", paths.certFile, "-extfile", file(`${subject}.ext`)];
    await run("openssl", ["ca", "-batch", "-notext", "-config", file("ca.cnf"), ...dates, ...names]);
    const [cert, privateKey] = await Promise.all([readFile(paths.certFile, "utf8"), readFile(paths.keyFile, "utf8")]);
    return { cert, key: privateKey, ...paths };
  };
  return {
    ca: await readFile(file("ca.crt"), "utf8"),
    caFile: file("ca.crt"),
    issue(subject, options = {}) {
      // One at a time: they share the authority's books.
      const issued = last.then(() => make(subject, options));
      last = issued.catch(() => undefined);
      return issued;
    },
    async remove() {
      if (folder === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}
