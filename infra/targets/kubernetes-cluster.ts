import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesApiInputs } from "../../contract/kubernetes.ts";
import type { KubernetesArgs } from "../plan/kubernetes.ts";
import { Output, output, secret } from "../pulumi.ts";

/** `kubernetes` as an argument of a component: the cluster may be made by the same program. */
export interface KubernetesInput extends Omit<KubernetesArgs, "kubeconfig"> {
  /** Path of a kubeconfig, or its text; from any output. @default KUBECONFIG, else ~/.kube/config */
  readonly kubeconfig?: pulumi.Input<string> | undefined;
}

/** The argument as the plan takes it, without what is not known yet. */
export function plainKubernetes(given: KubernetesInput): KubernetesArgs {
  // Whatever else a program in JavaScript gives is the check's business.
  if (typeof given !== "object" || given === null) return given;
  const { kubeconfig, ...rest } = given;
  return Output.isInstance(kubeconfig) ? rest : (given as KubernetesArgs);
}

/** The cluster, as @pulumi/kubernetes and the tool are both told. Throws where only one of them would know it. */
export function clusterOf(
  parent: pulumi.Resource,
  planned: KubernetesApiInputs,
  given: KubernetesInput["kubeconfig"],
): pulumi.Output<KubernetesApiInputs> {
  if (Output.isInstance(given)) return secret(given.apply((kubeconfig) => ({ ...planned, kubeconfig })));
  if (Object.keys(planned).length === 0 && parent.getProvider("kubernetes:core/v1:Pod")) {
    throw new Error(
      "a provider of @pulumi/kubernetes does not tell Hearth's own tool where its cluster is: " +
        "write kubernetes: { kubeconfig, context } as that provider has them",
    );
  }
  // The text of a kubeconfig is a login; its path is none.
  return planned.kubeconfig?.includes("\n") ? secret(planned) : output(planned);
}
