import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Why network namespaces cannot be made here, with these programs in them; undefined when they can. */
export function whyNoNamespaces(...programs: readonly string[]): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "only root may make network namespaces";
  const missing = ["ip", ...programs].find((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
  if (missing !== undefined) return `${missing} is not on the PATH`;
  const probe = `hearth-probe-${process.pid}`;
  const made = spawnSync("ip", ["netns", "add", probe]);
  spawnSync("ip", ["netns", "del", probe]);
  return made.status === 0 ? undefined : `ip netns add: ${String(made.stderr).trim()}`;
}

/** One machine of a test: a network namespace with a cable to the test's own network. */
export interface Machine {
  readonly name: string;
  /** Its network namespace. */
  readonly namespace: string;
  /** Runs a program to its end there, and gives its stdout. Rejects with what it said when it fails. */
  run(program: string, args: readonly string[], input?: string): Promise<string>;
  /** Starts a program there, which ends with the network at the latest. */
  start(program: string, args: readonly string[]): ChildProcess;
}

/** Machines that only know each other. */
export interface TestNetwork {
  /** A machine with these addresses on the network: `10.0.0.7/16`, `fd00::7/32`. */
  machine(name: string, ...addresses: readonly string[]): Promise<Machine>;
  /** Ends every process that was started, and removes all machines. */
  close(): Promise<void>;
}

/** A switch in a namespace of its own, so that nothing of this machine's network is touched. */
export async function startNetwork(): Promise<TestNetwork> {
  const id = `hearth-${randomBytes(3).toString("hex")}`;
  const bridge = `${id}-switch`;
  const namespaces: string[] = [];
  const children: ChildProcess[] = [];
  const inside = (namespace: string, ...command: readonly string[]) => ip("netns", "exec", namespace, ...command);

  const add = async (namespace: string): Promise<void> => {
    namespaces.push(namespace);
    await ip("netns", "add", namespace);
    // Addresses are there at once, instead of after a search for others that have them.
    await inside(namespace, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0");
    await ip("-n", namespace, "link", "set", "lo", "up");
  };
  await add(bridge);
  await ip("-n", bridge, "link", "add", "br0", "type", "bridge");
  await ip("-n", bridge, "link", "set", "br0", "up");

  const machine = async (name: string, ...addresses: readonly string[]): Promise<Machine> => {
    const namespace = `${id}-${name}`;
    const port = `port${namespaces.length}`;
    await add(namespace);
    await ip("-n", bridge, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    await ip("-n", bridge, "link", "set", port, "master", "br0", "up");
    for (const address of addresses) await ip("-n", namespace, "address", "add", address, "dev", "eth0");
    await ip("-n", namespace, "link", "set", "eth0", "up");
    return {
      name,
      namespace,
      async run(program, args, input = "") {
        const child = run("ip", ["netns", "exec", namespace, program, ...args]);
        child.child.stdin?.on("error", () => {}); // it does not read
        child.child.stdin?.end(input);
        return (await child).stdout;
      },
      start(program, args) {
        const child = spawn("ip", ["netns", "exec", namespace, program, ...args], {
          stdio: ["pipe", "pipe", "ignore"],
        });
        children.push(child);
        return child;
      },
    };
  };
  const close = async (): Promise<void> => {
    await Promise.all(children.map(end));
    for (const namespace of namespaces) await ip("netns", "del", namespace);
  };
  return { machine, close };
}

async function ip(...args: readonly string[]): Promise<void> {
  await run("ip", [...args]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
