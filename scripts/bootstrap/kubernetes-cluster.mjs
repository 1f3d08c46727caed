// Step of npm test: a Kubernetes cluster. One that KUBECONFIG names is used as it is; else, on Debian, as root, a real
// one of one node is started, in namespaces of its own, and stopped after the last run that uses it.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { whyNoDebian } from "./debian.mjs";
import { kubernetesPrograms, kubernetesVersion, whyNotBuilt } from "./kubernetes-build.mjs";
import { importOwn } from "./kubernetes-images.mjs";
import { answers, dnsIsReady, makeAll, nodeIsReady, whatRuns } from "./kubernetes-probe.mjs";
import { alone, isRunning } from "./own-lock.mjs";
import { cacheFolder, displayPath, prependPath, root } from "./paths.mjs";
import { runQuietly, StepError, step } from "./step.mjs";

const here = path.join(root, "scripts", "bootstrap", "kubernetes");
/** The node's address, on a link from this one, by which its pods reach this machine. */
const node = "10.98.0.2";
const host = "10.98.0.1";
const link = "hearth-k8s";
/** Pods and Services: routed from this machine, so that tests reach them. */
const ranges = ["10.97.0.0/16", "10.96.0.0/16"];
const startMs = 120_000;

/** One cluster a machine, whoever's cache it comes from: its addresses are fixed. */
const state = path.join(os.tmpdir(), "hearth-kubernetes");
const own = {
  run: path.join(cacheFolder(), "kubernetes", "run"),
  bin: path.join(cacheFolder(), "kubernetes", `bin-${kubernetesVersion}`),
  facts: path.join(state, "cluster.json"),
  users: path.join(state, "users"),
  kept: path.join(state, "kept"),
  lock: `${state}.lock`,
};

/** The one-node cluster that runs on this machine: `{ pid, kubeconfig, bin, host, run }`, or undefined. */
export function runningCluster() {
  try {
    const facts = JSON.parse(readFileSync(own.facts, "utf8"));
    return isRunning(facts.pid) ? facts : undefined;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Makes sure that there is a cluster, and sets KUBECONFIG of this process. Returns what it is, for people, and what must
 * be called at the end; `why` instead where there is none. `keep`: nobody stops it but `stopCluster`.
 */
export async function kubernetesCluster({ keep = false } = {}) {
  const nothing = async () => {};
  if (process.env.KUBECONFIG) {
    const said = await whatRuns();
    if (said) return { said: `${said}, given by KUBECONFIG`, stop: nothing };
    return { why: `no cluster answers at KUBECONFIG=${process.env.KUBECONFIG}`, stop: nothing };
  }
  try {
    const why = whyNoDebian() ?? whyNotBuilt(own.bin);
    if (why) return { why: `KUBECONFIG is not set, and no cluster can be set up, as ${why}`, stop: nothing };
    await alone(own.lock, async () => {
      if (!runningCluster()) await start();
      mkdirSync(own.users, { recursive: true });
      writeFileSync(keep ? own.kept : path.join(own.users, String(process.pid)), "");
    });
  } catch (error) {
    return { why: `no Kubernetes can be started here: ${error.message}`, stop: nothing };
  }
  const { kubeconfig } = runningCluster();
  process.env.KUBECONFIG = kubeconfig;
  return { said: `${await whatRuns()}, our own at ${kubeconfig}`, stop: () => alone(own.lock, leave) };
}

/** Ends the cluster, whoever uses it. */
export function stopCluster() {
  return alone(own.lock, () => shutDown(runningCluster()?.pid));
}

async function start() {
  await kubernetesPrograms(own.bin);
  await step("starting Kubernetes", `for tests; in ${displayPath(own.run)}`, async () => {
    for (const left of [own.run, state]) rmSync(left, { recursive: true, force: true });
    mkdirSync(own.run, { recursive: true });
    mkdirSync(state, { recursive: true, mode: 0o700 });
    await runQuietly(path.join(here, "pki.sh"), [path.join(own.run, "pki"), node], { deadlineSeconds: 60 });
    configure();
    const { pid, ended } = await firstProcess();
    try {
      connect(pid);
      await until("the API server", ended, () => answers(node, path.join(own.run, "pki")));
      writeFileSync(path.join(own.run, "answers"), "");
      await until("containerd", ended, () => importOwn(pid, own.bin).then(() => true));
      const kubeconfig = path.join(own.run, "pki", "admin.kubeconfig");
      await until("the node", ended, () => nodeIsReady(kubeconfig));
      await makeAll(kubeconfig, path.join(here, "manifests"));
      await until("DNS", ended, () => dnsIsReady(kubeconfig));
      writeFileSync(own.facts, JSON.stringify({ pid, kubeconfig, bin: own.bin, run: own.run, host }));
    } catch (error) {
      await shutDown(pid);
      throw new StepError(`${error.message}. Logs are in ${displayPath(path.join(own.run, "log"))}`);
    }
  });
}

/** The files of conf, with folders in place of their names. */
function configure() {
  const target = path.join(own.run, "conf");
  cpSync(path.join(here, "conf"), target, { recursive: true });
  const values = { "@RUN@": own.run, "@BIN@": own.bin, "@CACHE@": path.dirname(own.run) };
  for (const entry of readdirSync(target, { withFileTypes: true }).filter((found) => found.isFile())) {
    const file = path.join(target, entry.name);
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(/@[A-Z]+@/g, (name) => values[name]),
    );
  }
}

async function firstProcess() {
  const log = openSync(path.join(own.run, "node.log"), "w", 0o600);
  const script = path.join(here, "node.sh");
  const namespaces = ["--net", "--mount", "--pid", "--uts", "--ipc", "--fork"];
  const child = spawn("unshare", [...namespaces, script, here, own.run, process.execPath], {
    env: { ...process.env, PATH: prependPath([own.bin, "/usr/sbin", "/sbin"]) },
    detached: true, // Ctrl-C is for the tests: it is stopped after them
    stdio: ["ignore", log, log],
  });
  child.unref();
  let end;
  child.on("error", (error) => {
    end = error.message;
  });
  child.on("exit", (code, signal) => {
    end = `its first process ended (${signal ?? code}): ${readFileSync(path.join(own.run, "node.log"), "utf8").slice(-500)}`;
  });
  const ended = () => end;
  const pid = await until("its first process", ended, async () =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim()),
  );
  return { pid, ended };
}

/** Lets this machine reach the node, pods and Services. */
function connect(pid) {
  ip("link", "del", link); // of a cluster that was killed
  const commands = [
    ["link", "add", link, "type", "veth", "peer", "name", "kns0"],
    ["address", "add", `${host}/30`, "dev", link],
    ["link", "set", link, "up"],
    ["link", "set", "kns0", "netns", String(pid)],
    ...ranges.map((range) => ["route", "replace", range, "via", node]),
  ];
  for (const args of commands) if (!ip(...args)) throw new StepError(`ip ${args.join(" ")} failed`);
}

function ip(...args) {
  return spawnSync("ip", args, { stdio: "ignore" }).status === 0;
}

async function until(what, ended, attempt) {
  let last;
  for (const end = Date.now() + startMs; Date.now() < end; await sleep(100)) {
    if (ended()) throw new StepError(ended());
    try {
      const found = await attempt();
      if (found) return found;
    } catch (error) {
      last = error;
    }
  }
  throw new StepError(`${what} did not answer within ${startMs / 1000} s${last ? `: ${last.message}` : ""}`);
}

/** Says that this run needs the cluster no more; the last one stops it. */
async function leave() {
  rmSync(path.join(own.users, String(process.pid)), { force: true });
  if (existsSync(own.kept) || !existsSync(own.users)) return;
  if (readdirSync(own.users).some((name) => isRunning(Number(name)))) return;
  await shutDown(runningCluster()?.pid);
}

/** The first process of a pid namespace takes all others with it, and the mounts and links of its namespaces. */
async function shutDown(pid) {
  if (pid === undefined) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
  for (const end = Date.now() + 30_000; isRunning(pid) && Date.now() < end; ) await sleep(50);
  if (isRunning(pid)) throw new StepError(`the cluster's first process (${pid}) does not end`);
  ip("link", "del", link);
  rmSync(state, { recursive: true, force: true });
  const groups = "find /sys/fs/cgroup/ -depth -type d -path '*hearth-kubernetes*' -exec rmdir {} + 2>/dev/null";
  spawnSync("sh", ["-c", groups], { stdio: "ignore" });
}
