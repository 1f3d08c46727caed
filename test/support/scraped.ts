import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "../../contract/address.ts";
import { temporaryFolder } from "./folders.ts";
import { freePorts } from "./ports.ts";
import { until } from "./wait.ts";

const exporter = ["prometheus-redis-exporter", "redis_exporter"].find(isThere);

/** Why nothing can be scraped here; undefined when it can. */
export const whyNothingScraped =
  exporter === undefined
    ? "no redis_exporter on the PATH"
    : isThere("prometheus")
      ? undefined
      : "no prometheus on the PATH";

function isThere(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

/** What Prometheus asks, with the labels that it adds. */
export interface ScrapedTarget {
  /** `host:port` with `/metrics`. */
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A sample of an answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real Prometheus that scrapes every second. */
export class Prometheus {
  readonly #folder = temporaryFolder();
  readonly #children: ChildProcess[] = [];
  readonly #exporters = new Map<string, ChildProcess>();
  #base = "";

  /**
   * Starts an exporter of a server; where it answers.
   *
   * @param listening where another one answered that was ended
   */
  async export(server: Address, password = "", username?: string, listening?: string): Promise<string> {
    listening ??= `127.0.0.1:${await freePorts(1)}`;
    const uri = `redis://${server.host}:${server.port}`;
    const passwords = join(this.#folder.path, `${server.port}.json`);
    writeFileSync(passwords, JSON.stringify({ [uri]: password }), { mode: 0o600 });
    const user = username === undefined ? [] : [`--redis.user=${username}`];
    const options = [`--redis.addr=${uri}`, `--redis.password-file=${passwords}`, "--config-command=-", ...user];
    this.#exporters.set(listening, this.#start(exporter ?? "", [...options, `--web.listen-address=${listening}`]));
    await until("the exporter answers", async () => (await fetch(`http://${listening}/metrics`)).ok);
    return listening;
  }

  /** Ends the exporter that answers there. */
  async endExporter(listening: string): Promise<void> {
    const child = this.#exporters.get(listening);
    if (child) await end(child);
  }

  /** Starts Prometheus itself. */
  async scrape(targets: readonly ScrapedTarget[]): Promise<void> {
    const configs = targets.map(({ target, labels }) => ({ targets: [target], labels }));
    const job = { job_name: "test", scrape_interval: "1s", static_configs: configs };
    await this.run({ scrape_configs: [job] });
  }

  /** Starts Prometheus itself with a configuration, and files beside it. */
  async run(config: object, files: Readonly<Record<string, string>> = {}): Promise<void> {
    const file = join(this.#folder.path, "prometheus.yml");
    writeFileSync(file, JSON.stringify(config));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#folder.path, name), text);
    const listening = `127.0.0.1:${await freePorts(1)}`;
    const data = join(this.#folder.path, "data");
    this.#start("prometheus", [
      ...[`--config.file=${file}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${listening}`],
    ]);
    this.#base = `http://${listening}`;
    await until("Prometheus is ready", async () => (await fetch(`${this.#base}/-/ready`)).ok);
  }

  /** Where it answers. */
  get url(): string {
    return this.#base;
  }

  /** What a query finds now. @throws Error with what Prometheus says, where it is none */
  async query(expr: string): Promise<Sample[]> {
    const answer = await this.#ask(`query?query=${encodeURIComponent(expr)}`);
    const { result } = answer as { result: { metric: Record<string, string>; value: [number, string] }[] };
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** Values of a label, as Grafana's variables ask for them. */
  async labelValues(label: string, selector: string): Promise<string[]> {
    return (await this.#ask(`label/${label}/values?match[]=${encodeURIComponent(selector)}`)) as string[];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(end));
    this.#folder.remove();
  }

  #start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { stdio: "ignore" });
    this.#children.push(child);
    return child;
  }

  async #ask(path: string): Promise<unknown> {
    const body = (await (await fetch(`${this.#base}/api/v1/${path}`)).json()) as Record<string, unknown>;
    if (body.status !== "success") throw new Error(`${path}: ${body.error}`);
    return body.data;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}
