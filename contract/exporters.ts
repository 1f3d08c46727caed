import * as z from "zod";
import { addressSchema } from "./address.ts";
import { runnerSchema } from "./runner.ts";

/** An exporter, and the node that it watches. */
export const exporterAddressSchema = addressSchema.extend({ node: z.string() });
export type ExporterAddress = z.infer<typeof exporterAddressSchema>;

/** Inputs of the operation `exporters`, which waits until every exporter of a topology sees its node. */
export const exportersSchema = z.object({
  /** Name of the topology, for errors. */
  name: z.string(),
  exporters: z.array(exporterAddressSchema),
  /** Others after every start of an exporter: it is then looked at again. */
  instances: z.array(z.string()),
  /** From where the exporters are asked; absent: from this process. */
  runner: runnerSchema.optional(),
});
export type ExportersInputs = z.infer<typeof exportersSchema>;
