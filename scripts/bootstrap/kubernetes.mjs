// Step of npm test: Kubernetes for tests, as far as it was asked for. By hand: node scripts/bootstrap/kubernetes.mjs start
// leaves the one-node cluster running until ... stop.
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { kubernetesCluster, stopCluster } from "./kubernetes-cluster.mjs";
import { main, StepError } from "./step.mjs";

/**
 * Makes a cluster ready where KUBECONFIG names one or HEARTH_REQUIRE says kubernetes. Returns what there is,
 * for people, and what must be called at the end.
 */
export async function kubernetesForTests() {
  const asked = (process.env.HEARTH_REQUIRE ?? "").split(",").includes("kubernetes");
  if (!asked && !process.env.KUBECONFIG) {
    const why = "not asked for by KUBECONFIG or HEARTH_REQUIRE=kubernetes";
    process.env.HEARTH_NO_KUBERNETES = why; // tests that need it are skipped by this name
    return { said: `none: ${why}`, stop: async () => {} };
  }
  const { said, why, stop } = await kubernetesCluster();
  if (why) process.env.HEARTH_NO_KUBERNETES = why;
  return { said: said ?? `none: ${why}`, stop };
}

async function byHand([what]) {
  if (what === "stop") return await stopCluster();
  if (what !== "start") throw new StepError("start or stop?");
  const { why } = await kubernetesCluster({ keep: true });
  if (why) throw new StepError(why);
  console.log(`export KUBECONFIG=${process.env.KUBECONFIG}`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(() => byHand(process.argv.slice(2)));
}
