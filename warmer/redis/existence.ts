import type { Endpoint } from "../../contract/endpoint.ts";
import { command } from "../resp.ts";
import { slotOf } from "../slots.ts";
import { discover } from "./discovery.ts";
import { dataCredentials, RedisConnection } from "./socket.ts";

/**
 * Asks the primaries of an endpoint, as its user, whether keys exist: all commands for a server in one piece. A client
 * library makes objects of each, which for the thousands of keys of a replay take more memory than to warm millions.
 */
export class Existence {
  readonly #slots: Int16Array | null;
  /** In the order of the primaries. */
  readonly #connections: readonly RedisConnection[];

  private constructor(slots: Int16Array | null, connections: readonly RedisConnection[]) {
    this.#slots = slots;
    this.#connections = connections;
  }

  /**
   * @param timeoutMs for finding the primaries and connecting
   * @throws ReplyError, Error naming the servers that cannot be reached, or refuse
   */
  static async open(endpoint: Endpoint, timeoutMs: number): Promise<Existence> {
    const signal = AbortSignal.timeout(timeoutMs);
    const { primaries, slots } = await discover(endpoint, [], signal, false);
    const credentials = dataCredentials(endpoint);
    const opening = primaries.map((address) => RedisConnection.open(address, credentials, signal));
    const results = await Promise.allSettled(opening);
    const open = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) return new Existence(slots, open);
    for (const connection of open) connection.close();
    throw failed.reason;
  }

  /** For each key whether it exists; undefined where its server did not say: it is another's now, or was refused. */
  async of(keys: readonly (string | Buffer)[]): Promise<(boolean | undefined)[]> {
    const found = new Array<boolean | undefined>(keys.length).fill(undefined);
    const byServer: number[][] = this.#connections.map(() => []);
    for (const [index, key] of keys.entries()) byServer[this.#serverOf(key)]?.push(index);
    await Promise.all(
      byServer.map(async (indexes, server) => {
        if (indexes.length === 0) return;
        const asked = Buffer.concat(indexes.map((index) => command("EXISTS", keys[index] as string | Buffer)));
        // With one error all of them are asked again, by other means.
        const replies = await (this.#connections[server] as RedisConnection)
          .send(asked, indexes.length)
          .catch(() => []);
        for (const [place, reply] of replies.entries()) found[indexes[place] as number] = reply === 1;
      }),
    );
    return found;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** -1 where no primary has the slot. */
  #serverOf(key: string | Buffer): number {
    if (this.#slots === null) return 0;
    const bytes = typeof key === "string" ? Buffer.from(key) : key;
    return this.#slots[slotOf(bytes, 0, bytes.length)] as number;
  }
}
