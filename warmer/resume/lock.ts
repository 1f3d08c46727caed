import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Cluster, Redis } from "ioredis";
import { revive } from "../primary-keys.ts";
import type { Shard } from "../types.ts";

const PREFIX = "hearth:lock:";
/** A holder that does not renew for so long has lost the lock. */
const EXPIRY_MS = 10_000;
const RENEW_EVERY_MS = 2500;
const LOOK_EVERY_MS = 250;

/** Another warmer is at work on the same plan in the same cache. */
export class BusyError extends Error {
  override name = "BusyError";
}

export interface LockOptions {
  readonly plan: string;
  /** Shards of one plan run side by side: each has a lock of its own. */
  readonly shard?: Shard | undefined;
  /** What to do when the lock is held: fail at once, or wait for it. */
  readonly onBusy: "fail" | "wait";
  /** Milliseconds to wait at most. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once when there is something to wait for. */
  readonly progress?: ((line: string) => void) | undefined;
}

interface Holder {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  /** Where the pid means something: the machine's start and the container. Empty where that is not known. */
  readonly place: string;
  readonly since: string;
}

function place(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${hostname()} ${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return ""; // not Linux: a lock whose holder died has to expire
  }
}

function readHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined; // somebody else's key of this name
  }
}

/** Whether the holder was a process of this machine that has ended without a word. */
function isDead(holder: Holder | undefined): boolean {
  if (holder === undefined || holder.place === "" || holder.place !== place()) return false;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Sets the expiry, or deletes, only where the key still holds this text. */
const RENEW = 'if redis.call("GET",KEYS[1])==ARGV[1] then return redis.call("PEXPIRE",KEYS[1],ARGV[2]) end return 0';
const RELEASE = 'if redis.call("GET",KEYS[1])==ARGV[1] then return redis.call("DEL",KEYS[1]) end return 0';

/**
 * A lock in Redis that keeps two warmers from the same plan: a key that expires and is renewed while the run goes on.
 * A holder that finds it gone takes it again; one that finds another's in its place ends its run by `signal`.
 */
export class WarmLock {
  /** Aborted when another warmer has taken the lock. */
  readonly signal: AbortSignal;
  readonly #lost = new AbortController();
  readonly #client: Redis | Cluster;
  readonly #key: string;
  readonly #text: string;
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(client: Redis | Cluster, key: string, text: string) {
    this.signal = this.#lost.signal;
    this.#client = client;
    this.#key = key;
    this.#text = text;
    this.#timer = setInterval(() => {
      this.#renewing = this.#renew();
    }, RENEW_EVERY_MS);
    this.#timer.unref();
  }

  /**
   * @throws BusyError naming the holder where it is taken and stays so
   * @throws what Redis answers, where this user may not keep a lock
   */
  static async take(client: Redis | Cluster, options: LockOptions): Promise<WarmLock> {
    const { plan, shard, onBusy, waitMs, signal, progress } = options;
    const key = PREFIX + (shard === undefined ? plan : `${plan}:${shard.index}/${shard.count}`);
    const token = randomBytes(12).toString("hex");
    const since = new Date().toISOString();
    const text = JSON.stringify({ token, host: hostname(), pid: process.pid, place: place(), since } satisfies Holder);
    const end = performance.now() + waitMs;
    let told = false;
    for (;;) {
      signal?.throwIfAborted();
      if ((await client.set(key, text, "PX", EXPIRY_MS, "NX")) === "OK") return new WarmLock(client, key, text);
      const held = await client.get(key);
      if (held === null) continue;
      const holder = readHolder(held);
      if (isDead(holder)) {
        await client.eval(RELEASE, 1, key, held);
        continue;
      }
      const who = holder === undefined ? "" : ` (process ${holder.pid} on ${holder.host}, since ${holder.since})`;
      const busy = `Another warmer is at work on the plan "${plan}" in this cache${who}`;
      if (onBusy === "fail") {
        throw new BusyError(`${busy}. Try again when it has ended, or wait for it: onBusy "wait" (--on-busy wait)`);
      }
      if (performance.now() > end) {
        throw new BusyError(`${busy}, and has not ended within ${Math.round(waitMs / 1000)} s`);
      }
      if (!told) progress?.(`${busy}: waiting for it`);
      told = true;
      await delay(LOOK_EVERY_MS, undefined, { ...(signal !== undefined && { signal }) }).catch(() => {});
    }
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    await this.#client.eval(RELEASE, 1, this.#key, this.#text).catch(() => {}); // else it expires
  }

  async #renew(): Promise<void> {
    try {
      await revive(this.#client);
      if ((await this.#client.eval(RENEW, 1, this.#key, this.#text, EXPIRY_MS)) === 1) return;
      // Redis was restarted, or did not answer for long: the lock is free, or another's.
      if ((await this.#client.set(this.#key, this.#text, "PX", EXPIRY_MS, "NX")) === "OK") return;
      this.#lost.abort(new Error("another warmer has taken the lock, which this one could not renew in time"));
    } catch {
      // Redis does not answer: nobody else can take the lock either. The next renewal tells.
    }
  }
}
