import type { Client } from "pg";
import { connected } from "./connected.ts";
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
  const config = { host: "127.0.0.1", port: 5432, user: "postgres", database };
  const patience = { withinMs: readyWithinMs, everyMs: 50, signal };
  const client = await connected("The demo database beside the warmer", config, patience);
  await work(client).finally(() => client.end());
}
