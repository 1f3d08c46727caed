import { mealPlanner } from "./meal-planner.ts";

/** Which datasets are cut down to the keys that were asked for; the others hold whatever their query finds. */
const byKeys: readonly string[] = ["recipes", "preferences", "meal-plans", "nutrition"];

const { replay: _, ...plan } = mealPlanner;

/**
 * The meal planner's plan, led by its access log: of each dataset the keys that were asked for most in the last 24 hours,
 * within the same limits, and nothing of what nobody asked for.
 */
export const mealPlannerByUsage = {
  ...plan,
  name: "meal-planner-by-usage",
  datasets: mealPlanner.datasets.map((dataset) =>
    byKeys.includes(dataset.name) ? { ...dataset, usage: "keys" as const } : dataset,
  ),
  usage: {
    query: `
      SELECT cache_key AS key, cache_key_pattern AS pattern, response_time
      FROM cache_access_logs
      WHERE created_at >= now() - interval '24 hours'`,
    patterns: 50,
    others: "skip",
  },
} as const;
