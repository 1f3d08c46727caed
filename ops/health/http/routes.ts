import type { HealthChecker } from "../checker.ts";
import { cacheHealth } from "./cache-health.ts";
import { HealthMetrics } from "./health-metrics.ts";
import { jsonAnswer, type Routes } from "./serve.ts";
import { Shared } from "./shared.ts";

/**
 * What `hearth serve-health` answers.
 *
 * @param keepMs how long the result of a check is good
 */
export function healthRoutes(checker: Pick<HealthChecker, "check">, keepMs: number): Routes {
  const metrics = new HealthMetrics();
  const shared = new Shared(async () => {
    const report = await checker.check();
    metrics.add(report);
    return report;
  }, keepMs);
  return {
    "/health/cache": async () => {
      const health = cacheHealth(await shared.get());
      return jsonAnswer(health.status === "healthy" ? 200 : 503, health);
    },
    "/health/live": () => jsonAnswer(200, { status: "live" }),
    "/metrics": async ({ headers }) => {
      await shared.get();
      const { type, text } = await metrics.text(headers.accept);
      return { status: 200, type, body: text };
    },
  };
}
