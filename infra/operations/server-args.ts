import type * as pulumi from "@pulumi/pulumi";
import type { DirectivesByEffect } from "../plan/directives/effect.ts";

/** What of a server's inputs is made of secrets. */
export const secretInputs = ["password", "secretDirectives", "acl", "tls", "serverTls"] as const;
type Secrets = (typeof secretInputs)[number];

/** Inputs of a server: plain data, but for what is made of secrets; its directives by what a change of them does. */
export type ServerArgs<Plain extends { directives: unknown }> = Omit<
  Plain,
  Secrets | "directives" | "directiveVersions"
> & {
  [K in keyof Plain as K & Secrets]: pulumi.Input<NonNullable<Plain[K]>>;
} & DirectivesByEffect & {
    /** Of the directives those that only some versions of Redis are given: `{ "since 7.0": "maxmemory-clients" }`. */
    readonly versions?: Readonly<Record<string, string>>;
  };
