import { changesUnderLoad, restarting } from "../conformance/changes.ts";
import { kubernetesTarget } from "../conformance/kubernetes.ts";

changesUnderLoad("sentinel", kubernetesTarget, [restarting], { inOrder: true });
