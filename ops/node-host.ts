import type { OperationContext } from "../contract/operation.ts";
import type { Answer } from "./answer.ts";
import type { Node } from "./node.ts";
import type { NodeFile } from "./node-files.ts";
import type { Step, StepInputs, StepOutputs } from "./steps.ts";

/** A server that runs: a process, or a container. */
export interface Instance {
  /** What tells this start from any other, as outputs: `instance`, and whatever else it is known by. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What holds a node's folder and runs its server: this machine, or a Docker engine. All else is the same (converge.ts). */
export interface NodeHost<Found extends Instance = Instance> {
  readonly node: Node;
  /** Whether the nodes of the topology are worked on one after the other, each when the one before is back. */
  readonly oneByOne: boolean;
  /** The node's server, if one runs. What runs there and is not fit to go on with is ended. */
  find(context: OperationContext): Promise<Found | undefined>;
  /** As `find`, but only a look. */
  running(): Promise<Found | undefined>;
  /** Starts the server from these files, and waits until it answers. It is ended again when it does not come up. */
  start(files: readonly NodeFile[], context: OperationContext): Promise<Found & Answer>;
  /** Waits until exactly this server answers. */
  answering(found: Found, context: OperationContext, limitMs?: number): Promise<Found & Answer>;
  /** Stops a server and waits until it is gone, with its data as safe as its persistence makes it. */
  stop(found: Found, context: OperationContext): Promise<void>;
  /** A file of the node's folder; undefined when there is none. */
  readFile(name: string): Promise<string | undefined>;
  writeFiles(files: readonly NodeFile[]): Promise<void>;
  /** Whether there is data on the disk that the server would come up with. */
  hasData(): Promise<boolean>;
  /** What the server needs beside Redis's own files. */
  moreFiles(): readonly NodeFile[];
  /** Whether somebody started the server since this was last asked. `known`: that somebody did, and it is only noted. */
  restartedMeanwhile(found: Found, known?: boolean): Promise<boolean>;
  /** Version of the program that is started; undefined when it does not tell. */
  version(): Promise<string | undefined>;
  /** Does what takes a connection to the servers, wherever they can be reached. */
  ask<S extends Step>(step: S, inputs: StepInputs[S], context: OperationContext): Promise<StepOutputs[S]>;
  /** Keeps others of the topology from restarting meanwhile. */
  inTurn<T>(context: OperationContext, work: () => Promise<T>): Promise<T>;
}
