// What is measured: the whole run of each command, from its start to its end.
import { spawn } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Runs in the warmer's process on its way out: the most memory that it has ever had, as the kernel counted it. */
const peakScript = `
const { readFileSync, writeFileSync } = require("node:fs");
process.on("exit", () => {
  let kib = process.resourceUsage().maxRSS;
  try { kib = Number(/^VmHWM:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]); } catch {}
  writeFileSync(process.env.HEARTH_BENCH_PEAK, String(kib));
});
`;

/** Runs a command; milliseconds, and what it wrote on stdout. Its input is a file, or the stdout of another. */
async function timed(command, args, { stdin = "ignore", env = process.env } = {}) {
  const start = performance.now();
  const child = spawn(command, args, { stdio: [stdin, "pipe", "pipe"], env });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      said[name] += text;
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const ms = performance.now() - start;
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${said.stdout}${said.stderr}`);
  return { ms, stdout: said.stdout };
}

/** The bundled tool, in a folder of its own, so that a build meanwhile does not change what is measured. */
export class Hearth {
  #folder;
  #tool;
  #env;

  constructor(folder, tool, databaseUrl) {
    this.#folder = folder;
    this.#tool = path.join(folder, "hearth.cjs");
    const launcher = readFileSync(tool, "utf8");
    const parts = /tool-\w+/.exec(launcher)[0];
    cpSync(path.join(path.dirname(tool), parts), path.join(folder, parts), { recursive: true });
    writeFileSync(this.#tool, launcher);
    writeFileSync(path.join(folder, "peak.cjs"), peakScript);
    this.#env = { ...process.env, DATABASE_URL: databaseUrl, HEARTH_BENCH_PEAK: path.join(folder, "peak") };
  }

  /** One `hearth warm`: milliseconds, MiB at its peak, and its report. */
  async warm(plan, endpoint, options = []) {
    const files = { plan: path.join(this.#folder, "plan.json"), endpoint: path.join(this.#folder, "endpoint.json") };
    writeFileSync(files.plan, JSON.stringify(plan));
    writeFileSync(files.endpoint, JSON.stringify(endpoint));
    const args = ["--require", path.join(this.#folder, "peak.cjs"), this.#tool, "warm"];
    const gate = ["--min-hit-ratio", "0", "--on-no-traffic", "pass"];
    const inputs = ["--plan", files.plan, "--endpoint", files.endpoint, "--json"];
    const { ms, stdout } = await timed(process.execPath, [...args, ...inputs, ...gate, ...options], { env: this.#env });
    const peakMiB = Number(readFileSync(this.#env.HEARTH_BENCH_PEAK, "utf8")) / 1024;
    rmSync(this.#env.HEARTH_BENCH_PEAK);
    return { ms, peakMiB, report: JSON.parse(stdout) };
  }
}

/** `redis-cli --pipe < file` for each port at the same time; milliseconds until the last has ended. */
export async function pipeFiles(filesByPort) {
  const runs = [...filesByPort].map(([port, file]) => shell('redis-cli -p "$1" --pipe < "$2"', [String(port), file]));
  return Math.max(...(await Promise.all(runs)).map(({ ms }) => ms));
}

/** `psql | redis-cli --pipe`, with a cursor: the rows as a whole would not fit into psql's memory. */
export async function pipePsql(url, file, port) {
  const psql = 'psql "$1" -XAtq -v FETCH_COUNT=10000 -f "$2"';
  return (await shell(`${psql} | redis-cli -p "$3" --pipe`, [url, file, String(port)])).ms;
}

/** `psql > file`: the ready-made commands. */
export async function saveRows(url, query, file) {
  await shell('psql "$1" -XAtq -v FETCH_COUNT=10000 -f "$2" > "$3"', [url, query, file], { replies: false });
}

async function shell(script, args, { replies = true } = {}) {
  const result = await timed("/bin/sh", ["-c", script, "sh", ...args]);
  if (replies && !result.stdout.includes("errors: 0,")) throw new Error(`redis-cli --pipe: ${result.stdout}`);
  return result;
}
