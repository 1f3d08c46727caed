import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Endpoint } from "../../contract/endpoint.ts";

type Tls = NonNullable<Endpoint["tls"]>;

/**
 * An endpoint's `tls` as options of Node, and of libraries that hand them on. The certificate is verified always: for
 * the host that is connected to, or for `servername` in its place. Only names are sent along (SNI), never addresses.
 * @param host where it is known; libraries that connect to several servers have Node verify the host of each
 */
export function tlsOptions({ ca, cert, key, servername }: Tls, host?: string): ConnectionOptions {
  const name = servername ?? host;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(name !== undefined && {
      checkServerIdentity: (_host: string, shown: PeerCertificate) => checkServerIdentity(name, shown),
      ...(isIP(name) === 0 && { servername: name }),
    }),
  };
}

const WRONG_AUTHORITY =
  "its certificate was not issued by the authority in `tls.ca` of the endpoint (or, without one, by one that this machine trusts)";

const CLIENT_CERTIFICATE = "`tls.cert` and `tls.key` of the endpoint";
const NOT_PEM = "`tls.ca`, `tls.cert` or `tls.key` of the endpoint is not PEM";

/** What codes of Node and OpenSSL mean, and what can be done. */
const MEANINGS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: WRONG_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: WRONG_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: WRONG_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: WRONG_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: WRONG_AUTHORITY,
  CERT_SIGNATURE_FAILURE: WRONG_AUTHORITY,
  CERT_HAS_EXPIRED: "its certificate has expired: issue a new one",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: look at the clocks of both machines",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for others: connect to one of them, or set `tls.servername` of the endpoint to the name to verify",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: `it asks for a certificate of the client: set ${CLIENT_CERTIFICATE}`,
  "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE": `it refused the handshake; where it asks for a certificate of the client, set ${CLIENT_CERTIFICATE}`,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: `it does not trust the client's certificate: look at ${CLIENT_CERTIFICATE}`,
  "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED": `the client's certificate has expired: look at ${CLIENT_CERTIFICATE}`,
  ERR_SSL_WRONG_VERSION_NUMBER: "this port does not speak TLS",
  ERR_OSSL_PEM_NO_START_LINE: NOT_PEM,
  ERR_OSSL_PEM_BAD_BASE64_DECODE: NOT_PEM,
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "`tls.key` of the endpoint is not the key of `tls.cert`",
};

/** What is wrong with TLS, for people; undefined where the error is of another kind. Trying again does not mend it. */
export function explainTls(error: unknown): string | undefined {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  const meaning = typeof code === "string" ? MEANINGS[code] : undefined;
  if (meaning === undefined) return undefined;
  // OpenSSL's own text names files of its source; Node's says which names there are.
  const own = String(message);
  return own.includes(":error:") || own.startsWith("error:") ? `${meaning} (${code})` : `${own}: ${meaning}`;
}
