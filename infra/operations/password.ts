import type * as pulumi from "@pulumi/pulumi";
import { Operation } from "./operation.ts";

/** A password generated once, 32 random bytes in base64url, and kept in the state as a secret. */
export class Password extends Operation {
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, opts: pulumi.CustomResourceOptions = {}) {
    super("Password", "password", name, {}, ["value"], { ...opts, additionalSecretOutputs: ["value"] });
  }
}
