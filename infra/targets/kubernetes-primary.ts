import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, type Manifest } from "../plan/kubernetes/manifest.ts";
import {
  type PrimaryManifests,
  primaryManifests,
  primarySecret,
  primarySecretName,
} from "../plan/kubernetes/primary.ts";
import { hasPrimaryService } from "../plan/kubernetes/primary-names.ts";
import { setsOf } from "../plan/kubernetes/sets.ts";
import { all, secret } from "../pulumi.ts";
import { proxyProgram } from "../tool.ts";
import type { ObjectsInput } from "./kubernetes-objects.ts";

/** The proxies to the primary, where a topology has them; the Secret is made by `proxySecret`. */
export function proxiesOf({ owner, plan, target, admitted }: ObjectsInput): PrimaryManifests | undefined {
  if (!hasPrimaryService(plan, target)) return undefined;
  return primaryManifests(owner, plan, setsOf(plan), target, proxyProgram(), admitted);
}

/** The Secret of the proxies. What is in it becomes known later than its name. */
export function proxySecret(input: ObjectsInput, dependsOn: pulumi.Resource[]): pulumi.Resource {
  const { module, owner, plan, secrets, tls, options } = input;
  const made = all([secrets, tls?.client]).apply(([known, client]): Manifest => {
    return primarySecret(owner, plan, { secrets: known, ...(client && { client }) });
  });
  const name = primarySecretName(plan);
  const stringData = secret(made.apply((manifest) => manifest.stringData as Record<string, string>));
  const metadata = { name, namespace: owner.namespace, labels: labelsOf(owner, plan) };
  return new module.core.v1.Secret(name, { metadata, type: "Opaque", stringData }, { ...options, dependsOn });
}
