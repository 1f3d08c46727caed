import { createServer } from "node:net";

/**
 * The first of `count` ports in a row, from 17000 up, that are free on 127.0.0.1 at the moment; with `bus`, the ports
 * 10,000 higher are free too. Starts at random, so that two test files seldom look at the same ports.
 */
export async function freePorts(count: number, { bus = false } = {}): Promise<number> {
  const highest = (bus ? 32_000 - 10_000 : 32_000) - count; // below Linux's ephemeral ports, which clients are given
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = 17_000 + Math.floor(Math.random() * (highest - 17_000));
    const wanted = Array.from({ length: count }, (_, index) => first + index);
    if (bus) wanted.push(...wanted.map((port) => port + 10_000));
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row between 17000 and ${highest}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
