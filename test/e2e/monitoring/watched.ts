import { spawn } from "node:child_process";
import { join } from "node:path";
import { parse } from "yaml";
import type { Address } from "../../../contract/address.ts";
import type { Member } from "../../../contract/nodes.ts";
import type { Deployment } from "../../../infra/plan/args.ts";
import { type MonitoringRules, monitoringRules } from "../../../infra/plan/monitoring/rules.ts";
import { scrapeConfigOf } from "../../../infra/plan/monitoring/scrape-config.ts";
import { planTopology } from "../../../infra/plan/topology.ts";
import { Deployed } from "../../support/deployed.ts";
import { hearth } from "../../support/hearth.ts";
import { pidOf, runs } from "../../support/processes.ts";
import type { Runbook } from "../../support/runbook.ts";
import type { Prometheus } from "../../support/scraped.ts";
import { finished, TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** What is evaluated every second is told within seconds: the drills' own times, for alerts that they provoke. */
const lasting = "1 second";

/** A deployment on this machine that a Prometheus watches by the rules that are generated for it. */
export class Watched {
  readonly stack: TestStack;
  readonly topology: Deployment["topology"];
  deployed!: Deployed;
  rules!: MonitoringRules;
  /** Where the exporter of each node answers. */
  readonly exporters = new Map<string, string>();
  readonly prometheus: Prometheus;
  /** What commands are given besides: DATABASE_URL. */
  environment: Readonly<Record<string, string>> = {};
  readonly #alerts: readonly string[];
  #passwords: Awaited<ReturnType<TestStack["passwords"]>> = {};

  /** @param alerts those that are provoked */
  constructor(prometheus: Prometheus, config: Record<string, string>, alerts: readonly string[]) {
    this.prometheus = prometheus;
    this.#alerts = alerts;
    this.topology = config.topology as Deployment["topology"];
    this.stack = new TestStack({ warm: "off", ...config });
  }

  /** Deploys it, and starts an exporter for each node, as docs/monitoring.md says for the local target. */
  async up(): Promise<void> {
    await this.stack.init();
    await this.stack.up();
    this.deployed = new Deployed(await this.stack.outputs());
    this.#passwords = await this.stack.passwords();
    await Promise.all(this.deployed.members.map((member) => this.export(member)));
  }

  async export(member: Member, password = this.#passwords.exporter): Promise<void> {
    const before = this.exporters.get(member.name);
    this.exporters.set(member.name, await this.prometheus.export(member, password, "exporter", before));
  }

  /** Jobs and rules of this deployment, made by what makes them for users, with the drills' times. */
  configuration(): { jobs: object[]; rules: string } {
    const stack = `hearth/${this.stack.name}`;
    const plan = planTopology("cache", { topology: this.topology, args: {} } as Deployment);
    const exporters = this.deployed.members.map(({ name }) => {
      const [host = "", port] = this.exporters.get(name)?.split(":") ?? [];
      return { node: name, host, port: Number(port) };
    });
    const times = Object.fromEntries(this.#alerts.map((alert) => [alert, lasting] as const));
    this.rules = monitoringRules({ stack, plan, lasting: times, interval: "1 second" });
    const scrape = scrapeConfigOf(stack, plan, exporters, "1s");
    return { jobs: parse(scrape?.yaml ?? "").scrape_configs, rules: this.rules.yaml };
  }

  /** The alerts that fire at the moment: names, and of which nodes. */
  async firing(): Promise<Map<string, string[]>> {
    const found = await this.prometheus.query(`ALERTS{alertstate="firing",stack="hearth/${this.stack.name}"}`);
    const alerts = new Map<string, string[]>();
    for (const { metric } of found) {
      const { alertname = "", node = "" } = metric;
      alerts.set(alertname, [...(alerts.get(alertname) ?? []), node]);
    }
    return alerts;
  }

  /** Ends a node's server as a crash does. */
  async kill({ name }: Member): Promise<void> {
    const pid = pidOf(this.stack.directory, name);
    process.kill(pid, "SIGKILL");
    await until(`the end of ${name}`, async () => !runs(pid));
  }

  /**
   * Does what a page says in a section, where it says it.
   *
   * @param named nodes that the alert names
   * @param done what a shell was told already, and need not be told again
   */
  async follow(page: Runbook, section: string, named: readonly string[], done = new Set<string>()): Promise<void> {
    for (const { language, on, commands } of page.blocks.filter((block) => block.section === section)) {
      for (const command of commands) {
        if (language === "sh" && done.has(command)) continue;
        if (language === "sh") {
          await this.#shell(command);
          done.add(command);
        } else for (const member of await this.#members(on, named)) await this.#redis(member, command);
      }
    }
  }

  async #members(on: string, named: readonly string[]): Promise<readonly Member[]> {
    const { data, sentinels } = this.deployed;
    switch (on) {
      case "node":
        return this.#alive(data.filter(({ name }) => named.includes(name) || named.includes("")));
      case "data":
        return this.#alive(data);
      case "sentinels":
        return this.#alive(sentinels);
      case "primary":
        return [await this.deployed.primaryOf(0)];
      default:
        throw new Error(`nobody knows which nodes are "${on}"`);
    }
  }

  /** Those that run: who is told of a server that is gone asks the others. */
  #alive(members: readonly Member[]): Member[] {
    return members.filter(({ name }) => runs(pidOf(this.stack.directory, name)));
  }

  /** By redis-cli, as the pages' first says it: the password comes by standard input. */
  async #redis({ name, host, port }: Address & { name: string }, command: string): Promise<void> {
    const words = command.split(" ");
    const args = ["-e", "-h", host, "-p", `${port}`, "--user", "operator", "--askpass", ...words];
    const child = spawn("redis-cli", args, { stdio: "pipe" });
    child.stdin.end(`${this.#passwords.operator}\n`);
    const { code, text } = await finished(child);
    // What is the case, and no mistake: CKQUORUM's answer, and a BGSAVE that another page has just asked for.
    const isAnswer = /^NOQUORUM|already in progress/m.test(text);
    if (code !== 0 && !isAnswer) throw new Error(`${name}: ${command}: ${text}`);
  }

  async #shell(command: string): Promise<void> {
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    const [program, ...args] = words;
    if (program === "pulumi") return await this.#pulumi(args);
    if (program !== "npx" || args.shift() !== "hearth") throw new Error(`not run by this test: ${command}`);
    // The endpoint comes by standard input, as without that option.
    if (args.includes("--endpoint")) args.splice(args.indexOf("--endpoint"), 2);
    if (args[0] === "check") args.push("--hit-window", "1");
    if (args.includes("--report")) args[args.indexOf("--report") + 1] = join(this.stack.folder, "report.html");
    const { endpoints } = await this.stack.outputs();
    const input = JSON.stringify(args[0] === "check" ? endpoints.app : endpoints.warmer);
    const { code, stdout, stderr } = await hearth(args, input, this.environment);
    // 3 and above: it could not do what it was asked for. What it found is the deployment's.
    if (code === null || code > (args[0] === "check" ? 2 : 1)) throw new Error(`${command}: ${stdout}${stderr}`);
  }

  async #pulumi(args: readonly string[]): Promise<void> {
    const [verb, , key = "", value] = args;
    if (verb === "config" && value !== undefined) return this.stack.set({ [key.replace("hearth:", "")]: value });
    if (args.length === 1 && verb === "refresh") return void (await this.stack.refresh());
    if (args.length === 1 && verb === "up") return void (await this.stack.up());
    throw new Error(`not run by this test: pulumi ${args.join(" ")}`);
  }
}
