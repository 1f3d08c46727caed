import { expect, it, vi } from "vitest";

it("a program loads neither zod nor the dashboards, which only the tool and Monitoring need", async () => {
  for (const module of ["zod", "../../infra/plan/monitoring/dashboards/index.ts"]) {
    vi.doMock(module, () => {
      throw new Error(`${module} is loaded`);
    });
  }
  // What infra/stack.ts imports.
  for (const module of ["config", "cache-warming", "cluster", "sentinel", "standalone"]) {
    await expect(import(`../../infra/${module}.ts`)).resolves.toBeDefined();
  }
});
