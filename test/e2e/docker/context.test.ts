import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { addressOf } from "../../../ops/docker/context.ts";
import { Deployed } from "../../support/deployed.ts";
import { docker, dockerTest } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { TestStack } from "../../support/stack.ts";

/** A second way to the tests' engine, which writes down what is asked there. */
interface Way {
  readonly host: string;
  readonly asked: string[];
  close(): void;
}

/** @param disguise what the engine says becomes this, of the same length: it passes for another engine. */
function wayTo(socketPath: string, path: string, disguise?: readonly [string, string]): Promise<Way> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const server: Server = createServer((inner) => {
    const outer = dial(socketPath);
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("end", () => other.end());
    }
    inner.on("data", (data) => {
      asked.push(...(data.toString("latin1").match(/^(?:GET|PUT|POST|DELETE) \S+/gm) ?? []));
      outer.write(data);
    });
    outer.on("data", (data) =>
      inner.write(disguise ? Buffer.from(data.toString("latin1").replaceAll(...disguise), "latin1") : data),
    );
  });
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve) => server.listen(path, () => resolve({ host: `unix://${path}`, asked, close })));
}

dockerTest("the docker command's current context", () => {
  const home = mkdtempSync(join(tmpdir(), "hearth-context-"));
  const ways: Way[] = [];
  let stack: TestStack;
  let second: Way;

  const choose = (currentContext: string) =>
    writeFileSync(join(home, ".docker", "config.json"), JSON.stringify({ currentContext }));
  const describeContext = (name: string, host: string) => {
    const folder = join(home, ".docker/contexts/meta", createHash("sha256").update(name).digest("hex"));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
  };

  beforeAll(async () => {
    const { host } = addressOf({});
    const socket = host.replace("unix://", "");
    const { ID } = await docker.info();
    second = await wayTo(socket, join(home, "second.sock"));
    const third = await wayTo(socket, join(home, "third.sock"), [ID, [...ID].reverse().join("")]);
    ways.push(second, third);
    describeContext("first", host);
    describeContext("second", second.host);
    describeContext("third", third.host);
    vi.stubEnv("PULUMI_HOME", process.env.PULUMI_HOME || join(homedir(), ".pulumi"));
    vi.stubEnv("HOME", home);
    vi.stubEnv("DOCKER_HOST", "");
    choose("second");
    const config = { ...(await dockerConfig()), topology: "standalone", exporters: "false", warm: "off" };
    stack = await new TestStack(config).init();
  });
  afterAll(async () => {
    choose("first");
    await stack?.end();
    vi.unstubAllEnvs();
    for (const way of ways) way.close();
    rmSync(home, { recursive: true, force: true });
  });

  it("is where Pulumi's provider and the tool both go", async () => {
    await stack.up();
    const asked = second.asked.join("\n");
    expect(asked).toMatch(new RegExp(`POST \\S*/containers/create\\?name=hearth-${stack.name}-cache-0`));
    expect(asked).toMatch(/PUT \S*\/containers\/\w+\/archive/);
    await stack.preview("--expect-no-changes");
  });

  it("shows in the preview when it leads to the same engine by another way, and nothing restarts", async () => {
    const before = await runIds(stack);
    choose("first");
    const preview = await stack.preview("--diff");
    expect(preview).toContain(second.host);
    expect(preview).not.toMatch(/replace/);
    await stack.up();
    expect(await runIds(stack)).toEqual(before);
  });

  it("is refused when it leads to another engine than the one that has the data", async () => {
    choose("third");
    expect(await stack.previewFails()).toMatch(
      /third\.sock is another engine than unix:\/\/\S+, which has the containers and the data of this stack: to stay there write hearth:dockerHost: unix:/,
    );
    choose("first");
  });

  it("a preview of what only the engine's check sees shows no server", async () => {
    stack.set({ exporters: "true" });
    const preview = await stack.preview();
    expect(preview).toMatch(/DockerHost\s+cache-host\s+update/);
    expect(preview).not.toContain("RedisContainer");
  });
});

async function runIds(stack: TestStack): Promise<string[]> {
  const deployed = new Deployed(await stack.outputs());
  try {
    return (await deployed.states()).map(({ runId }) => runId);
  } finally {
    deployed.close();
  }
}
