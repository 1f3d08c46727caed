import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../support/ports.ts";

const repository = resolve(import.meta.dirname, "../..");
const clone = mkdtempSync(join(tmpdir(), "hearth-clone-"));
let port = "";

beforeAll(async () => {
  const parts = ["contract", "infra", "ops", "warmer", "cli", "proxy", "scripts", "dist"];
  for (const part of [...parts, "package.json", "package-lock.json", "Pulumi.yaml", "Pulumi.dev.yaml"]) {
    cpSync(join(repository, part), join(clone, part), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  port = String(await freePorts(1));
});

afterAll(async () => {
  await script("down");
  rmSync(clone, { recursive: true, force: true });
});

/** Runs one of the scripts behind `npm run`, as a user who has chosen no backend. */
function script(name: string, args: string[] = [], env: Record<string, string> = {}) {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith("PULUMI_"));
  // A home without ~/.pulumi/credentials.json: nobody is logged in.
  const own = { PULUMI_HOME: join(clone, "pulumi-home"), NO_COLOR: "1" };
  const options = { cwd: clone, env: { ...Object.fromEntries(inherited), ...own, ...env } };
  return new Promise<{ code: number | null; text: string }>((resolvePromise) => {
    const child = execFile(process.execPath, [join(clone, "scripts", `${name}.mjs`), ...args], options);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (part) => {
        text += part;
      });
    }
    child.on("close", (code) => resolvePromise({ code, text }));
  });
}

const cold = ["--config", "warm=off"];

describe("npm run up, preview, pulumi, down", () => {
  it("deploys and destroys without touching a committed file, and leaves nothing", async () => {
    const committed = readFileSync(join(clone, "Pulumi.dev.yaml"), "utf8");
    const up = await script("up", ["--port", port, ...cold]);
    expect(up, up.text).toMatchObject({ code: 0 });
    expect(statSync(join(clone, ".hearth/passphrase")).mode & 0o777).toBe(0o600);
    const nodes = await script("pulumi", ["stack", "output", "nodes"]);
    expect(nodes.text).toContain(port);

    const secret = ["config", "set", "--secret", "hearth:password", "a-password-of-the-user"];
    expect(await script("pulumi", secret)).toMatchObject({ code: 0 });
    const preview = await script("preview", ["--diff", "--port", port, ...cold]);
    expect(preview.text).toMatch(/password/);
    expect(preview.text + readFileSync(join(clone, ".hearth/Pulumi.dev.yaml"), "utf8")).not.toContain("of-the-user");

    const down = await script("down");
    expect(down, down.text).toMatchObject({ code: 0 });
    expect(existsSync(join(clone, ".hearth"))).toBe(false);
    expect(readFileSync(join(clone, "Pulumi.dev.yaml"), "utf8")).toBe(committed);
    expect((await script("down")).text).toBe("hearth: there is no stack dev; nothing to destroy.\n");
  });

  it("removes the lock that a killed engine left, and says so", async () => {
    expect(await script("pulumi", ["config"])).toMatchObject({ code: 0 }); // makes the stack
    const locks = join(clone, ".hearth/state/.pulumi/locks/organization/hearth/dev");
    mkdirSync(locks, { recursive: true });
    const lock = {
      pid: await endedPid(),
      username: "someone",
      hostname: hostname(),
      timestamp: "2026-01-01T00:00:00Z",
    };
    writeFileSync(join(locks, "0.json"), JSON.stringify(lock));
    const preview = await script("preview", ["--port", port, ...cold]);
    expect(preview, preview.text).toMatchObject({ code: 0 });
    expect(preview.text).toContain(
      `hearth: removed the lock of an interrupted run (pulumi with pid ${lock.pid}, started ${lock.timestamp}, is gone)`,
    );
  });

  it("respects the lock of an engine that may be alive on another machine", async () => {
    const locks = join(clone, ".hearth/state/.pulumi/locks/organization/hearth/dev");
    mkdirSync(locks, { recursive: true });
    const lock = { pid: 1, username: "someone", hostname: "elsewhere", timestamp: "2026-01-01T00:00:00Z" };
    writeFileSync(join(locks, "1.json"), JSON.stringify(lock));
    const up = await script("up", ["--port", port, ...cold]);
    rmSync(join(locks, "1.json"));
    expect(up.code).not.toBe(0);
    expect(up.text).toContain("currently locked by 1 lock");
  });

  it("uses the backend that the user has chosen", async () => {
    const backend = mkdtempSync(join(tmpdir(), "hearth-backend-"));
    const env = { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "the user's own" };
    const preview = await script("preview", ["--stack", "theirs", "--port", port, ...cold], env);
    expect(preview, preview.text).toMatchObject({ code: 0 });
    expect(existsSync(join(backend, ".pulumi/stacks/hearth/theirs.json"))).toBe(true);
    expect(await script("down", ["--stack", "theirs"], env)).toMatchObject({ code: 0 });
    rmSync(backend, { recursive: true });
  });

  it.each([
    [["--topolgy", "x"], "hearth: npm run up: Unknown option '--topolgy'. All options: npm run up -- --help\n"],
    [["--config", "foo"], 'hearth: npm run up: --config "foo" has no "="; wanted is hearth:key=value.\n'],
    [["--stack", "a b"], 'hearth: --stack: "a b" is no name of a stack: letters, digits, ".", "_" and "-".\n'],
  ])("refuses %j", async (args, message) => {
    expect(await script("up", args)).toEqual({ code: 1, text: message });
  });
});

/** The id of a process that has ended. */
function endedPid(): Promise<number> {
  return new Promise((resolvePromise) => {
    const child = execFile(process.execPath, ["-e", ""], () => resolvePromise(child.pid ?? 0));
  });
}
