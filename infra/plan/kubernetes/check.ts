import { ArgumentChecker } from "../check-values.ts";
import { isImageName, likelyImageName } from "../image-name.ts";
import { type KubernetesArgs, kubernetesDefaults } from "../kubernetes.ts";
import { bytes, formatBytes, show } from "../units.ts";

const keys: readonly (keyof Required<KubernetesArgs>)[] = [
  ...(["namespace", "kubeconfig", "context", "image", "exporterImage", "runnerImage", "demoImage", "storage"] as const),
  ...(["storageClass", "cpu", "cpuLimit", "user", "clients", "monitoring"] as const),
  ...(["primaryService", "serviceMonitor"] as const),
];

const imageKeys = ["image", "exporterImage", "runnerImage", "demoImage"] as const;

/** What is told when other arguments do not go together with this target. */
const elsewhere: Readonly<Record<string, string>> = {
  bind: "is for the target local: each pod binds its own address; leave it out",
  directory: "is for the target local: pods keep their files in volumes; leave it out",
};

/** A pod's name is a label of a name in the DNS; StatefulSet, index and what Kubernetes adds must fit behind it. */
const longest = 32;

/** Looks at the arguments of the target "kubernetes", and at those that it cannot do. */
export function checkKubernetes(name: string, args: ArgumentChecker, topology: string): void {
  for (const [key, why] of Object.entries(elsewhere)) {
    if (args.value(key) !== undefined) args.refuse(key, `${show(args.value(key))} ${why}`);
  }
  const firewall = args.value("firewall") ?? "off";
  if (firewall !== "off" && !args.findings.refused("firewall")) {
    args.refuse("firewall", `${show(firewall)} is for other targets: pods are closed by a NetworkPolicy; leave it out`);
  }
  if (args.value("hostTuning") === "apply") {
    const why = "machines of a cluster are tuned by who runs it, as docs/host.md says; leave it out";
    args.refuse("hostTuning", `"apply" is for the target local: ${why}`);
  }
  if (name.length > longest) {
    args.refuse("name", `${show(name)} is too long for a pod's name: write ${longest} characters at most`);
  }
  const value = args.value("kubernetes") ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    args.refuse("kubernetes", `${show(value)} is not a set of arguments: write { storage: "4gb" }`);
    return;
  }
  const kubernetes = new ArgumentChecker(value as Record<string, unknown>, args.findings, "kubernetes.");
  kubernetes.known("kubernetes", keys, (key) => (key === "replicas" ? "is an argument of RedisSentinel" : undefined));
  checkNames(kubernetes);
  for (const key of imageKeys) checkImage(kubernetes, key);
  checkStorage(kubernetes, args, topology);
  for (const key of ["cpu", "cpuLimit"] as const) checkCpu(kubernetes, key);
  checkUser(kubernetes);
  for (const key of ["clients", "monitoring"] as const) checkSelectors(kubernetes, key);
  kubernetes.flag("primaryService", true);
  kubernetes.flag("serviceMonitor", false);
}

function checkNames(kubernetes: ArgumentChecker): void {
  for (const key of ["namespace", "storageClass"] as const) {
    const name = kubernetes.text(key);
    if (name === undefined || (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && name.length <= 63)) continue;
    const meant = name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
    const hint = meant === "" || meant === name ? "" : `; did you mean "${meant}"?`;
    kubernetes.refuse(key, `${show(name)} is not a name: write small letters, digits and hyphens, 63 at most${hint}`);
  }
  for (const key of ["context", "kubeconfig"] as const) {
    if (kubernetes.text(key) === "") kubernetes.refuse(key, '"" says nothing: leave it out for the current one');
  }
}

function checkImage(kubernetes: ArgumentChecker, key: (typeof imageKeys)[number]): void {
  const image = kubernetes.text(key);
  if (image === undefined || isImageName(image)) return;
  const meant = likelyImageName(image);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  const allowed = `write a name with a tag or a digest, such as "${kubernetesDefaults[key]}"`;
  kubernetes.refuse(key, `${show(image)} is not the name of an image: ${allowed}${hint}`);
}

function checkStorage(kubernetes: ArgumentChecker, args: ArgumentChecker, topology: string): void {
  const storage = kubernetes.value("storage");
  if (storage !== undefined && storage !== "none") {
    kubernetes.size("storage", { min: bytes("1gb"), max: bytes("16384gb"), default: "4gb" });
    return;
  }
  const persistence = args.value("persistence");
  if (storage === "none" && persistence !== "none") {
    const kept = persistence === undefined ? "snapshots" : String(persistence);
    args.findings.warn(
      "kubernetes.storage",
      `"none" keeps what persistence "${kept}" writes only as long as the pod: write a size, or persistence "none"`,
    );
  }
  if (topology === "cluster" && (storage === "none" || persistence === "none")) {
    args.findings.warn(
      "kubernetes.storage",
      '"none": a pod of a cluster that moves to another machine comes back as a stranger, which only the next update ' +
        `takes in: write "${formatBytes(bytes("1gb"))}" or more`,
    );
  }
}

function checkCpu(kubernetes: ArgumentChecker, key: "cpu" | "cpuLimit"): void {
  const cpu = kubernetes.text(key);
  if (cpu === undefined || (/^(\d+m|\d+(\.\d{1,3})?)$/.test(cpu) && Number.parseFloat(cpu) > 0)) return;
  kubernetes.refuse(
    key,
    `${show(cpu)} is not an amount of CPU: write cores such as "2", or thousandths such as "500m"`,
  );
}

function checkUser(kubernetes: ArgumentChecker): void {
  const user = kubernetes.text("user");
  if (user === undefined) return;
  const ids = /^(\d{1,9}):(\d{1,9})$/.exec(user)?.slice(1).map(Number);
  const allowed = `write two numbers, user and group, such as "${kubernetesDefaults.user}"`;
  if (ids === undefined) kubernetes.refuse("user", `${show(user)} is not a numeric user: ${allowed}`);
  else if (ids.includes(0)) kubernetes.refuse("user", `${show(user)} is root, as which no server runs: ${allowed}`);
}

function checkSelectors(kubernetes: ArgumentChecker, key: "clients" | "monitoring"): void {
  const value = kubernetes.value(key);
  if (value === undefined) return;
  const example = 'write [{ labels: { app: "web" } }], with namespace: "shop" where they are in another one';
  if (!Array.isArray(value)) {
    kubernetes.refuse(key, `${show(value)} is not a list of pods: ${example}`);
    return;
  }
  for (const [index, selector] of value.entries()) {
    const labels = (selector as { labels?: unknown } | null)?.labels;
    const count = typeof labels === "object" && labels !== null ? Object.keys(labels).length : 0;
    // No label at all is every pod.
    if (count === 0) kubernetes.refuse(`${key}.${index}`, `${show(selector)} names no labels: ${example}`);
  }
}
