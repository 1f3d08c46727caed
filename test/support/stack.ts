import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { Member } from "../../contract/nodes.ts";
import type { WarmReport } from "../../contract/warming.ts";
import type { ClientUser } from "../../infra/plan/endpoint.ts";
import type { UserName } from "../../infra/plan/secrets.ts";
import { stateIn } from "../../scripts/pulumi-env.mjs";
import { processesIn } from "./processes.ts";

/** What a `pulumi` command printed and how it ended. */
export interface Run {
  readonly code: number | null;
  readonly text: string;
}

/** A stack of this repository's program, in a backend and folders of its own, run by the real engine. */
export class TestStack {
  readonly folder = mkdtempSync(join(tmpdir(), "hearth-stack-"));
  /** On a Docker engine, which all stacks share, its name is part of the containers' names, and tells whose they are. */
  readonly name = `test-${process.pid.toString(36)}-${randomInt(36 ** 4).toString(36)}`;
  readonly #project: string;
  #config: Record<string, unknown>;
  #salt = "";
  /** Commands that run, with what they have printed. */
  readonly #running = new Map<ChildProcess, string[]>();

  /** @param project folder of the Pulumi program; this repository when absent */
  constructor(config: Record<string, string>, project: string = resolve(import.meta.dirname, "../..")) {
    this.#project = project;
    // What the machine lacks is said in every update, and is none of most tests' business.
    const local = { directory: join(this.folder, "nodes"), hostTuning: "off" };
    this.#config = { ...(["docker", "kubernetes"].includes(config.target ?? "") ? {} : local), ...config };
    mkdirSync(join(this.folder, "state"));
  }

  /** Where the nodes keep their folders. */
  get directory(): string {
    return String(this.#config.directory);
  }

  /** Changes configuration for the next command; undefined removes a key. */
  set(changes: Record<string, string | undefined>): void {
    const merged = Object.entries({ ...this.#config, ...changes });
    this.#config = Object.fromEntries(merged.filter(([, value]) => value !== undefined));
    this.#write();
  }

  /** A file of the test's own, beside the stack's. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Sets a secret, as `pulumi config set --secret` does; later changes keep it. */
  async setSecret(key: string, value: string): Promise<void> {
    await this.succeed("config", "set", "--secret", `hearth:${key}`, value, ...this.#file);
    const { config } = parse(readFileSync(this.#configFile, "utf8"));
    this.#config = { ...this.#config, [key]: config[`hearth:${key}`] };
  }

  async init(): Promise<this> {
    // Beside a copy of Pulumi.yaml, so that the stack's file with its salt is made there and not in the project.
    copyFileSync(join(this.#project, "Pulumi.yaml"), join(this.folder, "Pulumi.yaml"));
    const { code, text } = await finished(this.#pulumi(this.folder, "stack", "init", this.name));
    if (code !== 0) throw new Error(`pulumi stack init failed (${code}):\n${text}`);
    this.#salt = parse(readFileSync(this.#configFile, "utf8")).encryptionsalt;
    this.#write();
    return this;
  }

  up(...options: string[]): Promise<string> {
    return this.succeed("up", "--yes", "--skip-preview", ...this.#file, ...options);
  }

  preview(...options: string[]): Promise<string> {
    return this.succeed("preview", ...this.#file, ...options);
  }

  refresh(...options: string[]): Promise<string> {
    return this.succeed("refresh", "--yes", "--skip-preview", ...this.#file, ...options);
  }

  destroy(...options: string[]): Promise<string> {
    return this.succeed("destroy", "--yes", "--skip-preview", ...this.#file, ...options);
  }

  /** `up` that is meant to fail: what it printed. */
  async upFails(...options: string[]): Promise<string> {
    return this.fail("up", "--yes", "--skip-preview", ...this.#file, ...options);
  }

  async previewFails(...options: string[]): Promise<string> {
    return this.fail("preview", ...this.#file, ...options);
  }

  async fail(...args: string[]): Promise<string> {
    const { code, text } = await this.run(...args);
    if (code === 0) throw new Error(`pulumi ${args.join(" ")} was meant to fail, but succeeded:\n${text}`);
    return text;
  }

  async outputs(): Promise<{
    endpoint: Endpoint;
    endpoints: Record<ClientUser, Endpoint>;
    url: string;
    nodes: Member[];
    report: WarmReport;
  }> {
    return JSON.parse(await this.succeed("stack", "output", "--json", "--show-secrets"));
  }

  /** The passwords of all users, the servers' own as well, out of the state. */
  async passwords(): Promise<Partial<Record<UserName, string>>> {
    const state = JSON.parse(await this.succeed("stack", "export", "--show-secrets"));
    const resources: {
      type: string;
      outputs: { passwords: { plaintext?: string } & Partial<Record<UserName, string>> };
    }[] = state.deployment.resources;
    const found = resources.find(({ type }) => type.endsWith(":Passwords"))?.outputs.passwords;
    if (!found) throw new Error("the state holds no passwords");
    return typeof found.plaintext === "string" ? JSON.parse(found.plaintext) : found;
  }

  /** The state as text, secrets as they are kept. */
  export(): Promise<string> {
    return this.succeed("stack", "export");
  }

  /** Destroys what is deployed, and removes the stack's own folder. Never throws away a failure. */
  async end(): Promise<void> {
    // Of a test whose time was over.
    for (const [child, said] of this.#running) {
      console.error(said.join(""));
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    }
    await this.run("cancel", "--yes");
    await this.destroy();
    // A killed engine leaves its language host behind for minutes.
    for (const { pid, command } of processesIn(this.folder)) {
      if (command.includes("pulumi-language-nodejs")) process.kill(pid, "SIGKILL");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async succeed(...args: string[]): Promise<string> {
    const { code, text } = await this.run(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed (${code}):\n${text}`);
    return text;
  }

  async run(...args: string[]): Promise<Run> {
    const child = this.start(...args);
    const said = [`pulumi ${args.join(" ")} was still at work:\n`];
    child.stdout?.on("data", (part) => said.push(String(part)));
    this.#running.set(child, said);
    return finished(child).finally(() => this.#running.delete(child));
  }

  /** A folder with links to all that the PATH holds but these programs: for a machine that lacks them. */
  pathWithout(programs: readonly string[]): string {
    const folder = join(this.folder, "path");
    mkdirSync(folder, { recursive: true });
    for (const from of (process.env.PATH ?? "").split(delimiter)) {
      for (const name of existsSync(from) ? readdirSync(from) : []) {
        const link = join(folder, name);
        if (!programs.includes(name) && !existsSync(link)) symlinkSync(join(from, name), link);
      }
    }
    return folder;
  }

  /** Starts `pulumi up` and leaves it running: for tests that kill it. */
  startUp(): ChildProcess {
    return this.start("up", "--yes", "--skip-preview", ...this.#file);
  }

  start(...args: string[]): ChildProcess {
    return this.#pulumi(this.#project, ...args, "--stack", this.name);
  }

  #pulumi(cwd: string, ...args: string[]): ChildProcess {
    const env = {
      ...process.env,
      // By this its processes are found, whatever they are.
      HEARTH_TEST_STACK: this.folder,
      PULUMI_BACKEND_URL: stateIn(join(this.folder, "state")),
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      NO_COLOR: "1",
    };
    return spawn("pulumi", [...args, "--non-interactive"], { cwd, env, stdio: "pipe" });
  }

  get #file(): string[] {
    return ["--config-file", this.#configFile];
  }

  get #configFile(): string {
    return join(this.folder, `Pulumi.${this.name}.yaml`);
  }

  #write(): void {
    const config = Object.fromEntries(Object.entries(this.#config).map(([key, value]) => [`hearth:${key}`, value]));
    writeFileSync(this.#configFile, stringify({ encryptionsalt: this.#salt, config }));
  }
}

/** Waits for a process to end; gathers what it prints, in the order in which it came. */
export function finished(child: ChildProcess): Promise<Run> {
  return new Promise((resolvePromise, reject) => {
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolvePromise({ code, text }));
  });
}
