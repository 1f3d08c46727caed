import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import type { Address } from "../../contract/address.ts";
import type { RunnerInputs } from "../../contract/runner.ts";
import { engineOf } from "../docker/engine.ts";

/** Milliseconds in which a node that can be reached has taken a connection. */
const connectMs = 1000;

/**
 * Whether this machine reaches the containers of a network: a node takes a connection, or the network's bridge is an
 * interface of this machine, so that what does not answer yet will be heard here when it does. A refused connection
 * says nothing: it may come from whatever else has that address.
 */
export async function canReach({ docker, network }: RunnerInputs, nodes: readonly Address[]): Promise<boolean> {
  if (await anyConnects(nodes)) return true;
  const engine = await engineOf(docker);
  const found = await engine
    .getNetwork(network)
    .inspect()
    .catch(() => undefined); // it is gone, or not there yet: the container will tell
  if (found === undefined) return false;
  const name = found.Options?.["com.docker.network.bridge.name"] ?? `br-${String(found.Id).slice(0, 12)}`;
  return networkInterfaces()[name]?.some(({ family }) => family === "IPv4") ?? false;
}

async function anyConnects(nodes: readonly Address[]): Promise<boolean> {
  const attempts = nodes.map(connects);
  try {
    await Promise.any(attempts);
    return true;
  } catch {
    return false;
  }
}

/** Rejects unless a connection is made in time. */
function connects({ host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: connectMs });
    const end = (error?: Error) => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.once("connect", () => end());
    socket.once("timeout", () => end(new Error("no answer")));
    socket.once("error", end);
  });
}
