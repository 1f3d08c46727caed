import { randomUUID } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import type { UserName } from "../plan/secrets.ts";
import { Operation } from "./operation.ts";

/** Inputs of Passwords. */
export interface PasswordsArgs {
  readonly users: readonly UserName[];
  /** Passwords of the user's own; the others are generated: 32 random bytes in base64url. */
  readonly given: pulumi.Input<Readonly<Partial<Record<UserName, string>>>>;
  /** Every generated password is replaced when this changes. */
  readonly rotation: string;
}

/**
 * The passwords of a topology's users, kept in the state as secrets. One that was replaced is kept as `previous` until
 * the next update, in which servers let it in beside the new one.
 */
export class Passwords extends Operation {
  declare readonly passwords: pulumi.Output<Readonly<Record<UserName, string>>>;
  declare readonly previous: pulumi.Output<Readonly<Partial<Record<UserName, string>>>>;
  /** Whether they are made in this very update: then nothing of the topology is there yet. Unknown in previews of it. */
  readonly isNew: pulumi.Output<boolean>;
  /** The program run that made them; undefined where that was not noted yet. */
  declare readonly createdIn: pulumi.Output<string | undefined>;

  constructor(name: string, args: PasswordsArgs, opts: pulumi.CustomResourceOptions = {}) {
    const outputs = ["passwords", "previous"];
    const run = randomUUID();
    const secret = { ...opts, additionalSecretOutputs: outputs };
    super("Passwords", "passwords", name, { ...args, run }, [...outputs, "createdIn"], secret);
    this.isNew = this.createdIn.apply((known) => known === run);
  }
}
