import type { Directives } from "./nodes.ts";

/** Where a server finds what it needs to speak TLS, as it sees the paths itself. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How a server speaks TLS, and nothing else: nothing listens without TLS where there is TLS. */
export function tlsDirectives(
  port: number,
  { ca, cert, key }: TlsFiles,
  { authClients, cluster }: { readonly authClients: "no" | "optional" | "yes"; readonly cluster: boolean },
): Directives {
  return {
    port: "0",
    "tls-port": `${port}`,
    "tls-ca-cert-file": ca,
    "tls-cert-file": cert,
    "tls-key-file": key,
    "tls-auth-clients": authClients,
    // To primaries, replicas and other sentinels too.
    "tls-replication": "yes",
    ...(cluster && { "tls-cluster": "yes" }),
    "tls-protocols": "TLSv1.2 TLSv1.3",
    // Mozilla's "intermediate": forward secrecy and authenticated encryption only.
    "tls-ciphers": ciphers,
    "tls-ciphersuites": "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    "tls-prefer-server-ciphers": "yes",
  };
}

const ciphers = [
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ...["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
].join(":");
