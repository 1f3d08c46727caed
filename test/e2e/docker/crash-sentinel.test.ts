import { crashes } from "./crash.ts";

crashes("sentinel", "snapshots");
crashes("sentinel", "none");
