import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { addBridge, removeBridge } from "../../scripts/bootstrap/docker-bridge.mjs";
import { cacheFolder, findProgram, prependPath } from "../../scripts/bootstrap/paths.mjs";
import { docker as shared } from "./docker.ts";
import { until } from "./wait.ts";

/** dockerd on the PATH, or the one that the tests unpacked for themselves; and what it needs beside it. */
const path = prependPath([join(cacheFolder(), "docker", "bin")]);

/** Whether this machine can run a Docker engine for one test: as root, where there is the program. */
export const mayRunEngine = process.getuid?.() === 0 && findProgram("dockerd", path) !== undefined;

/** A Docker engine of one test, which may stop it and kill it. */
export class PrivateEngine {
  readonly docker: Docker;
  readonly host: string;
  readonly #id = randomBytes(4).toString("hex");
  // The socket's path must be short, and the data on a disk that layers can lie on.
  readonly #run = mkdtempSync(join(tmpdir(), "hearth-engine-"));
  readonly #data = join(cacheFolder(), `engine-${this.#id}`);
  readonly #bridge: string[];
  #process: ChildProcess | undefined;

  private constructor() {
    const socketPath = join(this.#run, "docker.sock");
    this.host = `unix://${socketPath}`;
    this.docker = new Docker({ socketPath });
    this.#bridge = addBridge(this.#id);
    mkdirSync(this.#data, { recursive: true });
  }

  /** Starts an engine that has these images of the shared one. */
  static async start(images: readonly string[]): Promise<PrivateEngine> {
    const engine = new PrivateEngine();
    try {
      await engine.#start();
      for (const image of images) await engine.#copy(image);
      return engine;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** Ends the engine, with all containers, and starts it again, as a system's update of Docker does. */
  async restart(): Promise<void> {
    await this.#end();
    await this.#start();
  }

  async stop(): Promise<void> {
    await this.#end();
    removeBridge(this.#id);
    for (const folder of [this.#run, this.#data]) rmSync(folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const log = openSync(join(this.#run, "log"), "a", 0o600);
    const folders = ["--data-root", this.#data, "--exec-root", join(this.#run, "exec")];
    const args = ["--host", this.host, ...folders, "--pidfile", join(this.#run, "pid"), ...this.#bridge];
    const child = spawn("dockerd", args, { env: { ...process.env, PATH: path }, stdio: ["ignore", log, log] });
    closeSync(log);
    this.#process = child;
    await until("the private engine to answer", async () => {
      if (child.exitCode !== null) throw new Error(readFileSync(join(this.#run, "log"), "utf8").slice(-2000));
      return this.docker.ping();
    });
  }

  async #end(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }

  async #copy(image: string): Promise<void> {
    const progress = await this.docker.loadImage(await shared.getImage(image).get());
    await new Promise((resolve, reject) =>
      this.docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve(undefined))),
    );
  }
}
