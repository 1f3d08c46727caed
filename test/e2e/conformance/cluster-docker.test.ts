import { dockerTarget } from "./docker.ts";
import { conformance } from "./suite.ts";

conformance("cluster", dockerTarget);
