import type { Socket } from "node:net";
import type { Redis } from "ioredis";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { Member } from "../../contract/nodes.ts";
import { withConnection } from "../../ops/connect.ts";
import { serverAt } from "./client.ts";
import { until } from "./wait.ts";

/** What one data node says of itself. */
export interface NodeState {
  readonly name: string;
  readonly shard: number;
  readonly role: "master" | "slave";
  /** Another one after every start. */
  readonly runId: string;
  /** Whom it follows, as `host:port`. */
  readonly follows: string | undefined;
  readonly linked: boolean;
  /** How far it has come in the stream of writes. */
  readonly offset: number;
}

/** A topology that is deployed, seen node by node, as the operator, whatever the target. */
export class Deployed {
  readonly members: readonly Member[];
  readonly data: readonly Member[];
  readonly sentinels: readonly Member[];
  readonly #operator: Endpoint;
  readonly #connections = new Map<string, Redis>();

  constructor({ nodes, endpoints }: { nodes: readonly Member[]; endpoints: { operator: Endpoint } }) {
    this.members = nodes;
    this.data = nodes.filter(({ role }) => role !== "sentinel");
    this.sentinels = nodes.filter(({ role }) => role === "sentinel");
    this.#operator = endpoints.operator;
  }

  /** The operator's connection to a node; it comes back when the node does. */
  connect({ name, host, port }: Member): Redis {
    const known = this.#connections.get(name);
    if (known) return known;
    const made = serverAt(port, this.#operator, {
      host,
      connectTimeout: 250,
      // A node that is away is away: whoever asks looks again.
      maxRetriesPerRequest: 0,
      retryStrategy: () => 50,
    });
    made.on("error", () => {}); // a node that a test has ended
    this.#connections.set(name, made);
    return made;
  }

  async state(member: Member): Promise<NodeState> {
    const info = await this.connect(member).info();
    const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
    const role = field("role") === "master" ? "master" : "slave";
    return {
      name: member.name,
      shard: member.shard,
      role,
      runId: field("run_id"),
      follows: role === "slave" ? `${field("master_host")}:${field("master_port")}` : undefined,
      linked: field("master_link_status") === "up",
      offset: Number(field(role === "slave" ? "slave_repl_offset" : "master_repl_offset")),
    };
  }

  /** Whether a node answers at this moment, on a connection of its own. */
  async answers(member: Member): Promise<boolean> {
    const { username, password, tls } = this.#operator;
    const login = { username, password, tls, timeoutMs: 500 };
    return withConnection(member, login, (connection) => connection.text("PING")).then(
      () => true,
      () => false,
    );
  }

  /** All data nodes, in their order; fails while one does not answer. */
  states(): Promise<NodeState[]> {
    return Promise.all(this.data.map((member) => this.state(member)));
  }

  /** The primary of a shard at the moment, of the nodes that answer. Fails unless there is exactly one. */
  async primaryOf(shard: number): Promise<Member> {
    const own = this.data.filter((member) => member.shard === shard);
    const states = await Promise.allSettled(own.map((member) => this.state(member)));
    const primaries = own.filter((_, index) => {
      const state = states[index];
      return state?.status === "fulfilled" && state.value.role === "master";
    });
    const [primary] = primaries;
    if (!primary || primaries.length > 1)
      throw new Error(`shard ${shard} has ${primaries.length} primaries: ${primaries.map(({ name }) => name)}`);
    return primary;
  }

  /**
   * Waits until every shard has one primary that all its other nodes follow and have caught up with, and until
   * sentinels or cluster nodes agree. So a node may be ended afterwards, and nothing that was written is lost.
   */
  async settled(): Promise<NodeState[]> {
    return until("a settled topology", async () => {
      const before = await this.states();
      for (const shard of new Set(this.data.map((member) => member.shard))) await this.#whole(shard, before);
      for (const sentinel of this.sentinels) await this.#agrees(sentinel);
      if (this.#operator.topology === "cluster") for (const member of this.data) await this.#covers(member);
      return before;
    });
  }

  async #whole(shard: number, states: readonly NodeState[]): Promise<void> {
    const primary = await this.primaryOf(shard);
    const { offset } = states.find(({ name }) => name === primary.name) as NodeState;
    // Nodes of a cluster that have names know each other by address all the same.
    const { remoteAddress } = this.connect(primary).stream as Socket;
    const places = [primary.host, remoteAddress].map((host) => `${host}:${primary.port}`);
    const replicas = this.data.filter((each) => each.shard === shard && each !== primary);
    // A replica has its copy, and says so, before the primary begins to send it what was written since.
    const online = (await this.connect(primary).info("replication")).match(/^slave\d+:.*state=online/gm)?.length ?? 0;
    if (online < replicas.length) throw new Error(`${primary.name} sends writes to ${online} of ${replicas.length}`);
    for (const member of replicas) {
      const { follows, linked, offset: reached } = await this.state(member);
      if (!follows || !places.includes(follows) || !linked || reached < offset)
        throw new Error(`${member.name} follows ${follows} (${linked ? "linked" : "not linked"}), at ${reached}`);
    }
  }

  /** The sentinel names the primary that is one, has its quorum, and knows all the others. */
  async #agrees(sentinel: Member): Promise<void> {
    if (this.#operator.topology !== "sentinel") return;
    const { masterName } = this.#operator;
    const connection = this.connect(sentinel);
    const primary = await this.primaryOf(0);
    const named = (await connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName)) as string[];
    if (named.join(":") !== `${primary.host}:${primary.port}`) throw new Error(`${sentinel.name} names ${named}`);
    const quorum = String(await connection.call("SENTINEL", "CKQUORUM", masterName));
    if (!quorum.startsWith(`OK ${this.sentinels.length} usable`)) throw new Error(`${sentinel.name}: ${quorum}`);
    const others = (await connection.call("SENTINEL", "SENTINELS", masterName)) as string[][];
    const replicas = (await connection.call("SENTINEL", "REPLICAS", masterName)) as string[][];
    const flags = [...others, ...replicas].map((fields) => fields[fields.indexOf("flags") + 1]);
    if (flags.length !== this.members.length - 2 || flags.some((flag) => /down|disconnected/.test(flag ?? "")))
      throw new Error(`${sentinel.name} knows ${flags.join(" ")}`);
  }

  async #covers(member: Member): Promise<void> {
    const info = String(await this.connect(member).call("CLUSTER", "INFO"));
    const wanted = ["cluster_state:ok", "cluster_slots_ok:16384", `cluster_known_nodes:${this.data.length}`];
    const missing = wanted.filter((line) => !info.includes(line));
    if (missing.length > 0) throw new Error(`${member.name}: not ${missing}`);
  }

  /** By what the nodes of a cluster know each other: other ones are another cluster. Elsewhere none. */
  async clusterIds(): Promise<string[]> {
    if (this.#operator.topology !== "cluster") return [];
    return Promise.all(this.data.map(async (member) => String(await this.connect(member).call("CLUSTER", "MYID"))));
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.disconnect();
    this.#connections.clear();
  }
}
