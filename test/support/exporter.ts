import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "../../contract/address.ts";
import { temporaryFolder } from "./folders.ts";
import { freePorts } from "./ports.ts";
import { until } from "./wait.ts";

/** Names of the program: Debian's, and its makers'. */
const programs = ["prometheus-redis-exporter", "redis_exporter"];
const program = programs.find((name) => spawnSync(name, ["--version"]).error === undefined);

/** Why no exporter can be run here; undefined when one can. */
export const whyNoExporter = program === undefined ? `no ${programs.join(" or ")} on the PATH` : undefined;

/**
 * What the real redis_exporter tells of a server, as `name{labels} value` lines, asked twice: it connects anew each
 * time. Its password is in a file that it is given, never in its arguments or environment.
 */
export async function exported(address: Address, login: { username: string; password: string }): Promise<string> {
  if (program === undefined) throw new Error(whyNoExporter);
  const folder = temporaryFolder();
  const port = await freePorts(1);
  const uri = `redis://${address.host}:${address.port}`;
  const passwords = join(folder.path, "passwords.json");
  writeFileSync(passwords, JSON.stringify({ [uri]: login.password }), { mode: 0o600 });
  const options = {
    "redis.addr": uri,
    "redis.user": login.username,
    "redis.password-file": passwords,
    "web.listen-address": `127.0.0.1:${port}`,
    // CONFIG GET shows the password of replication: see infra/plan/users.ts.
    "config-command": "-",
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const exporter = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  exporter.stderr.on("data", (data) => {
    said += data;
  });
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  try {
    await until(`the exporter listens (${said})`, scrape);
    return await scrape();
  } finally {
    if (exporter.exitCode === null && exporter.kill()) await once(exporter, "exit");
    folder.remove();
  }
}
