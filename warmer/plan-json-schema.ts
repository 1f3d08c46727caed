import * as z from "zod";
import { planSchema } from "./plan-schema.ts";

/** The JSON Schema of plans as people write them, for editors: what `hearth plan check` would say of shape and types. */
export function planJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(planSchema, { io: "input", target: "draft-7" });
  return {
    ...schema,
    title: "Hearth warm plan",
    description: "What to read from PostgreSQL, and which keys it becomes.",
  };
}
