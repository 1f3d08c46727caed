import { dockerTarget } from "./docker.ts";
import { conformance } from "./suite.ts";

conformance("standalone", dockerTarget);
