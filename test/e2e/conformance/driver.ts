import type { TestStack } from "../../support/stack.ts";

/** What the suite does to the servers of a target behind Pulumi's back: all that differs between targets. */
export interface TargetDriver {
  readonly target: "local" | "docker" | "kubernetes";
  /** `describe`, where the target may be missing on this machine. */
  describe(name: string, body: () => void): void;
  /** Configuration that the target needs besides the topology's. */
  config(): Promise<Readonly<Record<string, string>>>;
  /**
   * Ends a node's server as a crash does, and for good: nothing but an update starts it again. Where the target would,
   * it is kept from it, until what is returned is called.
   */
  kill(stack: TestStack, node: string): Promise<(() => Promise<void>) | void>;
  /** Stops the servers of these nodes and starts them again, all at once, by the target's own means. */
  restart(stack: TestStack, nodes: readonly string[]): Promise<void>;
  /** All that the deployment consists of on the machine: processes, folders, containers, volumes, networks. */
  footprint(stack: TestStack): Promise<string[]>;
  /** What of it is still there. */
  left(footprint: readonly string[]): Promise<string[]>;
}
