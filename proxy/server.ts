import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../contract/address.ts";
import { type Access, Conversation } from "./conversation.ts";

/** How a server is watched. */
export interface Watching {
  /** Read anew for each connection: passwords change. */
  readonly access: () => Access;
  readonly everyMs: number;
  readonly answerMs: number;
  /** Whether it says that it is a primary has changed: its address, looked up; or why not. */
  readonly changed: (verified: Address | undefined, why: string) => void;
}

/** Between two questions to a server that is not a primary yet, or does not answer. */
const soonMs = 100;

/**
 * The server that sentinels name, asked itself whether it is a primary. Where its connection ends, it may have been
 * started again as something else, or been told to follow another: then it is not, until it says so again. One that says
 * nothing goes on to be what it was: what becomes of it is for the sentinels to decide.
 */
export class WatchedServer {
  readonly #address: Address;
  readonly #watching: Watching;
  #conversation: Conversation | undefined;
  #verified = false;
  #stopped = false;

  constructor(address: Address, watching: Watching) {
    this.#address = address;
    this.#watching = watching;
    void this.#watch();
  }

  /** Nothing is told of it any more. */
  stop(): void {
    this.#stopped = true;
    this.#conversation?.close();
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      this.#conversation ??= this.#connect();
      await this.#look(this.#conversation);
      await sleep(this.#verified ? this.#watching.everyMs : soonMs);
    }
  }

  async #look(conversation: Conversation | undefined): Promise<void> {
    if (conversation === undefined) return;
    try {
      // PING: one that loads its data says so.
      const [, info] = await Promise.all([conversation.ask("PING"), conversation.ask("INFO", "replication")]);
      const host = conversation.remoteAddress;
      if (!/^role:master\r?$/m.test(String(info)) || host === undefined) this.#tell(undefined, "it is a replica");
      else this.#tell({ host, port: this.#address.port }, "it says so itself");
    } catch (error) {
      if (!this.#verified) this.#tell(undefined, `the server ${(error as Error).message}`);
    }
  }

  #connect(): Conversation | undefined {
    const { access, answerMs } = this.#watching;
    try {
      return new Conversation(this.#address, access(), {
        answerMs,
        closed: (why) => {
          this.#conversation = undefined;
          this.#tell(undefined, `the server ${why}`);
        },
      });
    } catch (error) {
      this.#tell(undefined, (error as Error).message);
      return undefined;
    }
  }

  #tell(verified: Address | undefined, why: string): void {
    if (this.#stopped) return;
    const was = this.#verified;
    this.#verified = verified !== undefined;
    if (!was || !this.#verified) this.#watching.changed(verified, why);
  }
}
