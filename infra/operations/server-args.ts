import type * as pulumi from "@pulumi/pulumi";
import type { DirectivesByEffect } from "../plan/directives/effect.ts";

type Secrets = "password" | "secretDirectives" | "acl" | "tls" | "serverTls";

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
