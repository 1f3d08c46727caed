import { listNames } from "../suggest.ts";
import { apiKeys } from "./api-keys.ts";
import { mealPlanner } from "./meal-planner.ts";
import { mealPlannerByUsage } from "./meal-planner-by-usage.ts";
import { runningApp, runningAppProduction } from "./running-app.ts";
import { sessions } from "./sessions.ts";

export { apiKeys } from "./api-keys.ts";
export { mealPlanner } from "./meal-planner.ts";
export { mealPlannerByUsage } from "./meal-planner-by-usage.ts";
export { runningApp, runningAppProduction } from "./running-app.ts";
export { sessions } from "./sessions.ts";

const plans = [mealPlanner, mealPlannerByUsage, sessions, runningApp, runningAppProduction, apiKeys];

/** The plans that come with Hearth, by the name under which `plan: "..."` and `--plan` find them. */
export const builtInPlans: ReadonlyMap<string, unknown> = new Map(plans.map((plan) => [plan.name, plan]));

/** Whether `plan` is meant as the name of a built-in plan: it has nothing of a path or a file about it. */
export function isPlanName(plan: string): boolean {
  return !/[./\\]/.test(plan);
}

/**
 * The built-in plan of this name.
 *
 * @throws when there is none, with the names that there are.
 */
export function builtInPlan(name: string): unknown {
  const plan = builtInPlans.get(name);
  if (plan === undefined) {
    throw new Error(
      `There is no built-in plan ${JSON.stringify(name)}; there are ${listNames([...builtInPlans.keys()])}. ` +
        "A plan of your own is a file whose name ends in .yaml or .json.",
    );
  }
  return plan;
}
