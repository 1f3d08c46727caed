import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../../../contract/address.ts";
import type { Directives } from "../../../contract/nodes.ts";
import type { OperationHandler, OperationRequest, OperationResult } from "../../../contract/operation.ts";
import { type Connection, connect, type Reply } from "../../../ops/connect.ts";
import { redisProcess } from "../../../ops/redis-process.ts";

export const host = "127.0.0.1";
/** A password that every careless quoting breaks. */
export const password = `pa ss"w'o\\rd#%$ {ü}`;

export interface NodeInputs extends Record<string, unknown> {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly directory: string;
  readonly password: string;
}

/** A folder and servers for one test file; `close` ends everything that was started through it. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), "hearth-ops-"));
  readonly progress: string[] = [];
  readonly #nodes = new Map<string, NodeInputs>();

  /** Runs an operation as the tool does, within its deadline. */
  async run(
    handler: OperationHandler,
    action: OperationRequest["action"],
    inputs: Record<string, unknown>,
    more: { olds?: Record<string, unknown>; deadlineMs?: number; id?: string } = {},
  ): Promise<OperationResult> {
    const { olds = {}, deadlineMs = 30_000, id = "" } = more;
    const signal = AbortSignal.timeout(deadlineMs);
    const context = { signal, progress: (message: string) => void this.progress.push(message) };
    return handler({ operation: "", action, id, inputs, olds, deadlineMs }, context);
  }

  /** Inputs of a node of this lab. */
  node(name: string, port: number, more: Record<string, unknown> = {}): NodeInputs {
    const secret = String(more.password ?? password);
    const inputs = {
      name,
      host,
      port,
      kind: "redis",
      role: "primary",
      shard: 0,
      directory: join(this.folder, name),
      directives: { save: "", appendonly: "no" } satisfies Directives as Directives,
      secretDirectives: { masterauth: secret },
      acl: [`user default on #${createHash("sha256").update(secret).digest("hex")} ~* &* +@all`],
      password: secret,
      ...more,
    };
    this.#nodes.set(name, inputs);
    return inputs;
  }

  start(inputs: NodeInputs): Promise<OperationResult> {
    return this.run(redisProcess, "create", inputs);
  }

  /** One command, on a connection of its own. */
  async ask(address: Address & { password?: string }, command: string, ...args: string[]): Promise<Reply> {
    const connection: Connection = await connect(address, { password: address.password ?? password });
    try {
      return await connection.call(command, ...args);
    } finally {
      connection.close();
    }
  }

  async close(): Promise<void> {
    const ends = [...this.#nodes.values()].map((inputs) => this.run(redisProcess, "delete", inputs));
    const ended = await Promise.allSettled(ends);
    rmSync(this.folder, { recursive: true, force: true });
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  }
}

/** So many ports that are free now, and whose cluster bus ports (10,000 higher) are free as well. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  let port = 17_000 + Math.floor(Math.random() * 20_000);
  while (ports.length < count) {
    port = port >= 40_000 ? 17_000 : port + 1;
    if ((await isFree(port)) && (await isFree(port + 10_000))) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
