// A six-node cluster in Docker, deployed and warm: `pulumi up` beside the same by hand (docker/by-hand.sh), in turn. Both
// find the images and a PostgreSQL with the demo's rows. `--rounds=N`. Needs the docker command, redis-cli and psql.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { dockerPlugin } from "../scripts/bootstrap/docker-plugin.mjs";
import { root } from "../scripts/bootstrap/paths.mjs";
import { StepError } from "../scripts/bootstrap/step.mjs";
import { freeSubnet, images, ready, uniqueName, whyNoDocker } from "../test/support/docker.ts";
import { dockerConfig, openFiles } from "../test/support/docker-config.ts";
import { startDemoDatabase } from "../warmer/demo/index.ts";
import { atRest } from "./at-rest.mjs";
import { ourProject } from "./projects.mjs";
import { BenchStack } from "./stack.mjs";

const KEYS = 1820;
const script = path.join(root, "bench/docker/by-hand.sh");

export default async function dockerBench({ log, args }) {
  const rounds = Number(/^--rounds=(\d+)$/.exec(args[0] ?? "")?.[1] ?? 5);
  if (whyNoDocker) throw new StepError(`bench docker: ${whyNoDocker}`);
  await ready("redis", "exporter");
  log(`Docker provider: ${await dockerPlugin()}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-bench-"));
  const demo = await startDemoDatabase();
  const times = { hand: [], up: [] };
  try {
    // One more round than is counted, so that every file has been read once.
    for (let round = 0; round <= rounds; round++) {
      const hand = await byHand(path.join(folder, `hand-${round}`), demo.url);
      const up = await byPulumi(path.join(folder, `up-${round}`), demo.url);
      log(`${round === 0 ? "warm-up" : `round ${round}`}: by hand ${hand} ms, pulumi up ${up} ms`);
      if (round === 0) continue;
      times.hand.push(hand);
      times.up.push(up);
    }
  } finally {
    await demo.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const [hand, up] = [median(times.hand), median(times.up)];
  return {
    figures: { upVsByHand: Number((up / hand).toFixed(2)) },
    table: [
      { "six-node cluster in Docker, deployed and warm": "by hand", "ms (median)": hand, "times by hand": "1.00" },
      {
        "six-node cluster in Docker, deployed and warm": "pulumi up, validated",
        "ms (median)": up,
        "times by hand": (up / hand).toFixed(2),
      },
    ],
  };
}

async function byHand(folder, url) {
  mkdirSync(folder);
  const { prefix } = await freeSubnet();
  const env = {
    ...process.env,
    ...{ NAME: uniqueName("by-hand"), FOLDER: folder, PREFIX: prefix, PORT: "7000" },
    ...{ IMAGE: images.redis, EXPORTER_IMAGE: images.exporter, DATABASE_URL: url },
    ...{ OPEN_FILES: openFiles, KEYS: String(KEYS) },
  };
  try {
    await atRest();
    const start = performance.now();
    await run(script, ["up"], env);
    return Math.round(performance.now() - start);
  } finally {
    await run(script, ["down"], env);
  }
}

async function byPulumi(folder, url) {
  const stack = new BenchStack(folder, ourProject, {
    ...{ topology: "cluster", port: 7000, minKeys: KEYS, directory: undefined, source: undefined },
    ...(await dockerConfig()),
  });
  await stack.init();
  try {
    await stack.setSecret("source", url);
    await atRest();
    return await stack.time("up", "--yes", "--skip-preview");
  } finally {
    await stack.destroy();
  }
}

function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors += text;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${path.basename(command)} ended with ${code}: ${errors}`)),
    );
  });
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : Math.round((sorted[middle - 1] + sorted[middle]) / 2);
}
