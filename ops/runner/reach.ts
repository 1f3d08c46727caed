import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { NetworkInspectInfo } from "dockerode";
import type { Address } from "../../contract/address.ts";
import type { DockerRunner } from "../../contract/runner.ts";
import { engineOf } from "../docker/engine.ts";

/** Milliseconds in which a node that can be reached has answered. */
const answerMs = 1000;
const ping = "PING\r\n";

/**
 * Whether this machine reaches the containers of a network: its bridge is an interface of this machine, so that what
 * does not answer yet will be heard here when it does; or else a node answers, by whatever way.
 */
export async function canReach({ docker, network }: DockerRunner, nodes: readonly Address[]): Promise<boolean> {
  const engine = await engineOf(docker);
  const found = await engine
    .getNetwork(network)
    .inspect()
    .catch(() => undefined); // it is gone, or not there yet: the container will tell
  return (found !== undefined && hasBridge(found)) || anyAnswers(nodes);
}

/**
 * Docker names the bridge after the network's id, so that no other machine's is taken for it. (Linux, as everywhere where
 * Docker has its bridges. os.networkInterfaces() leaves out a bridge on which no container runs yet.)
 */
function hasBridge({ Id, Options }: NetworkInspectInfo): boolean {
  // Then the bridge has no address, and there is no route from here.
  if (Options?.["com.docker.network.bridge.inhibit_ipv4"] === "true") return false;
  const name = Options?.["com.docker.network.bridge.name"] ?? `br-${Id.slice(0, 12)}`;
  return existsSync(`/sys/class/net/${name}`);
}

/** Whether one of them answers as Redis does, in plain text or by TLS. */
export async function anyAnswers(nodes: readonly Address[]): Promise<boolean> {
  const attempts = nodes.flatMap((node) => [answersPing(node), answersTls(node)]);
  return (await Promise.any(attempts.map(orReject)).catch(() => false)) === true;
}

async function orReject(attempt: Promise<boolean>): Promise<true> {
  if (await attempt) return true;
  throw new Error("no answer");
}

/** A connection alone says nothing: gateways and proxies take it for any address, and then know no way. */
function answersPing({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => void socket.write(ping));
    settle(socket, resolve);
  });
}

/** Whoever it is: its certificate is looked at by who logs in. */
function answersTls({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false }, () => void socket.write(ping));
    settle(socket, resolve);
  });
}

/** Ends an attempt by what is heard: `+PONG`, `-NOAUTH ...`, or that a certificate is wanted; by anything else; by silence. */
function settle(socket: Socket, resolve: (answers: boolean) => void): void {
  const end = (answers: boolean) => {
    clearTimeout(timer);
    socket.destroy();
    resolve(answers);
  };
  const timer = setTimeout(() => end(false), answerMs);
  socket.once("data", (data) => end(/^[+-]/.test(data.toString("latin1"))));
  socket.on("error", (error) => end(/alert.*certificate/i.test(error.message)));
  socket.once("close", () => end(false));
}
