import type { Deployed, NodeState } from "./deployed.ts";

/** A start of a node's server that was seen. */
export interface Restart {
  readonly name: string;
  readonly shard: number;
  /** What the server before it was when it was last seen: what it was at its turn. */
  readonly was: "master" | "slave";
}

const EVERY_MS = 25;

/** Looks at every data node again and again while something is changed, and remembers who was restarted when, as what. */
export class RoleWatch {
  /** In the order in which the new servers were first seen. */
  readonly restarts: Restart[] = [];
  readonly #last = new Map<string, NodeState>();
  readonly #work: Promise<void>[];
  #away = new Set<string>();
  #mostAway = 0;
  #stopped = false;

  constructor(deployed: Deployed) {
    this.#work = deployed.data.map(async (member) => {
      while (!this.#stopped) {
        await this.#look(member.name, () => deployed.state(member));
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    });
  }

  async #look(name: string, ask: () => Promise<NodeState>): Promise<void> {
    const state = await ask().catch(() => undefined);
    if (!state) {
      this.#away.add(name);
      this.#mostAway = Math.max(this.#mostAway, this.#away.size);
      return;
    }
    this.#away.delete(name);
    const before = this.#last.get(name);
    if (before && before.runId !== state.runId) this.restarts.push({ name, shard: state.shard, was: before.role });
    this.#last.set(name, state);
  }

  /** How many nodes did not answer at the same time, at most. */
  get mostAway(): number {
    return this.#mostAway;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#work);
  }
}
