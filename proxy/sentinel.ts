import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../contract/address.ts";
import type { Opinion } from "./agreement.ts";
import { type Access, Conversation } from "./conversation.ts";
import { log } from "./log.ts";
import type { Reply } from "./resp.ts";

/** News from sentinels: a replica is about to be promoted; that has failed; clients are to go elsewhere. */
const channels = {
  promoting: "+failover-state-send-slaveof-noone",
  abandoned: "-failover-abort-slave-timeout",
  switched: "+switch-master",
} as const;
export type News = keyof typeof channels;

/** How a sentinel is followed. */
export interface Follow {
  readonly masterName: string;
  /** Read anew for each connection: passwords change. */
  readonly access: () => Access;
  readonly everyMs: number;
  readonly answerMs: number;
  /** It has said something. */
  readonly said: () => void;
  readonly heard: (news: News) => void;
}

/** One sentinel: asked again and again who the primary is, and heard when it tells of a failover. */
export class Sentinel {
  readonly #address: Address;
  readonly #follow: Follow;
  #conversation: Conversation | undefined;
  #opinion: Opinion | undefined;
  #trouble: string | undefined;

  constructor(address: Address, follow: Follow) {
    this.#address = address;
    this.#follow = follow;
    void this.#ask();
  }

  /** The last one, however old. */
  get opinion(): Opinion | undefined {
    return this.#opinion;
  }

  /** Asks it at once, besides every time that it is asked anyway. */
  async look(): Promise<void> {
    const conversation = this.#conversation;
    if (conversation === undefined) return;
    const { masterName, said } = this.#follow;
    const askedAt = performance.now();
    try {
      // Sent at once: nothing happens between the two.
      const [address, fields] = await Promise.all([
        conversation.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName),
        conversation.ask("SENTINEL", "MASTER", masterName),
      ]);
      this.#opinion = opinionOf(address, fields, askedAt);
      this.#report(this.#opinion === undefined ? "knows no such primary" : undefined);
    } catch (error) {
      // A connection that has ended is reported where it ends.
      if (this.#conversation === conversation) this.#report((error as Error).message);
    }
    said();
  }

  async #ask(): Promise<never> {
    for (;;) {
      if (this.#conversation === undefined) this.#connect();
      await Promise.all([this.look(), sleep(this.#follow.everyMs)]);
    }
  }

  #connect(): void {
    const { access, answerMs, masterName, heard } = this.#follow;
    try {
      const conversation = new Conversation(this.#address, access(), {
        answerMs,
        pushed: ([kind, channel, text]) => {
          const news = (Object.keys(channels) as News[]).find((name) => channels[name] === channel);
          // "cache ..." of a switch, "master cache ..." and "slave ... @ cache ..." of the others.
          if (kind === "message" && news !== undefined && String(text).split(" ").includes(masterName)) heard(news);
        },
        closed: (why) => {
          this.#conversation = undefined;
          this.#report(why);
        },
      });
      this.#conversation = conversation;
      conversation.subscribe(...Object.values(channels));
    } catch (error) {
      this.#report((error as Error).message);
    }
  }

  /** What is new of its state. */
  #report(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const sentinel = `${this.#address.host}:${this.#address.port}`;
    if (trouble === undefined) log("sentinel answers", { sentinel });
    else log("sentinel does not answer", { sentinel, why: trouble });
  }
}

function opinionOf(address: Reply, fields: Reply, askedAt: number): Opinion | undefined {
  if (!Array.isArray(address) || !Array.isArray(fields)) return undefined;
  const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
  return Number.isNaN(epoch) ? undefined : { primary: address.join(" "), epoch, askedAt };
}
