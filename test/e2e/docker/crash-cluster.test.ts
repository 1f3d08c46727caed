import { crashes } from "./crash.ts";

crashes("cluster", "snapshots");
crashes("cluster", "none");
