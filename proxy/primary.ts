import type { Address } from "../contract/address.ts";
import type { PrimaryProxySettings } from "../contract/primary.ts";
import { agreement } from "./agreement.ts";
import type { Access } from "./conversation.ts";
import { type News, Sentinel } from "./sentinel.ts";
import { WatchedServer } from "./server.ts";

/** Told whenever it changes: where the primary is; or why there is none that all can trust. */
export type PrimaryListener = (primary: Address | undefined, why: string) => void;

/** Of one lease: how often is asked. */
const looksPerLease = 3;

/**
 * Follows the primary: the server that most of the sentinels name, none of them a later one, and that says itself that it
 * is one. While a replica is being promoted there is none: what the old primary acknowledges then would be lost.
 */
export class Primary {
  readonly #settings: PrimaryProxySettings;
  readonly #access: () => Access;
  readonly #listener: PrimaryListener;
  readonly #sentinels: readonly Sentinel[];
  #server: { readonly name: string; readonly watched: WatchedServer } | undefined;
  /** The one that is about to be replaced, and until when that may take. */
  #leaving: { readonly name: string; readonly until: number } | undefined;
  #again: NodeJS.Timeout | undefined;

  /** @param access who asks, read anew for each connection */
  constructor(settings: PrimaryProxySettings, access: () => Access, listener: PrimaryListener) {
    this.#settings = settings;
    this.#access = access;
    this.#listener = listener;
    const { masterName, leaseMs } = settings;
    this.#sentinels = settings.sentinels.map(
      (address) =>
        new Sentinel(address, {
          ...{ masterName, access, everyMs: leaseMs / looksPerLease, answerMs: leaseMs },
          said: () => this.#decide(),
          heard: (news) => this.#hear(news),
        }),
    );
  }

  #hear(news: News): void {
    const until = performance.now() + this.#settings.failoverTimeoutMs;
    if (news === "promoting" && this.#server) this.#leaving = { name: this.#server.name, until };
    if (news === "abandoned") this.#leaving = undefined;
    this.#decide();
    for (const sentinel of this.#sentinels) void sentinel.look();
  }

  #decide(): void {
    clearTimeout(this.#again);
    const now = performance.now();
    const { leaseMs } = this.#settings;
    const agreed = agreement(
      this.#sentinels.map(({ opinion }) => opinion),
      now,
      leaseMs,
    );
    if ("why" in agreed) {
      this.#lead(undefined, agreed.why);
      return;
    }
    if (this.#leaving && (this.#leaving.name !== agreed.primary || this.#leaving.until <= now)) {
      this.#leaving = undefined;
    }
    const until = this.#leaving?.until ?? agreed.until;
    this.#again = setTimeout(() => this.#decide(), until - now + 1);
    this.#lead(this.#leaving ? undefined : agreed.primary, "a replica is being promoted");
  }

  #lead(name: string | undefined, why: string): void {
    if (name === undefined) this.#listener(undefined, why);
    if (name === this.#server?.name) return;
    this.#server?.watched.stop();
    this.#server = undefined;
    if (name === undefined) return;
    const [host = "", port] = name.split(" ");
    this.#listener(undefined, `${name} is the primary now`);
    const watched = new WatchedServer(
      { host, port: Number(port) },
      {
        ...{ access: this.#access, everyMs: this.#settings.leaseMs / looksPerLease },
        // Longer than the sentinels need to find that it does not answer.
        answerMs: this.#settings.leaseMs * looksPerLease,
        changed: this.#listener,
      },
    );
    this.#server = { name, watched };
  }
}
