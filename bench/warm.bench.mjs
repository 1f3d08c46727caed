// The warmer beside what else fills a Redis: all in one run, one after the other within each round, on the same
// servers and the same rows. `--rounds=N`, `--rows=N`, `--only=hash,string,cluster,sessions,memory,foreground`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "../scripts/bootstrap/paths.mjs";
import { buildTool } from "../scripts/build.mjs";
import { Hearth, pipeFiles, pipePsql, saveRows } from "./warm/commands.mjs";
import { createTable, hashCommands, planOf, splitCommands, stringCommands } from "./warm/data.mjs";
import { latencies, percentile, prepareForeground } from "./warm/foreground.mjs";
import { CLUSTER_BOUNDS, empty, expectKeys, primariesOf, startServers } from "./warm/servers.mjs";
import { SESSIONS, sessionPlan, sessionTables, warmInProcess, warmLikeTheGuide } from "./warm/sessions.mjs";

const PARTS = ["hash", "string", "cluster", "sessions", "memory", "foreground"];
/** How often the small run of sessions is repeated in each round. */
const SMALL_RUNS = 5;
const REST_MS = 2000;

export default async function warm({ log, args }) {
  const { rounds, rows, parts } = readOptions(args);
  await buildTool();
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-bench-"));
  const servers = await startServers();
  try {
    const bench = new WarmBench({ folder, servers, rows, parts, log });
    await bench.prepare();
    for (let round = 1; round <= rounds; round++) await bench.round(`round ${round}`);
    return bench.result();
  } finally {
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOptions(args) {
  const value = (name) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const parts = value("only")?.split(",") ?? PARTS;
  const unknown = parts.filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`--only: got ${unknown.join(", ")}; allowed are ${PARTS.join(", ")}`);
  return { rounds: Number(value("rounds") ?? 3), rows: Number(value("rows") ?? 1_000_000), parts };
}

class WarmBench {
  #folder;
  #servers;
  #rows;
  #parts;
  #log;
  #hearth;
  /** Milliseconds by side, one for each round. */
  #times = {};
  /** MiB by side, one for each round. */
  #peaks = {};

  constructor({ folder, servers, rows, parts, log }) {
    this.#folder = folder;
    this.#servers = servers;
    this.#rows = rows;
    this.#parts = parts;
    this.#log = log;
    this.#hearth = new Hearth(folder, path.join(root, "dist/hearth.cjs"), servers.postgres.url);
  }

  /** Rows, ready-made commands, and one small run of everything, so that each file has been read once. */
  async prepare() {
    const { postgres, single } = this.#servers;
    this.#log(`preparing ${this.#rows} rows and their commands`);
    await postgres.sql(createTable(this.#rows));
    await postgres.sql(sessionTables);
    await postgres.sql("VACUUM (ANALYZE, FREEZE)");
    const wanted = this.#parts.some((part) => ["hash", "string", "cluster"].includes(part));
    for (const [value, sql] of Object.entries({ hash: hashCommands(), string: stringCommands() })) {
      writeFileSync(this.#file(`${value}.sql`), `${sql};\n`);
      if (!wanted) continue;
      await saveRows(postgres.url, this.#file(`${value}.sql`), this.#file(value));
      if (this.#parts.includes("cluster")) await splitCommands(this.#file(value), CLUSTER_BOUNDS);
    }
    for (const plan of [planOf("hash"), sessionPlan]) {
      await this.#hearth.warm(plan, single.endpoint, ["--count", "1000"]);
    }
    if (this.#parts.includes("sessions")) await this.#sessions();
    this.#times = {};
  }

  async round(name) {
    if (this.#parts.includes("hash")) {
      await this.#ours("hash", "single", planOf("hash"), ["--engine", "restore"]);
      await this.#piped("hash", "single");
      await this.#ours("hset", "single", planOf("hash"), ["--engine", "hset"]);
      await this.#psql("hash");
    }
    if (this.#parts.includes("string")) {
      await this.#ours("string", "single", planOf("json"));
      await this.#piped("string", "single");
      await this.#psql("string");
    }
    if (this.#parts.includes("cluster")) {
      await this.#ours("hash", "cluster", planOf("hash"), ["--engine", "restore"]);
      await this.#piped("hash", "cluster");
      await this.#ours("string", "cluster", planOf("json"));
      await this.#piped("string", "cluster");
      await empty(this.#servers.cluster);
    }
    if (this.#parts.includes("sessions")) await this.#sessions();
    if (this.#parts.includes("memory")) {
      if (!this.#parts.includes("hash")) await this.#ours("hash", "single", planOf("hash"), ["--engine", "restore"]);
      await this.#ours("hash3", "single", planOf("hash", { times: 3 }), ["--engine", "restore"], 3 * this.#rows);
    }
    if (this.#parts.includes("foreground")) await this.#foreground();
    const last = (times) => `${Math.round(times.at(-1) * 10) / 10}`;
    this.#log(
      `${name}: ${Object.entries(this.#times)
        .map(([side, times]) => `${side} ${last(times)}`)
        .join(", ")} ms`,
    );
    this.#log(
      `${name}: ${Object.entries(this.#peaks)
        .map(([side, peaks]) => `${side} ${last(peaks)}`)
        .join(", ")} MiB`,
    );
  }

  result() {
    const time = (side) => median(this.#times[side]);
    const ratio = (other, ours) => round(time(other) / time(ours), 2);
    const peaks = Object.entries(this.#peaks).filter(([side]) => side !== "hash3");
    const figures = {
      hashVsPipe: ratio("pipe hash", "hash"),
      hashVsPsql: ratio("psql hash", "hash"),
      hsetVsPipe: ratio("pipe hash", "hset"),
      stringVsPipe: ratio("pipe string", "string"),
      stringVsPsql: ratio("psql string", "string"),
      clusterHashVsPipe: ratio("cluster pipe hash", "cluster hash"),
      clusterStringVsPipe: ratio("cluster pipe string", "cluster string"),
      sessionsVsSeed: ratio("sessions, guide", "sessions, in process"),
      rssMiB: round(Math.max(...peaks.map(([, mib]) => median(mib))), 1),
      rssGrowth: round(median(this.#peaks.hash3) - median(this.#peaks.hash), 1),
      foregroundP99Ms: round(time("GET p99, warming"), 2),
    };
    const table = Object.keys(this.#times).map((side) => {
      const keys = this.#keysOf(side);
      return {
        side,
        "median, ms": round(time(side), side.startsWith("GET") ? 2 : 0),
        "keys/s": keys === 0 ? "" : Math.round((keys * 1000) / time(side)),
        "peak, MiB": side in this.#peaks ? round(median(this.#peaks[side]), 1) : "",
      };
    });
    return {
      figures: Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value))),
      table,
    };
  }

  #keysOf(side) {
    if (side.startsWith("GET")) return 0;
    if (side.startsWith("sessions")) return SESSIONS;
    return side === "hash3" ? 3 * this.#rows : this.#rows;
  }

  /** `hearth warm` into an empty topology. */
  async #ours(side, where, plan, options = [], keys = this.#rows) {
    const name = where === "cluster" ? `cluster ${side}` : side;
    const topology = this.#servers[where];
    await empty(topology);
    const { ms, peakMiB } = await this.#hearth.warm(plan, topology.endpoint, options);
    await expectKeys(topology, keys, name);
    this.#note(name, ms, peakMiB);
  }

  async #piped(value, where) {
    const name = `${where === "cluster" ? "cluster " : ""}pipe ${value}`;
    const topology = this.#servers[where];
    await empty(topology);
    const files = primariesOf(topology).map(({ port }, index) => {
      return [port, this.#file(where === "cluster" ? `${value}.${index}` : value)];
    });
    this.#note(name, await pipeFiles(new Map(files)));
    await expectKeys(topology, this.#rows, name);
  }

  async #psql(value) {
    const { single, postgres } = this.#servers;
    await empty(single);
    this.#note(`psql ${value}`, await pipePsql(postgres.url, this.#file(`${value}.sql`), single.servers[0].port));
    await expectKeys(single, this.#rows, `psql ${value}`);
  }

  /** The sessions by each way, several times; of each the median. */
  async #sessions() {
    const { single, postgres } = this.#servers;
    const runs = { "sessions, guide": [], "sessions, in process": [], "sessions, command": [] };
    const ways = {
      "sessions, guide": () => warmLikeTheGuide(postgres.url, single.servers[0].port),
      "sessions, in process": () => warmInProcess(postgres.url, single.endpoint),
      "sessions, command": async () => (await this.#hearth.warm(sessionPlan, single.endpoint)).ms,
    };
    for (let run = 0; run < SMALL_RUNS; run++) {
      for (const [side, way] of Object.entries(ways)) {
        await empty(single);
        runs[side].push(await way());
        await expectKeys(single, SESSIONS, side);
      }
    }
    for (const [side, times] of Object.entries(runs)) this.#note(side, median(times));
  }

  /** GETs of another client, at rest and while everything is warmed with the default settings. */
  async #foreground() {
    const { single } = this.#servers;
    const [{ port, client }] = single.servers;
    await empty(single);
    await prepareForeground(client);
    const rest = await latencies(port, new Promise((resolve) => setTimeout(resolve, REST_MS)));
    this.#note("GET p99, at rest", percentile(rest, 0.99));
    const busy = await latencies(port, this.#hearth.warm(planOf("hash"), single.endpoint));
    this.#note("GET p99, warming", percentile(busy, 0.99));
    await empty(single);
  }

  #note(side, ms, peakMiB) {
    this.#times[side] ??= [];
    this.#times[side].push(ms);
    if (peakMiB === undefined) return;
    this.#peaks[side] ??= [];
    this.#peaks[side].push(peakMiB);
  }

  #file(name) {
    mkdirSync(path.join(this.#folder, "data"), { recursive: true });
    return path.join(this.#folder, "data", name);
  }
}

function median(values) {
  if (values === undefined) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}
