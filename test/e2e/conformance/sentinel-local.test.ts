import { local } from "./local.ts";
import { conformance } from "./suite.ts";

conformance("sentinel", local);
