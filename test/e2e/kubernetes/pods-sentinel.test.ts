import { podsComeAndGo } from "./pods.ts";

podsComeAndGo("sentinel");
