// Step of npm test: a Docker engine. One that answers is used as it is; on Debian, as root, where none does, one of our
// own is started, out of Debian's packages unpacked into the cache, and stopped after the last run that uses it.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { debianRoot, debianVersion, need, whyNoDebian } from "./debian.mjs";
import { addBridge, ownPool, removeBridge } from "./docker-bridge.mjs";
import { clear, probe } from "./docker-probe.mjs";
import { alone, isRunning } from "./own-lock.mjs";
import { cacheFolder, displayPath, findProgram, prependPath } from "./paths.mjs";
import { StepError, step } from "./step.mjs";

/**
 * The release whose engine is taken. Debian 12 has 20.10, which can hang for ever when containers of one network are
 * removed at once (moby/moby#42545).
 */
const suite = "trixie";
const programs = ["dockerd", "docker-proxy", "docker-init", "containerd", "containerd-shim-runc-v2"];

const startMs = 60_000;

/**
 * Makes sure that a Docker engine answers, and sets DOCKER_HOST of this process to it where it is one of ours. Returns
 * what it is, for people, and what must be called at the end; `why` instead where there is none.
 */
export async function dockerEngine() {
  const own = folders();
  try {
    // Alone: another run may be starting or stopping it. One of our own comes first, whoever left it.
    const found = await alone(own.lock, async () => {
      const usual = !existsSync(own.pidfile) && (await answers(process.env.DOCKER_HOST));
      if (usual) return { said: usual };
      const why = whyNotOurs(own);
      if (why) return { why };
      if (!(await answers(own.host))) await start(own);
      mkdirSync(own.users, { recursive: true });
      writeFileSync(path.join(own.users, String(process.pid)), "");
      return undefined;
    });
    if (found) return { ...found, stop: async () => {} };
  } catch (error) {
    return { why: `no Docker engine can be started here: ${error.message}`, stop: async () => {} };
  }
  process.env.DOCKER_HOST = own.host;
  return { said: `${await answers(own.host)}, our own at ${own.host}`, stop: () => alone(own.lock, () => leave(own)) };
}

/** Version of the engine that answers there, or undefined. */
async function answers(host) {
  const { default: Docker } = await import("dockerode");
  // A socket is all that we start ourselves; every other address dockerode reads out of the environment.
  const docker = host?.startsWith("unix://") ? new Docker({ socketPath: host.slice("unix://".length) }) : new Docker();
  try {
    const { Version } = await docker.version({ abortSignal: AbortSignal.timeout(10_000) });
    return `Docker ${Version}`;
  } catch {
    return undefined;
  }
}

/** Where our engine has what it keeps, what it runs, and its socket: the latter must have a short path. */
function folders() {
  const cache = path.join(cacheFolder(), "docker");
  const id = createHash("sha256").update(cache).digest("hex").slice(0, 8);
  const run = path.join(os.tmpdir(), `hearth-docker-${id}`);
  const asked = process.env.DOCKER_HOST;
  const socket = asked?.startsWith("unix://") ? asked.slice("unix://".length) : path.join(run, "docker.sock");
  return {
    ...{ id, run, socket, host: `unix://${socket}`, bin: path.join(cache, "bin"), data: path.join(cache, "data") },
    ...{ log: path.join(cache, "log"), pidfile: path.join(run, "pid"), users: path.join(run, "users") },
    lock: path.join(os.tmpdir(), `hearth-docker-${id}.lock`),
  };
}

function whyNotOurs({ bin }) {
  const asked = process.env.DOCKER_HOST;
  if (asked && !asked.startsWith("unix://")) return `no Docker engine answers at DOCKER_HOST=${asked}`;
  const here = findProgram("dockerd", prependPath([bin])) && process.getuid?.() === 0;
  const unable = here ? undefined : whyNoDebian();
  return unable && `no Docker engine answers, and none can be set up, as ${unable}`;
}

async function start(own) {
  await need({ iptables: "iptables", ip: "iproute2" });
  if (!findProgram("dockerd", prependPath([own.bin]))) await unpack(own.bin);
  if (!existsSync(path.join(own.bin, "runc"))) await need({ runc: "runc" });
  await step(`starting Docker, with its data in ${displayPath(own.data)}`, "for tests; none answers", async () => {
    mkdirSync(own.run, { recursive: true, mode: 0o700 });
    mkdirSync(path.dirname(own.socket), { recursive: true });
    mkdirSync(own.data, { recursive: true });
    // Networks too: an engine that was killed does not start again beside its own old default network. See `ownPool`.
    for (const left of [own.socket, own.pidfile, path.join(own.data, "network")]) {
      rmSync(left, { recursive: true, force: true });
    }
    const bridge = addBridge(own.id);
    const network = bridge.length > 0 ? [...bridge, ...ownPool] : [];
    const args = ["--host", own.host, "--data-root", own.data, "--exec-root", path.join(own.run, "exec")];
    const log = openSync(own.log, "w", 0o600);
    const child = spawn("dockerd", [...args, "--pidfile", own.pidfile, ...network], {
      env: { ...process.env, PATH: prependPath([own.bin]) },
      detached: true, // Ctrl-C is for the tests: it is stopped after them
      stdio: ["ignore", log, log],
    });
    child.unref();
    let ended;
    child.on("error", (error) => {
      ended = error.message;
    });
    child.on("exit", (code, signal) => {
      ended = `dockerd ended (${signal ?? code}): ${reasonIn(own.log)}`;
    });
    for (const end = Date.now() + startMs; !(await answers(own.host)); await sleep(100)) {
      if (ended === undefined && Date.now() > end) ended = `dockerd did not answer within ${startMs / 1000} s`;
      if (ended === undefined) continue;
      await shutDown(own, child.pid);
      throw new StepError(`${ended}. Its log is ${displayPath(own.log)}`);
    }
    try {
      await clear(own.host);
      await probe(own.host, prependPath([own.bin]));
    } catch (error) {
      await shutDown(own, child.pid);
      throw error;
    }
  });
}

/** dockerd's own last words: it tells everything else as well. */
function reasonIn(log) {
  const lines = readFileSync(log, "utf8").trim().split("\n");
  return lines.findLast((line) => /failed|error|fatal/i.test(line)) ?? lines.at(-1) ?? "it said nothing";
}

async function unpack(bin) {
  await step(`unpacking Docker of Debian's ${suite} into ${displayPath(bin)}`, "for tests; no dockerd", async () => {
    const temporary = `${bin}.${process.pid}`;
    mkdirSync(temporary, { recursive: true });
    const { done } = await debianRoot(suite, ["docker.io"], temporary, ["--variant=extract"]);
    try {
      await done;
      const found = `${temporary}.bin`;
      rmSync(found, { recursive: true, force: true });
      mkdirSync(found);
      // An older release's own runc, as this one's needs a newer C library.
      for (const name of debianVersion() < 13 ? programs : [...programs, "runc"]) {
        const from = ["usr/bin", "usr/sbin", "usr/libexec/docker"].map((folder) => path.join(temporary, folder, name));
        const file = from.find((candidate) => existsSync(candidate));
        if (!file) throw new StepError(`no ${name} in the package docker.io`);
        copyFileSync(file, path.join(found, name));
      }
      rmSync(bin, { recursive: true, force: true });
      renameSync(found, bin);
    } finally {
      for (const left of [temporary, `${temporary}.bin`]) rmSync(left, { recursive: true, force: true });
    }
  });
}

/** Says that this run needs the engine no more; the last one stops it. */
async function leave(own) {
  rmSync(path.join(own.users, String(process.pid)), { force: true });
  const others = readdirSync(own.users).filter((name) => isRunning(Number(name)));
  if (others.length > 0) return;
  await shutDown(own, Number(readFileSync(own.pidfile, "utf8")));
}

async function shutDown(own, pid) {
  stopProcess(pid);
  for (const end = Date.now() + 30_000; isRunning(pid) && Date.now() < end; ) await sleep(100);
  if (isRunning(pid)) throw new StepError(`dockerd (process ${pid}) does not end`);
  removeBridge(own.id);
  rmSync(own.run, { recursive: true, force: true });
}

function stopProcess(pid) {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
