import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { connect as connectTls } from "node:tls";
import type { NetworkInspectInfo } from "dockerode";
import type { Address } from "../../contract/address.ts";
import type { RunnerInputs } from "../../contract/runner.ts";
import { engineOf } from "../docker/engine.ts";

/** Milliseconds in which a node that can be reached has answered. */
const answerMs = 1000;

/**
 * Whether this machine reaches the containers of a network: its bridge is an interface of this machine, so that what
 * does not answer yet will be heard here when it does; or else a node answers, by whatever way.
 */
export async function canReach({ docker, network }: RunnerInputs, nodes: readonly Address[]): Promise<boolean> {
  const engine = await engineOf(docker);
  const found = await engine
    .getNetwork(network)
    .inspect()
    .catch(() => undefined); // it is gone, or not there yet: the container will tell
  return (found !== undefined && hasBridge(found)) || anyAnswers(nodes);
}

/** Docker names the bridge after the network's id, so that no other machine's is taken for it. */
function hasBridge({ Id, Options }: NetworkInspectInfo): boolean {
  const name = Options?.["com.docker.network.bridge.name"] ?? `br-${Id.slice(0, 12)}`;
  return networkInterfaces()[name]?.some(({ family }) => family === "IPv4") ?? false;
}

/** Whether one of them answers as Redis does, or speaks TLS. */
export async function anyAnswers(nodes: readonly Address[]): Promise<boolean> {
  const attempts = nodes.flatMap((node) => [answersPing(node), speaksTls(node)]);
  return (await Promise.any(attempts.map(orReject)).catch(() => false)) === true;
}

async function orReject(attempt: Promise<boolean>): Promise<true> {
  if (await attempt) return true;
  throw new Error("no answer");
}

/** A connection alone says nothing: gateways and proxies take it for any address, and then know no way. */
function answersPing({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => void socket.write("PING\r\n"));
    // "+PONG", "-NOAUTH ...", "-LOADING ..."
    socket.once("data", (data) => settle(/^[+-]/.test(data.toString("latin1"))));
    const settle = settling(socket, resolve);
  });
}

/** Whoever it is: its certificate is looked at by who logs in. One that wants a certificate says so by an alert. */
function speaksTls({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false }, () => settle(true));
    const settle = settling(socket, resolve, (error) => /alert/i.test(error.message));
  });
}

/** What ends an attempt: an answer, an error, silence. */
function settling(socket: Socket, resolve: (answers: boolean) => void, proves = (_: Error) => false) {
  const settle = (answers: boolean) => {
    clearTimeout(timer);
    socket.destroy();
    resolve(answers);
  };
  const timer = setTimeout(() => settle(false), answerMs);
  socket.on("error", (error) => settle(proves(error)));
  socket.once("close", () => settle(false));
  return settle;
}
