import type { Member } from "../../contract/nodes.ts";
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
  readonly #deployed: Deployed;
  readonly #last = new Map<string, NodeState>();
  readonly #work: Promise<void>[];
  readonly #away = new Map<string, Member>();
  #mostAway = 0;
  #stopped = false;

  constructor(deployed: Deployed) {
    this.#deployed = deployed;
    this.#work = deployed.data.map(async (member) => {
      while (!this.#stopped) {
        await this.#look(member);
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    });
  }

  async #look(member: Member): Promise<void> {
    const { name } = member;
    const state = await this.#deployed.state(member).catch(() => undefined);
    if (!state) {
      this.#away.set(name, member);
      this.#mostAway = Math.max(this.#mostAway, this.#away.size > 1 ? await this.#reallyAway() : 1);
      return;
    }
    this.#away.delete(name);
    const before = this.#last.get(name);
    if (before && before.runId !== state.runId) this.restarts.push({ name, shard: state.shard, was: before.role });
    this.#last.set(name, state);
  }

  /** On a busy machine a connection comes back later than its server. */
  async #reallyAway(): Promise<number> {
    const answers = await Promise.all([...this.#away.values()].map((member) => this.#deployed.answers(member)));
    return answers.filter((answer) => !answer).length;
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
