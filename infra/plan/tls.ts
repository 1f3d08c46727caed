import { bindsOf } from "./listen.ts";

/** An own certificate for all nodes: each a PEM text, or the path of a file, relative to the folder of Pulumi.yaml. */
export interface OwnCertificate<Text = string> {
  /** The authority that signed it, or several one after the other: what clients and nodes trust. */
  readonly ca: Text;
  /** The certificate, and behind it those between it and the authority. It names every address of the nodes. */
  readonly cert: Text;
  /** Its private key, not encrypted. */
  readonly key: Text;
  /** A client's certificate and key, with `mutual`: Hearth's own tools show it, and it is part of the endpoint. */
  readonly client?: { readonly cert: Text; readonly key: Text } | undefined;
}

/** How connections are encrypted, where `"off"` and `"generated"` say too little. */
export interface TlsOptions<Text = string> {
  /** Certificates of an authority that Hearth makes and keeps in the state, or your own. @default "generated" */
  readonly certificate?: "generated" | OwnCertificate<Text> | undefined;
  /** Whether clients must show a certificate too. @default false */
  readonly mutual?: boolean | undefined;
  /** Generated: further names and addresses by which clients reach the nodes: `["cache.example.org"]`. @default none */
  readonly hosts?: readonly string[] | undefined;
  /** Generated: days that certificates made from now on are valid, 1-825. @default 365 */
  readonly validityDays?: number | undefined;
  /** Days before its end in which an update renews a certificate, or warns of an own one; fewer than `validityDays`. @default 30 */
  readonly renewBeforeDays?: number | undefined;
  /** Generated: any text. When it changes, another authority takes the place of this one, over three updates. @default "" */
  readonly rotation?: string | undefined;
}

/** `"off"`: plain TCP. `"generated"`: TLS only, with certificates that Hearth makes and renews. */
export type TlsArgs<Text = string> = "off" | "generated" | TlsOptions<Text>;

/** How a plan's nodes speak TLS, without keys and certificates. */
export interface TlsPlan {
  readonly certificate: "generated" | "own";
  readonly mutual: boolean;
  /** Names and addresses that a generated certificate holds besides the node's own. */
  readonly hosts: readonly string[];
  readonly validityDays: number;
  readonly renewBeforeDays: number;
  readonly rotation: string;
}

export const tlsDefaults = { validityDays: 365, renewBeforeDays: 30 } as const;

/** The argument `tls` with its defaults; undefined where it is off. It must have passed its check. */
export function resolveTls(tls: TlsArgs<unknown> | undefined): TlsPlan | undefined {
  if (tls === undefined || tls === "off") return undefined;
  const options: TlsOptions<unknown> = tls === "generated" ? {} : tls;
  return {
    certificate: (options.certificate ?? "generated") === "generated" ? "generated" : "own",
    mutual: options.mutual ?? false,
    hosts: options.hosts ?? [],
    validityDays: options.validityDays ?? tlsDefaults.validityDays,
    renewBeforeDays: options.renewBeforeDays ?? tlsDefaults.renewBeforeDays,
    rotation: options.rotation ?? "",
  };
}

/** Every name and address of this machine by which a node with this `bind` is reached. */
export function localNames(bind: string | undefined, hostname: string): string[] {
  const addresses = bindsOf(bind);
  const wild = addresses.some(isWildcard);
  const loopback = wild || addresses.some((address) => /^127\.|^::1$/.test(address));
  return [
    ...addresses.filter((address) => !isWildcard(address)),
    ...(wild ? [hostname] : []),
    ...(loopback ? ["127.0.0.1", "::1", "localhost"] : []),
  ].filter((name, index, all) => all.indexOf(name) === index);
}

function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::" || address === "*";
}
