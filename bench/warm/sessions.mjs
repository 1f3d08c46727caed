// 856 sessions: our warmer in process and as a command, beside the way that a guide to warming proposes.

import { Redis } from "ioredis";
import pg from "pg";
import { parsePlan, warm } from "../../warmer/index.ts";

export const SESSIONS = 856;
const BATCH = 100;
const PAUSE_MS = 50;
const TTL = 300;

/** 856 sessions that qualify, among some that do not. */
export const sessionTables = `
  CREATE SCHEMA platform;
  CREATE TABLE platform.users (
    id uuid PRIMARY KEY, email text NOT NULL, first_name text, last_name text, username text,
    deleted_at timestamptz, banned_until timestamptz);
  CREATE TABLE platform.user_sessions (
    id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES platform.users, token text NOT NULL,
    expires_at timestamptz NOT NULL, last_activity_at timestamptz NOT NULL, ip_address inet, user_agent text,
    created_at timestamptz NOT NULL);
  INSERT INTO platform.users
  SELECT md5('user' || g)::uuid, 'user' || g || '@example.com', 'First' || g, 'Last' || g, 'name' || g,
    CASE WHEN g % 50 = 1 THEN now() END, CASE WHEN g % 50 = 2 THEN now() + interval '1 day' END
  FROM generate_series(1, 1000) AS g;
  INSERT INTO platform.user_sessions
  SELECT md5('session' || g)::uuid, md5('user' || 1 + g % 1000)::uuid, md5('token' || g) || md5('more' || g),
    now() + interval '7 days', now() - g * interval '1 minute', ('10.0.' || g % 200 || '.7')::inet,
    'Mozilla/5.0 (X11; Linux x86_64) Firefox/' || g % 30 + 100, now() - interval '2 days'
  FROM generate_series(1, 1438) AS g;
  CREATE INDEX ON platform.user_sessions (last_activity_at DESC);
  ANALYZE platform.users, platform.user_sessions`;

const query = `
  SELECT s.id, s.user_id, s.token, s.expires_at, s.last_activity_at, s.ip_address, s.user_agent, s.created_at,
    u.email, u.first_name, u.last_name, u.username
  FROM platform.user_sessions s
  JOIN platform.users u ON s.user_id = u.id
  WHERE s.expires_at > now() AND u.deleted_at IS NULL AND u.banned_until IS NULL
    AND s.last_activity_at > now() - interval '24 hours'
  ORDER BY s.last_activity_at DESC
  LIMIT ${SESSIONS}`;

const fields = {
  id: "id",
  userId: "user_id",
  token: "token",
  expiresAt: "expires_at",
  lastActivityAt: "last_activity_at",
  ipAddress: "ip_address",
  userAgent: "user_agent",
  createdAt: "created_at",
  email: "email",
  firstName: "first_name",
  lastName: "last_name",
  username: "username",
};

export const sessionPlan = {
  name: "sessions",
  datasets: [{ name: "sessions", query, key: "session:{token|prefix:16}", value: { type: "hash", fields }, ttl: TTL }],
};

/** Milliseconds of our warmer in this process, its connections included. */
export async function warmInProcess(url, endpoint) {
  const plan = parsePlan(sessionPlan);
  const start = performance.now();
  const outcome = await warm({ endpoint, plan, postgresUrl: url });
  const ms = performance.now() - start;
  if (!outcome.ok || outcome.keys !== SESSIONS) throw new Error(`warm: ${outcome.keys} keys, ${outcome.error ?? ""}`);
  return ms;
}

/** Milliseconds of the guide's way, its connections included: batches of 100, each key awaited, 50 ms between. */
export async function warmLikeTheGuide(url, port) {
  const start = performance.now();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const redis = new Redis({ host: "127.0.0.1", port });
  try {
    const { rows } = await client.query(query);
    for (let from = 0; from < rows.length; from += BATCH) {
      for (const row of rows.slice(from, from + BATCH)) {
        const key = `session:${row.token.slice(0, 16)}`;
        await redis.hset(
          key,
          Object.fromEntries(Object.entries(fields).map(([name, column]) => [name, asText(row[column])])),
        );
        await redis.expire(key, TTL);
      }
      if (from + BATCH < rows.length) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return performance.now() - start;
  } finally {
    redis.disconnect();
    await client.end();
  }
}

function asText(value) {
  if (value === null) return "";
  return value instanceof Date ? value.toISOString() : String(value);
}
