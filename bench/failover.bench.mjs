// How long an application cannot write when a primary is killed: Sentinel and cluster as they are deployed by default.
// `--rounds=N`, `--only=sentinel,cluster`, `--target=local|docker|docker-crash`; `--detection=MS`: another time than the default after
// which a node counts as gone (down-after, node-timeout).
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { defaults } from "../infra/plan/defaults.ts";
import { milliseconds } from "../infra/plan/units.ts";
import { Deployed } from "../test/support/deployed.ts";
import { freePorts } from "../test/support/ports.ts";
import { until } from "../test/support/wait.ts";
import { Writer } from "../test/support/writer.ts";
import { slotOf } from "../warmer/slots.ts";
import { targets } from "./failover/targets.mjs";
import { ourProject } from "./projects.mjs";
import { BenchStack } from "./stack.mjs";

/** Beyond the time after which a node counts as gone, this long may a failover take: the aim. */
const ALLOWED_MS = 3000;

const topologies = {
  sentinel: {
    defaultMs: milliseconds(defaults.downAfter),
    config: async (ms) => ({ port: await freePorts(3), sentinelPort: await freePorts(3), downAfter: `${ms} ms` }),
  },
  cluster: {
    defaultMs: milliseconds(defaults.nodeTimeout),
    config: async (ms) => ({ port: await freePorts(6, { bus: true }), nodeTimeout: `${ms} ms` }),
  },
};

export default async function failover({ log, args }) {
  const { rounds, only, target, detectionMs } = readOptions(args);
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-bench-"));
  const measured = {};
  try {
    for (const topology of only) {
      const ms = detectionMs ?? topologies[topology].defaultMs;
      const settings = { topology, ...(await topologies[topology].config(ms)), warm: "off" };
      const results = await measure(path.join(folder, topology), settings, targets[target], rounds, (line) =>
        log(`${topology}: ${line}`),
      );
      measured[topology] = { aimMs: ms + ALLOWED_MS, results };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return report(measured, target);
}

function readOptions(args) {
  const value = (name) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const only = value("only")?.split(",") ?? Object.keys(topologies);
  const unknown = only.filter((name) => !(name in topologies));
  if (unknown.length > 0) throw new Error(`--only: got ${unknown}; allowed are ${Object.keys(topologies)}`);
  const target = value("target") ?? "local";
  if (!(target in targets)) throw new Error(`--target: got ${target}; allowed are ${Object.keys(targets)}`);
  const detectionMs = value("detection") && Number(value("detection"));
  return { rounds: Number(value("rounds") ?? 5), only, target, detectionMs };
}

async function measure(folder, settings, { config, kill }, rounds, log) {
  const stack = new BenchStack(folder, ourProject, { ...settings, ...(await config()) });
  await stack.init();
  let deployed;
  try {
    await stack.time("up", "--yes", "--skip-preview");
    deployed = new Deployed(await stack.outputs());
    const results = [];
    for (let round = 1; round <= rounds; round++) {
      const result = await killOne(stack, deployed, kill, prefixOf(settings.topology, round));
      log(`round ${round}: ${JSON.stringify(result)}`);
      results.push(result);
      await stack.time("refresh", "--yes", "--skip-preview");
      await stack.time("up", "--yes", "--skip-preview");
    }
    return results;
  } finally {
    deployed?.close();
    await stack.destroy();
  }
}

/** Kills the primary of shard 0 under an application's writes to it. */
async function killOne(stack, deployed, kill, prefix) {
  await deployed.settled();
  const primary = await deployed.primaryOf(0);
  const { endpoint } = await stack.outputs();
  const writer = new Writer(endpoint, prefix);
  try {
    await until("writes before", async () => writer.acknowledged > 1000);
    const { runId } = await deployed.state(primary);
    const killed = performance.now();
    await kill(stack, primary.name);
    // Where somebody starts it again before the others miss it, it is the primary again.
    await until("a primary again", async () => (await deployed.state(await deployed.primaryOf(0))).runId !== runId);
    const promotedMs = Math.round(performance.now() - killed);
    const then = writer.acknowledged;
    await until("writes afterwards", async () => writer.acknowledged > then + 1000);
    const { acknowledged, failed, longestGapMs } = await writer.stop();
    await deployed.primaryOf(0); // fails unless there is exactly one
    return { gapMs: longestGapMs, promotedMs, acknowledged, failed, lost: await writer.lost(endpoint) };
  } finally {
    await writer.stop();
  }
}

/** Keys that are all in shard 0, which has the first third of the slots; elsewhere any. */
function prefixOf(topology, round) {
  if (topology !== "cluster") return `round-${round}:`;
  for (let tag = 0; ; tag++) {
    const text = Buffer.from(String(tag));
    if (slotOf(text, 0, text.length) < 5000) return `round-${round}:{${tag}}:`;
  }
}

function report(measured, target) {
  const figures = {};
  const table = Object.entries(measured).map(([topology, { aimMs, results }]) => {
    const gap = median(results.map(({ gapMs }) => gapMs));
    figures[`${topology}GapMs`] = gap;
    figures[`${topology}AimMs`] = aimMs;
    const sum = (name) => results.reduce((total, result) => total + result[name], 0);
    return {
      topology: `${topology}, ${target}`,
      "without a write, ms (median)": gap,
      longest: Math.max(...results.map(({ gapMs }) => gapMs)),
      "until the new primary": median(results.map(({ promotedMs }) => promotedMs)),
      aim: aimMs,
      acknowledged: sum("acknowledged"),
      lost: sum("lost"),
      "failed requests": sum("failed"),
    };
  });
  figures.lostAcknowledged = table.reduce((total, { lost }) => total + lost, 0);
  return { figures, table };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
