import { dockerPlugin } from "../../scripts/bootstrap/docker-plugin.mjs";
import { removeLeftovers } from "./docker-leftovers.ts";

/** Once for a run with tests on the real engine, before the first of them: which Docker provider their stacks use. */
export default async function setup(): Promise<void> {
  console.error(`hearth: Docker provider: ${await dockerPlugin()}`);
  await removeLeftovers();
}
