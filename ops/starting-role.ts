import { type Address, isSameAddress } from "../contract/address.ts";
import type { OperationContext } from "../contract/operation.ts";
import type { Node } from "./node.ts";
import { askSentinels, failOver, watchOf } from "./sentinel-watch.ts";

/** What the node's folder tells of its past. */
export interface Past {
  /** Whether it was ever started. */
  readonly started: boolean;
  /** Whom it followed last. */
  readonly replicaOf?: Address | undefined;
  /** Whether it comes up with its data. */
  readonly keepsData: boolean;
}

/**
 * Whom a data node of a Sentinel topology follows from its first moment; undefined: it starts as a primary.
 *
 * 1. What the sentinels say, when one answers: of several answers the one with the highest configuration epoch, which
 *    is the latest failover. So an old primary comes back as a replica and never as a second primary.
 * 2. They name this very node, but its data is gone (a new folder, or no persistence) and they know of replicas: the
 *    sentinels are asked to fail over first, because the replicas would copy the emptiness. When they cannot, it starts
 *    as they say.
 * 3. No sentinel answers (they were stopped too): as it was last. Should two nodes then both say that they are the
 *    primary, formation settles it by what the sentinels remember.
 * 4. Never started before: as planned.
 */
export async function startingRole(node: Node, past: Past, context: OperationContext): Promise<Address | undefined> {
  const watch = watchOf(node);
  if (!watch || !node.monitor) return undefined;
  const said = await askSentinels(watch);
  if (said && !isSameAddress(said.primary, node)) return said.primary;
  if (said) {
    if (past.keepsData || said.replicas === 0) return undefined;
    context.progress("its data is gone: asking the sentinels for another primary first");
    return failOver(watch, node, context.signal);
  }
  if (past.started) return past.replicaOf;
  return node.role === "replica" ? node.monitor.primary : undefined;
}
