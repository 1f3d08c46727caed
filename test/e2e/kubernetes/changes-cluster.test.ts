import { changesUnderLoad, restarting } from "../conformance/changes.ts";
import { kubernetesTarget } from "../conformance/kubernetes.ts";

changesUnderLoad("cluster", kubernetesTarget, [restarting], { inOrder: true });
