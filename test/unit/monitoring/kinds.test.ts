import { expect, it } from "vitest";
import { monitoringKinds } from "../../../ops/kubernetes/monitoring-kinds.ts";

/** Without a cluster; test/e2e/kubernetes/monitoring.test.ts asks a real one. */
const ask = (action: "check" | "create", kubeconfig: unknown, olds: Record<string, unknown> = {}) =>
  monitoringKinds(
    {
      ...{ operation: "monitoring-kinds", action, id: "", olds, deadlineMs: 5000 },
      inputs: { name: "monitoring", kubernetes: { kubeconfig } },
    },
    { signal: AbortSignal.timeout(5000), progress: () => {} },
  );

it("in a preview, a cluster that cannot be asked yet counts as it was; an update fails", async () => {
  const olds = { kinds: ["PrometheusRule"] };
  for (const unknown of ["/no/such/kubeconfig", { unknown: true }]) {
    expect((await ask("check", unknown, olds)).outputs?.kinds).toEqual(["PrometheusRule"]);
    // The next check asks again.
    expect((await ask("check", unknown)).outputs).toEqual({ seen: { files: [], digest: "" } });
  }
  await expect(ask("create", "/no/such/kubeconfig")).rejects.toThrow("there is no file");
});
