// agent.mjs KUBECONFIG FOLDER: what the one-node cluster has besides Kubernetes itself: NetworkPolicies are enforced, and
// claims get volumes, folders within FOLDER. Started by node.sh.
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubeConfig, makeInformer, NetworkingV1Api } from "@kubernetes/client-node";
import { rulesOf } from "./policies.mjs";
import { serveVolumes } from "./volumes.mjs";

const [, , file, folder] = process.argv;
const config = new KubeConfig();
config.loadFromFile(file);
const core = config.makeApiClient(CoreV1Api);
const networking = config.makeApiClient(NetworkingV1Api);

let timer;
/** Soon, once for all that comes together. */
function changed() {
  if (timer) return;
  timer = setTimeout(() => {
    timer = undefined;
    apply();
    serveVolumes(core, folder, claims.list(), volumes.list()).catch(report);
  }, 20);
}

const pods = watch("/api/v1/pods", () => core.listPodForAllNamespaces());
const namespaces = watch("/api/v1/namespaces", () => core.listNamespace());
const policies = watch("/apis/networking.k8s.io/v1/networkpolicies", () =>
  networking.listNetworkPolicyForAllNamespaces(),
);
const claims = watch("/api/v1/persistentvolumeclaims", () => core.listPersistentVolumeClaimForAllNamespaces());
const volumes = watch("/api/v1/persistentvolumes", () => core.listPersistentVolume());

function watch(path, list) {
  const informer = makeInformer(config, path, list);
  for (const event of ["add", "update", "delete"]) informer.on(event, changed);
  informer.on("error", async (error) => {
    report(error);
    await sleep(500);
    informer.start().catch(report);
  });
  informer.start().catch(report);
  return informer;
}

let applied;
function apply() {
  const rules = rulesOf(pods.list(), namespaces.list(), policies.list());
  if (rules === applied) return;
  const { status, stderr } = spawnSync("nft", ["-f", "-"], { input: rules, encoding: "utf8" });
  if (status === 0) applied = rules;
  else report(new Error(`${stderr}\n${rules}`));
}

function report(error) {
  console.error(error);
}
