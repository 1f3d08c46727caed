import { Redis } from "ioredis";
import pg from "pg";
import type { Endpoint } from "../../contract/endpoint.ts";
import { type ImageName, images, testLabels } from "./docker.ts";
import { until } from "./wait.ts";

/** A single server in a container, on a port of this machine that Docker chose. */
interface ServerInContainer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

async function startContainer(
  image: ImageName,
  port: number,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerInContainer> {
  // Its container that cleans up after killed tests comes from a registry; we have labels for that.
  process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
  const { GenericContainer, Network, Wait } = await import("testcontainers");
  // Not the engine's default one: another engine that comes and goes on this machine may take its bridge away.
  const network = await new Network().start();
  const container = await new GenericContainer(images[image])
    .withCommand([...command])
    .withEnvironment({ ...environment })
    .withLabels(testLabels)
    .withNetwork(network)
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  const stop = async () => {
    await container.stop({ timeout: 0 });
    await network.stop();
  };
  return { host: container.getHost(), port: container.getMappedPort(port), stop };
}

/** PostgreSQL 15: another version than that of startPostgres. */
export async function startPostgresContainer() {
  const password = "of-a-test";
  const settings = ["fsync=off", "full_page_writes=off"].flatMap((setting) => ["-c", setting]);
  const server = await startContainer("postgres", 5432, ["postgres", ...settings], { POSTGRES_PASSWORD: password });
  const url = `postgres://postgres:${password}@${server.host}:${server.port}/postgres`;
  const sql = async (text: string): Promise<pg.QueryResult> => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {}); // while it starts, it ends connections
    await client.connect();
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  await until("PostgreSQL in a container answers", () => sql("SELECT 1"));
  return { url, sql, stop: server.stop };
}

/** A server of this image, without a password. */
export async function startRedisContainer(image: "redis" | "redisNext" | "valkey") {
  const program = image === "valkey" ? "valkey-server" : "redis-server";
  const server = await startContainer(image, 6379, [program, "--protected-mode", "no", "--save", ""]);
  const { host, port } = server;
  const client = new Redis({ host, port });
  const endpoint: Extract<Endpoint, { topology: "standalone" }> = {
    topology: "standalone",
    nodes: [{ host, port }],
    database: 0,
  };
  const stop = async () => {
    client.disconnect();
    await server.stop();
  };
  return { endpoint, client, stop };
}
