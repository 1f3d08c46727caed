// Another client of the same Redis: what it waits for a GET, at rest and while the cache is warmed.
import { connect } from "node:net";

const KEY = "bench:foreground";
const GET = `*2\r\n$3\r\nGET\r\n$${KEY.length}\r\n${KEY}\r\n`;
/** Milliseconds between a reply and the next GET. */
const THINK_MS = 1;

/** The key that is read; FLUSHALL takes it away. */
export async function prepareForeground(client) {
  await client.set(KEY, "x".repeat(200));
}

/** Reads, one GET after the other, until `end` has come; milliseconds that each took. */
export async function latencies(port, end) {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let going = true;
  const stop = () => {
    going = false;
  };
  end.then(stop, stop);
  const times = [];
  let resolve = () => {};
  let received = 0;
  socket.on("data", (data) => {
    received += data.length;
    if (received >= 208) resolve(); // "$200\r\n", 200 bytes, "\r\n"
  });
  while (going) {
    received = 0;
    const start = performance.now();
    await new Promise((done) => {
      resolve = done;
      socket.write(GET);
    });
    times.push(performance.now() - start);
    await new Promise((done) => setTimeout(done, THINK_MS));
  }
  socket.destroy();
  await end;
  return times;
}

export function percentile(times, share) {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
