import type { Address } from "../contract/address.ts";
import { formatAddress } from "../contract/address.ts";
import type { OperationContext } from "../contract/operation.ts";
import { type Answer, lookAt } from "./answer.ts";
import { connect, loginOf, parseInfo, withConnection } from "./connect.ts";
import { handOver } from "./hand-over.ts";
import { changeLive, type LiveChanges } from "./live.ts";
import type { Node } from "./node.ts";
import { waitUntilRejoined } from "./rejoin.ts";
import { type Less, shrink } from "./shrink.ts";
import { type Past, startingRole } from "./starting-role.ts";
import { waitFor } from "./wait.ts";

/** What is done with a node over connections, and nothing else: it can be done wherever the nodes are reached. */
export interface StepInputs {
  /** Waits until the server answers. */
  readonly answering: { readonly limitMs?: number | undefined };
  /** Changes what can be changed while it runs. */
  readonly "change-live": { readonly changes: readonly string[]; readonly removed: readonly string[] };
  /** Tells what it is at the moment. */
  readonly role: Readonly<Record<string, never>>;
  /** Has a replica take over from it. */
  readonly "hand-over": Readonly<Record<string, never>>;
  /** Has it give back memory. */
  readonly shrink: Less;
  /** Waits until it is back in its topology. */
  readonly rejoined: Readonly<Record<string, never>>;
  /** Whom it is to follow from its first moment. */
  readonly "starting-role": Past;
  /** Has it end at once, without saving. */
  readonly "shut-down": Readonly<Record<string, never>>;
}

export interface StepOutputs {
  readonly answering: Answer;
  readonly "change-live": LiveChanges;
  readonly role: { readonly primary: boolean };
  readonly "hand-over": Readonly<Record<string, never>>;
  readonly shrink: { readonly fits: boolean };
  readonly rejoined: Readonly<Record<string, never>>;
  readonly "starting-role": { readonly replicaOf?: Address | undefined };
  readonly "shut-down": { readonly ends: boolean };
}

export type Step = keyof StepInputs;

type Steps = { [S in Step]: (node: Node, inputs: StepInputs[S], context: OperationContext) => Promise<StepOutputs[S]> };

const steps: Steps = {
  answering: (node, { limitMs }, { signal }) =>
    waitFor(() => lookAt(node), {
      what: `${node.name} at ${formatAddress(node)}`,
      signal,
      everyMs: 10,
      ...(limitMs !== undefined && { limitMs }),
    }),
  "change-live": async (node, { changes, removed }, { progress }) => {
    const connection = await connect(node, loginOf(node));
    try {
      return await changeLive(node, connection, changes, removed, progress);
    } finally {
      connection.close();
    }
  },
  role: (node) =>
    withConnection(node, loginOf(node), async (connection) => ({
      primary: parseInfo(await connection.text("INFO", "replication")).role === "master",
    })),
  "hand-over": async (node, _, context) => {
    await handOver(node, context);
    return {};
  },
  shrink: async (node, less, context) => ({ fits: await shrink(node, less, context) }),
  rejoined: async (node, _, { signal }) => {
    await waitUntilRejoined(node, signal);
    return {};
  },
  "starting-role": async (node, past, context) => ({ replicaOf: await startingRole(node, past, context) }),
  "shut-down": async (node) => ({ ends: await shutDownWithoutSaving(node) }),
};

/** The names of all steps. */
export const stepNames = Object.keys(steps) as [Step, ...Step[]];

/** Does one step from this process. */
export function doStep<S extends Step>(
  step: S,
  node: Node,
  inputs: StepInputs[S],
  context: OperationContext,
): Promise<StepOutputs[S]> {
  return steps[step](node, inputs, context);
}

/** True when the server will end: it closes the connection instead of answering. `pid`: only when it is this process. */
export async function shutDownWithoutSaving(node: Node, pid?: number): Promise<boolean> {
  return withConnection(node, loginOf(node), async (connection) => {
    if (pid !== undefined) {
      const server = parseInfo(await connection.text("INFO", "server"));
      if (Number(server.process_id) !== pid) return false;
    }
    return connection.call("SHUTDOWN", "NOSAVE").then(
      () => false,
      () => !connection.usable,
    );
  }).catch(() => false);
}
