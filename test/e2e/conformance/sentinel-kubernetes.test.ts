import { kubernetesTarget } from "./kubernetes.ts";
import { conformance } from "./suite.ts";

conformance("sentinel", kubernetesTarget);
