import * as z from "zod";

/**
 * What Hearth does about the settings of the machine that Redis runs on: look at them and say what is wrong, or set
 * what it may as well. (Off is no resource at all.)
 */
export const hostModeSchema = z.enum(["check", "apply"]);
export type HostMode = z.infer<typeof hostModeSchema>;

const sizeSchema = z.number().int().min(0);

/** What an amount must be, and what it should be: below `minimum` is worth a warning, below `recommended` a word. */
const figureSchema = z.object({ minimum: sizeSchema, recommended: sizeSchema });

/** What a topology needs of the one machine that it runs on. */
export const hostNeedsSchema = z.object({
  /** Data nodes of the topology, and sentinels beside them. */
  dataNodes: z.number().int().min(1),
  sentinels: sizeSchema,
  /** Sum of `maxmemory` of all data nodes, and the largest of them, in bytes. */
  memory: sizeSchema,
  largestNode: sizeSchema,
  /** What may wait for replicas beside that, in bytes: the output buffers of the primaries. */
  buffers: sizeSchema,
  /** Clients that a node admits (`maxclients`), the largest of all nodes: each takes a file descriptor. */
  maxClients: z.number().int().min(1),
  /** Connections that may wait for being accepted (`tcp-backlog`), the largest of all nodes. */
  backlog: z.number().int().min(1),
  /** Free bytes that the files of the nodes may come to take, above which nothing can be written; 0 without persistence. */
  data: sizeSchema,
  /** Sizes of the machine, by what the documents of operation ask for. */
  machine: z.object({ memory: figureSchema, disk: figureSchema, cores: figureSchema }),
});
export type HostNeeds = z.infer<typeof hostNeedsSchema>;

/** One thing of the machine that is not as Redis wants it. */
export const hostFindingSchema = z.object({
  /** `vm.overcommit_memory`, `transparent_hugepage`, `nofile`, `memory`, `disk`, `cores`, `redis-server`. */
  setting: z.string(),
  /** What was found, and what is wanted, in words: `0`, `at least 511`. */
  found: z.string(),
  wanted: z.string(),
  /** What goes wrong otherwise. */
  why: z.string(),
  /** What mends it: the exact command where there is one. */
  fix: z.string(),
  /** `vm.swappiness=1`: what `sysctl -w` takes, so that several are set by one command. */
  sysctl: z.string().optional(),
  /** `risk`: something will fail. `advice`: something could be better. */
  level: z.enum(["risk", "advice"]),
});
export type HostFinding = z.infer<typeof hostFindingSchema>;

/** What was found, as far as it is not mended in the same update. */
export const hostReportSchema = z.object({
  findings: z.array(hostFindingSchema),
  /** Settings that `apply` is about to set, with what they are and what they will be: `{ "vm.swappiness": "60 -> 1" }`. */
  toSet: z.record(z.string(), z.string()),
});
export type HostReport = z.infer<typeof hostReportSchema>;

/** Inputs of the operation `host-tuning`. */
export const hostTuningSchema = z.object({
  /** Name of the topology, for progress lines. */
  name: z.string(),
  mode: hostModeSchema,
  /** Folder of the nodes, relative to the folder of Pulumi.yaml: its disk is looked at, and it names the topology. */
  directory: z.string(),
  needs: hostNeedsSchema,
  /** What `check` found; its outputs, that Pulumi hands back as inputs. */
  report: hostReportSchema.optional(),
});
export type HostTuningInputs = z.infer<typeof hostTuningSchema>;

/** A setting that Hearth changed: what it was before the first topology asked for it, and what it was set to. */
export interface AppliedSetting {
  readonly before: string;
  readonly set: string;
}
