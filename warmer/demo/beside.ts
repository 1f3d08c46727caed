import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { demoData } from "./data.ts";
import type { DemoDatabase, DemoOptions } from "./index.ts";
import { demoSchema } from "./schema.ts";

/** Name of the database, and of the role that reads it. */
const name = "meal_planner";
const readyWithinMs = 60_000;

/**
 * The demo database in a pod, in place of `startDemoDatabase`: an empty PostgreSQL runs beside the tool
 * (ops/kubernetes/demo-container.ts), which nobody else reaches, and ends with the pod.
 */
export async function startDemoDatabase({ signal, progress }: DemoOptions = {}): Promise<DemoDatabase> {
  progress?.("preparing the demo database");
  await asOwner("postgres", (client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`), signal);
  await asOwner(name, (client) => client.query(demoSchema + demoData), signal);
  await asOwner(
    name,
    (client) =>
      client.query(
        `CREATE ROLE ${name} LOGIN; GRANT pg_read_all_data TO ${name}; ` +
          `ALTER ROLE ${name} SET default_transaction_read_only = on; ANALYZE`,
      ),
    signal,
  );
  return { url: `postgres://${name}@127.0.0.1:5432/${name}`, stop: async () => undefined };
}

/** Once the server answers: it starts with the pod. */
async function asOwner(
  database: string,
  work: (client: Client) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    signal?.throwIfAborted();
    const client = new Client({ host: "127.0.0.1", port: 5432, user: "postgres", database });
    client.on("error", () => undefined);
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => undefined);
      if (Date.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`The demo database beside the warmer does not answer after 60 s: ${reason}.`);
      }
      await delay(50);
      continue;
    }
    await work(client).finally(() => client.end());
    return;
  }
}
