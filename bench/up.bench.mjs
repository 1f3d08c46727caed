// What our stacks cost beside a Pulumi program that does nothing: `pulumi up` from nothing, and a preview without
// changes. All in one run, one after the other within each round, with the same engine, kind of backend, environment.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePorts } from "../test/support/ports.ts";
import { emptyProject, ourProject } from "./projects.mjs";
import { BenchStack } from "./stack.mjs";

/** Measured rounds; one more before them is not counted, so that every file has been read once. */
const defaultRounds = 5;

export default async function up({ log, args }) {
  const rounds = Number(/^--rounds=(\d+)$/.exec(args[0] ?? "")?.[1] ?? defaultRounds);
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-bench-"));
  const sides = {
    empty: { project: emptyProject(path.join(folder, "empty")), config: async () => ({}) },
    emptyStripped: {
      project: emptyProject(path.join(folder, "stripped"), { stripped: true }),
      config: async () => ({}),
    },
    standalone: { project: ourProject, config: async () => ({ topology: "standalone", port: await freePorts(1) }) },
    cluster: {
      project: ourProject,
      config: async () => ({ topology: "cluster", port: await freePorts(6, { bus: true }) }),
    },
  };
  const times = Object.fromEntries(Object.keys(sides).map((side) => [side, { up: [], preview: [] }]));
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const [side, { project, config }] of Object.entries(sides)) {
        const measured = await measure(path.join(folder, `${side}-${round}`), project, await config());
        log(
          `${round === 0 ? "warm-up" : `round ${round}`}: ${side}: up ${measured.up} ms, preview ${measured.preview} ms`,
        );
        if (round === 0) continue;
        times[side].up.push(measured.up);
        times[side].preview.push(measured.preview);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return report(times);
}

/** One stack from nothing and back: milliseconds of `up` and of a preview without changes. */
async function measure(folder, project, config) {
  const stack = new BenchStack(folder, project, config);
  await stack.init();
  try {
    return { up: await stack.time("up", "--yes"), preview: await stack.time("preview", "--expect-no-changes") };
  } finally {
    await stack.destroy();
  }
}

function report(times) {
  const upOf = (side) => median(times[side].up);
  const previewOf = (side) => median(times[side].preview);
  const ratio = (a, b) => Number((a / b).toFixed(2));
  const names = {
    empty: "empty TypeScript program",
    emptyStripped: "the same, types stripped by Node, compile cache",
    standalone: "Hearth, standalone, warmed",
    cluster: "Hearth, six-node cluster, warmed",
  };
  const table = Object.entries(names).map(([side, program]) => ({
    program,
    "up, ms": upOf(side),
    "up / empty": ratio(upOf(side), upOf("empty")).toFixed(2),
    "preview, ms": previewOf(side),
    "preview / empty": ratio(previewOf(side), previewOf("empty")).toFixed(2),
  }));
  const figures = {
    standaloneVsEmpty: ratio(upOf("standalone"), upOf("empty")),
    clusterVsEmpty: ratio(upOf("cluster"), upOf("empty")),
    previewVsEmpty: ratio(previewOf("standalone"), previewOf("empty")),
  };
  return { figures, table };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : Math.round((sorted[middle - 1] + sorted[middle]) / 2);
}
