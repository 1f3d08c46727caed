import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { containerTurnSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";
import type { ServerArgs } from "./server-args.ts";

type Plain = z.infer<typeof containerTurnSchema>;
type Secrets = "password" | "tls";

/** Inputs of a turn: plain data, but for the login. */
export type ContainerTurnArgs = Omit<ServerArgs<Plain>, Secrets> & {
  [K in keyof Plain as K & Secrets]: pulumi.Input<NonNullable<Plain[K]>>;
};

/**
 * Comes before a container in the graph. When what the container is made of changes, Pulumi is about to replace it: then
 * its server hands its role over and is stopped with its data saved. Else it does nothing.
 */
export class ContainerTurn extends Operation {
  constructor(name: string, args: ContainerTurnArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("ContainerTurn", "container-turn", name, args, [], opts);
  }
}
