// A stack of a benchmark: state, passphrase, config and servers' files in a folder of its own, one command at a time.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { fileBackend } from "../scripts/pulumi-env.mjs";
import { fittingConfig } from "../scripts/stack-config.mjs";

export class BenchStack {
  #folder;
  #project;
  #config;
  #env;

  /** @param config keys without `hearth:`, over those of the project's `stackFile`; undefined takes one away */
  constructor(folder, project, config) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#project = project;
    this.#config = config;
    this.#env = fileBackend(folder);
  }

  get #file() {
    return path.join(this.#folder, "Pulumi.bench.yaml");
  }

  /** Where the nodes keep their folders. */
  get directory() {
    return path.join(this.#folder, "nodes");
  }

  /** Makes the stack, in a folder beside the project: `stack init` writes into the folder's Pulumi.<stack>.yaml. */
  async init() {
    writeFileSync(path.join(this.#folder, "Pulumi.yaml"), `name: ${this.#project.name}\nruntime: nodejs\n`);
    await this.#pulumi(["stack", "init", "bench", "--no-select"], this.#folder);
    const { encryptionsalt } = parse(readFileSync(this.#file, "utf8"));
    const { stackFile } = this.#project;
    const written = stackFile ? parse(readFileSync(stackFile, "utf8")).config : {};
    const config = await fittingConfig(written, this.#config.topology);
    const own = stackFile ? { directory: this.directory, ...this.#config } : {};
    for (const [key, value] of Object.entries(own)) {
      if (value === undefined) delete config[`hearth:${key}`];
      else config[`hearth:${key}`] = String(value);
    }
    writeFileSync(this.#file, stringify({ encryptionsalt, config }));
  }

  /** Sets a secret of the stack's config. */
  async setSecret(key, value) {
    await this.time("config", "set", "--secret", `hearth:${key}`, value);
  }

  /** Runs a command that takes the stack's config; returns the milliseconds that it took. */
  async time(...args) {
    const start = performance.now();
    await this.#pulumi([...args, "--stack", "bench", "--config-file", this.#file], this.#project.folder);
    return Math.round(performance.now() - start);
  }

  /** What the program exports, secrets as well. */
  async outputs() {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", "bench"];
    return JSON.parse(await this.#pulumi(args, this.#project.folder));
  }

  /** What the state says of each resource. */
  async resources() {
    const { deployment } = JSON.parse(
      await this.#pulumi(["stack", "export", "--stack", "bench"], this.#project.folder),
    );
    return deployment.resources ?? [];
  }

  async destroy() {
    await this.time("destroy", "--yes", "--skip-preview");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #pulumi(args, cwd) {
    return new Promise((resolve, reject) => {
      const child = spawn("pulumi", [...args, "--non-interactive"], { cwd, env: this.#env, stdio: "pipe" });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
          output += text;
        });
      }
      // On Ctrl-C Pulumi ends in order, this promise is rejected, and the stack is destroyed on the way out.
      const stay = () => {};
      process.on("SIGINT", stay);
      child.on("error", reject);
      child.on("close", (code, signal) => {
        process.off("SIGINT", stay);
        if (code === 0) resolve(output);
        else reject(new Error(`pulumi ${args.join(" ")} ended with ${signal ?? code}:\n${output}`));
      });
    });
  }
}
