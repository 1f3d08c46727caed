import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { findProgram } from "../../scripts/bootstrap/paths.mjs";
import { temporaryFolder } from "./folders.ts";
import { freePorts } from "./ports.ts";
import { until } from "./wait.ts";

const program = findProgram("grafana");
const homes = [process.env.GF_PATHS_HOME ?? "", "/usr/share/grafana"];
const home = homes.find((folder) => existsSync(join(folder, "conf", "defaults.ini")));

/** Why there is no Grafana here; undefined where there is. */
export const whyNoGrafana = program && home ? undefined : "no grafana on the PATH, with its files in GF_PATHS_HOME";

/** A real Grafana without a login, with dashboards and a Prometheus provisioned as a user would. */
export class Grafana {
  readonly #folder = temporaryFolder();
  #child: ChildProcess | undefined;
  #base = "";

  /** @param files the dashboards by their names */
  async start(prometheus: string, files: Readonly<Record<string, string>>): Promise<void> {
    const { path } = this.#folder;
    const write = (file: string, content: string) => {
      mkdirSync(join(path, file, ".."), { recursive: true });
      writeFileSync(join(path, file), content);
    };
    for (const [name, text] of Object.entries(files)) write(`dashboards/${name}`, text);
    const source = { name: "Prometheus", type: "prometheus", access: "proxy", url: prometheus, isDefault: true };
    const folder = { name: "hearth", type: "file", options: { path: join(path, "dashboards") } };
    write("provisioning/datasources/prometheus.yaml", stringify({ apiVersion: 1, datasources: [source] }));
    write("provisioning/dashboards/hearth.yaml", stringify({ apiVersion: 1, providers: [folder] }));
    const port = await freePorts(1);
    const env = {
      ...process.env,
      ...{ GF_SERVER_HTTP_ADDR: "127.0.0.1", GF_SERVER_HTTP_PORT: `${port}`, GF_PATHS_DATA: join(path, "data") },
      ...{ GF_PATHS_LOGS: join(path, "logs"), GF_PATHS_PROVISIONING: join(path, "provisioning") },
      ...{ GF_AUTH_ANONYMOUS_ENABLED: "true", GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer" },
      ...{ GF_ANALYTICS_REPORTING_ENABLED: "false", GF_ANALYTICS_CHECK_FOR_UPDATES: "false" },
    };
    this.#child = spawn(program ?? "", ["server", "--homepath", home ?? ""], { env, stdio: "ignore" });
    this.#base = `http://127.0.0.1:${port}`;
    await until("Grafana is ready", async () => (await fetch(`${this.#base}/api/health`)).ok);
  }

  /** Address of a dashboard, without anything around it. */
  page(uid: string, variables: Readonly<Record<string, string>>): string {
    const chosen = Object.entries(variables).map(([name, value]): [string, string] => [`var-${name}`, value]);
    return `${this.#base}/d/${uid}?kiosk&${new URLSearchParams(chosen)}`;
  }

  async stop(): Promise<void> {
    if (this.#child && this.#child.exitCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "exit");
    }
    this.#folder.remove();
  }
}
