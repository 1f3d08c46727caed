import type * as pulumi from "@pulumi/pulumi";
import type { CertificatesInputs, Issued, KeyPair } from "../../contract/certificates.ts";
import { Operation } from "./operation.ts";

/**
 * An authority of the topology's own, a certificate for every node, and one for clients, in the state as secrets. The
 * first update after `renewAt` renews what is due.
 */
export class Certificates extends Operation {
  /** PEM of the authorities to trust. */
  declare readonly ca: pulumi.Output<string>;
  declare readonly caKey: pulumi.Output<string>;
  /** By node. */
  declare readonly servers: pulumi.Output<Issued["servers"]>;
  declare readonly client: pulumi.Output<KeyPair>;
  declare readonly expiresAt: pulumi.Output<string>;
  declare readonly renewAt: pulumi.Output<string>;

  constructor(name: string, args: CertificatesInputs, opts: pulumi.CustomResourceOptions = {}) {
    const secrets = ["caKey", "nextCaKey", "servers", "client"];
    const outputs = ["ca", ...secrets, "rotated", "expiresAt", "renewAt"];
    super("Certificates", "certificates", name, { ...args }, outputs, { ...opts, additionalSecretOutputs: secrets });
  }
}
