import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { networkOperations } from "../ops/runner/on-network.ts";
import { runOperations } from "./operation.ts";

/** Where the Secret with the requests is mounted (ops/kubernetes/job-manifest.ts). */
const requestsFile = "/hearth/request/requests";

/**
 * The tool in a Kubernetes Job: what it is asked lies in a file, its answers go to its log. In an Indexed Job each pod
 * does its own part of the work.
 */
async function main(): Promise<void> {
  // By it ioredis would print every command that it sends, AUTH with its password among them.
  delete process.env.DEBUG;
  const index = process.env.JOB_COMPLETION_INDEX;
  const lines = readFileSync(requestsFile, "utf8").split("\n");
  const requests = index === undefined ? lines : lines.map((line) => withIndex(line, Number(index)));
  let ended = false;
  process.once("SIGTERM", () => {
    ended = true;
  });
  await runOperations(networkOperations, Readable.from(requests.map((line) => `${line}\n`)));
  // An error is an answer as well: the Job has done what it is for. A pod that was taken away has not.
  process.exit(ended ? 143 : 0);
}

function withIndex(line: string, index: number): string {
  const request = JSON.parse(line);
  if (request.inputs?.shard !== undefined) request.inputs.shard.index = index;
  return JSON.stringify(request);
}

main().catch((error: unknown) => {
  process.stderr.write(`hearth: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
