/** For `await import`: of a CommonJS package a bundle would have the default export alone. */
export { Cluster, Redis } from "ioredis";
