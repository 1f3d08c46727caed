/** The warmer as a library: `import { loadPlanFile, warm } from "hearth/warmer"`. */

export { sentinelCommands, validationCommands, warmerCommands } from "./commands.ts";
export type { DatasetPlan, Priority, ValuePlan, WarmPlan } from "./plan.ts";
export { loadPlanFile, PlanError, PRIORITIES, parsePlan, planSchema } from "./plan.ts";
export type * from "./types.ts";
export { HashEngine } from "./types.ts";
export { warm } from "./warm.ts";
