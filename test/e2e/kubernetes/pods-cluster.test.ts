import { podsComeAndGo } from "./pods.ts";

podsComeAndGo("cluster");
