// Programs of the one-node cluster: Kubernetes and CoreDNS built from the Go module registry, the rest unpacked out of
// Debian's packages into the cache. Nothing is installed here except what has to be on the PATH of such a machine.
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { debianRoot, need } from "./debian.mjs";
import { displayPath, findProgram, root } from "./paths.mjs";
import { runQuietly, StepError, step } from "./step.mjs";

/** The newest Kubernetes whose modules' checksums are right in every registry. */
export const kubernetesVersion = "1.32.0";

const modules = path.join(root, "scripts", "bootstrap", "kubernetes", "modules");
const deadlineSeconds = 1800;

/** Programs of packages, each with the folder that it lies in. */
const unpacked = {
  etcd: "usr/bin",
  containerd: "usr/bin",
  "containerd-shim-runc-v2": "usr/bin",
  ctr: "usr/bin",
};
const plugins = ["bridge", "host-local", "loopback", "portmap"];

/** What this machine must have besides, each with its package. */
const needed = {
  ...{ iptables: "iptables", ip: "iproute2", nft: "nftables", openssl: "openssl", runc: "runc" },
  ...{ unshare: "util-linux", nsenter: "util-linux", setsid: "util-linux" },
};

/** Why Kubernetes cannot be built here, or undefined. */
export function whyNotBuilt(folder) {
  if (existsSync(folder) || findProgram("go")) return undefined;
  return "there is no Go to build Kubernetes with";
}

/** Makes what is missing in `folder`: its programs, and CNI's in `folder`/cni. */
export async function kubernetesPrograms(folder) {
  await need(needed);
  if (existsSync(folder)) return;
  const temporary = `${folder}.${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  const bin = path.join(temporary, "bin");
  mkdirSync(path.join(bin, "cni"), { recursive: true });
  try {
    await step("unpacking containerd, etcd and CNI of Debian's bookworm", "for tests on Kubernetes", () =>
      unpack(path.join(temporary, "debian"), bin),
    );
    const why = `for tests; 6 minutes on two cores, once: into ${displayPath(folder)}`;
    await step(`building Kubernetes ${kubernetesVersion} and CoreDNS with Go`, why, () => build(temporary, bin));
    renameSync(bin, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function unpack(target, bin) {
  mkdirSync(target);
  const packages = ["etcd-server", "containernetworking-plugins", "containerd"];
  const { done } = await debianRoot("bookworm", packages, target, ["--variant=extract"]);
  await done;
  const files = [
    ...Object.entries(unpacked).map(([name, from]) => [path.join(target, from, name), path.join(bin, name)]),
    ...plugins.map((name) => [path.join(target, "usr/lib/cni", name), path.join(bin, "cni", name)]),
  ];
  for (const [from, to] of files) {
    if (!existsSync(from)) throw new StepError(`no ${path.basename(from)} in ${packages.join(", ")}`);
    copyFileSync(from, to);
  }
}

async function build(temporary, bin) {
  const source = path.join(temporary, "source");
  // Built from copies: go may write into a module's folder, and the repository stays as it is.
  cpSync(modules, source, { recursive: true });
  const [major, minor] = kubernetesVersion.split(".");
  const version = [
    `-X k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`,
    `-X k8s.io/component-base/version.gitMajor=${major}`,
    `-X k8s.io/component-base/version.gitMinor=${minor}`,
    "-X k8s.io/component-base/version.gitTreeState=clean",
    `-X k8s.io/client-go/pkg/version.gitVersion=v${kubernetesVersion}`,
  ].join(" ");
  const names = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"];
  const commands = names.map((name) => `k8s.io/kubernetes/cmd/${name}`);
  await go(path.join(source, "cluster"), ["build", "-ldflags", `-s -w ${version}`, "-o", `${bin}/`, ...commands]);
  for (const [folder, name] of [
    ["dns", "coredns"],
    ["pause", "pause"],
  ]) {
    await go(path.join(source, folder), ["build", "-ldflags", "-s -w", "-o", path.join(bin, name), "."]);
  }
}

function go(cwd, args) {
  const env = {
    ...process.env,
    GOFLAGS: "-mod=readonly -buildvcs=false -trimpath",
    ...{ GOWORK: "off", GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
  };
  // The tests that run meanwhile come first.
  return runQuietly("nice", ["-n", "19", "go", ...args], { cwd, env, deadlineSeconds });
}
