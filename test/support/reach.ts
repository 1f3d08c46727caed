import type { Machine } from "./namespaces.ts";

/** Runs in a process of the machine that connects: which of `host port` on stdin take a connection and say something. */
const script = `
const net = require("node:net");
const lines = require("node:fs").readFileSync(0, "utf8").trim().split("\\n");
const look = (line) => new Promise((resolve) => {
  const [host, port, asks] = line.split(" ");
  const socket = net.connect({ host, port: Number(port) });
  const done = (open) => { socket.destroy(); resolve(open ? line : ""); };
  // What is let in answers within a few milliseconds; on a busy machine the timer may be looked at before the answer.
  setTimeout(() => setTimeout(() => done(false), 100), Number(process.argv[1]));
  socket.on("error", () => done(false));
  socket.on("connect", () => asks === "ask" ? socket.write("PING\\r\\n") : done(true));
  socket.on("data", () => done(true));
});
Promise.all(lines.map(look)).then((open) => {
  process.stdout.write(open.filter(Boolean).join("\\n"), () => process.exit());
});
`;

/** A port to try: `ask` wants an answer to Redis's PING as well, else a connection will do. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly ask: boolean;
}

/** From where it is tried: a machine of a test, a pod. */
export interface Place extends Pick<Machine, "run"> {
  /** Its Node. @default that of this process */
  readonly node?: string;
}

/** Ports that this machine reaches, ascending. A port that does not answer within `patienceMs` is not reached. */
export async function reached(from: Place, targets: readonly Target[], patienceMs = 3000): Promise<number[]> {
  const lines = targets.map(({ host, port, ask }) => `${host} ${port} ${ask ? "ask" : "connect"}`);
  const open = await from.run(from.node ?? process.execPath, ["-e", script, `${patienceMs}`], lines.join("\n"));
  return open
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Number(line.split(" ")[1]))
    .toSorted((a, b) => a - b);
}
