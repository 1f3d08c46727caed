import { defineConfig } from "vitest/config";

/** Servers and engines take their time on a small machine; a hang must still end. */
const seconds = (count: number): number => count * 1000;

export default defineConfig({
  test: {
    pool: "forks",
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: seconds(30), maxWorkers: 2 },
      },
      {
        extends: true,
        test: {
          name: "component",
          include: ["test/component/**/*.test.ts"],
          testTimeout: seconds(30),
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: seconds(180),
          hookTimeout: seconds(180),
          // Each of these files runs engines and servers of its own, and CI has two cores.
          maxWorkers: 2,
          // After the others: a mistake in the pure parts is told first.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
