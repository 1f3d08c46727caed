import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { type Address, formatAddress } from "../../contract/address.ts";
import type { Tls } from "../../contract/endpoint.ts";
import { tlsOptions } from "../../warmer/redis/tls.ts";

/** A certificate, and when it ends. */
export interface DatedCertificate {
  /** What it is: `the certificate of 127.0.0.1:6379`. */
  readonly of: string;
  readonly endsAt: Date;
}

/**
 * When the certificate that a server shows ends; undefined where it shows none. Nothing is said over this connection,
 * so that a certificate that nobody should trust, such as one that has ended, can be looked at too.
 */
export async function certificateOf(
  address: Address,
  tls: Tls,
  timeoutMs: number,
): Promise<DatedCertificate | undefined> {
  return await new Promise((resolve) => {
    const done = (found?: DatedCertificate): void => {
      socket.destroy();
      resolve(found);
    };
    let options = {};
    try {
      options = tlsOptions(tls, address.host);
    } catch {
      // told by the connection itself
    }
    const socket = connect({ ...options, ...address, rejectUnauthorized: false, timeout: timeoutMs });
    socket.on("secureConnect", () => {
      const shown = socket.getPeerX509Certificate();
      done(shown && { of: `the certificate of ${formatAddress(address)}`, endsAt: new Date(shown.validTo) });
    });
    socket.on("timeout", () => done());
    socket.on("error", () => done());
  });
}

/** The certificates in the endpoint itself: the authorities', and the client's. */
export function ownCertificates({ ca, cert }: Tls): DatedCertificate[] {
  return [
    ...datesIn("the authority in tls.ca of the endpoint", ca),
    ...datesIn("the client's certificate in tls.cert of the endpoint", cert).slice(0, 1),
  ];
}

function datesIn(of: string, pem: string | undefined): DatedCertificate[] {
  const blocks = pem?.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [{ of, endsAt: new Date(new X509Certificate(block).validTo) }];
    } catch {
      return []; // told by the connection itself
    }
  });
}
