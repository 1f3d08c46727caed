// The rows of the benchmark, the plans that warm them, and the same commands made in SQL.
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { endOfCommand, keyOfCommand } from "../../warmer/resp.ts";
import { slotOf } from "../../warmer/slots.ts";

/** Seconds that every key lives. */
const TTL = 3600;

/** Requests in the log that a run replays to see how warm the cache is. */
const REQUESTS = 20_000;

/** Fields of a key, in their order. */
const FIELDS = [
  "session_id",
  "user_id",
  "email",
  "ip_address",
  "user_agent",
  "country",
  "device",
  "is_active",
  "login_count",
  "created_at",
  "last_seen_at",
  "data",
];
/** Those that are no text. */
const CAST = ["user_id", "is_active", "login_count", "created_at", "last_seen_at", "data"];

/** 12 fields, about 300 bytes, no value above 64: a hash of them is a listpack by Redis's defaults. */
export function createTable(rows) {
  return `
    CREATE TABLE sessions (
      session_id text PRIMARY KEY, user_id bigint NOT NULL, email text NOT NULL, ip_address text NOT NULL,
      user_agent text NOT NULL, country text NOT NULL, device text NOT NULL, is_active boolean NOT NULL,
      login_count integer NOT NULL, created_at timestamptz NOT NULL, last_seen_at timestamptz NOT NULL,
      data jsonb NOT NULL);
    INSERT INTO sessions
    SELECT md5(g::text) || substr(md5((g + 7)::text), 1, 4), 100000 + (g * 7919) % 1000000,
      'user' || g || '@example-mail.com', concat_ws('.', g % 223 + 1, g % 251, g % 239, g % 254 + 1),
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/' || 500 + g % 90 || ' Chrome/' || 90 + g % 40 || '.0.0',
      (ARRAY['GB', 'FR', 'DE', 'US', 'JP', 'BR'])[1 + g % 6],
      (ARRAY['mobile, Android 14', 'desktop, Ubuntu 24.04', 'tablet, iPadOS 18'])[1 + g % 3],
      g % 5 <> 0, g % 97, '2025-01-01'::timestamptz + g * interval '1 second',
      '2025-06-01'::timestamptz + g * interval '3 seconds',
      jsonb_build_object('theme', CASE WHEN g % 2 = 0 THEN 'dark' ELSE 'light' END, 'lang', 'en', 'cart', g % 11)
    FROM generate_series(1, ${rows}::bigint) AS g;
    CREATE TABLE requests (session_id text NOT NULL);
    INSERT INTO requests SELECT session_id FROM sessions LIMIT ${REQUESTS}`;
}

/** A warm plan of hashes or of JSON documents; `times` reads the table that often, each time under other keys. */
export function planOf(value, { times = 1 } = {}) {
  const fields = Object.fromEntries(FIELDS.map((name) => [name, name]));
  const again = times > 1;
  const key = again ? "'session:1:'" : "'session:'";
  return {
    name: `bench-${value}`,
    replay: { query: `SELECT ${key} || session_id FROM requests` },
    datasets: [
      {
        name: "sessions",
        query: again ? `SELECT * FROM generate_series(1, ${times}) AS copy, sessions` : "SELECT * FROM sessions",
        key: again ? "session:{copy}:{session_id}" : "session:{session_id}",
        value: { type: value, fields },
        ttl: TTL,
      },
    ],
  };
}

/** `'text'` with escapes, of an SQL statement. */
const text = (value) => `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\r\n", "\\r\\n")}'`;
const argument = (value) => `$${Buffer.byteLength(value)}\r\n${value}\r\n`;

/**
 * Commands as one column of text, for `psql -At`: the line end that psql puts after each row is the last of the
 * command. `concat` because it copies every piece once, which a chain of `||` does again and again.
 */
function commandSql(pieces, from) {
  return `SELECT concat(${pieces.join(", ")}) FROM ${from}`;
}

export function hashCommands() {
  const pieces = [text(`*${2 + 2 * FIELDS.length}\r\n$4\r\nHSET\r\n$44\r\nsession:`), "session_id"];
  for (const name of FIELDS) pieces.push(text(`\r\n${argument(name)}$`), `octet_length(${name})`, text("\r\n"), name);
  pieces.push(text(`\r\n*3\r\n$6\r\nEXPIRE\r\n$44\r\nsession:`), "session_id", text(`\r\n$4\r\n${TTL}`), "E'\\r'");
  const columns = FIELDS.map((name) => (CAST.includes(name) ? `${name}::text AS ${name}` : name));
  // OFFSET 0 keeps the casts where they are: each is needed twice.
  return commandSql(pieces, `(SELECT ${columns.join(", ")} FROM sessions OFFSET 0) AS row`);
}

export function stringCommands() {
  const pieces = [text("*5\r\n$3\r\nSET\r\n$44\r\nsession:"), "session_id", text("\r\n$"), "octet_length(document)"];
  pieces.push(text("\r\n"), "document", text(`\r\n$2\r\nEX\r\n$4\r\n${TTL}`), "E'\\r'");
  return commandSql(
    pieces,
    "(SELECT session_id, row_to_json(sessions)::text AS document FROM sessions OFFSET 0) AS row",
  );
}

/** Longer than any command here. */
const LONGEST_COMMAND = 4096;

/**
 * Sorts a file of commands by slot, into `<file>.0` and so on.
 * @param bounds the last slot of each primary
 */
export async function splitCommands(file, bounds) {
  const outputs = bounds.map((_, index) => openSync(`${file}.${index}`, "w"));
  let rest = Buffer.alloc(0);
  const split = (data, end) => {
    const pieces = bounds.map(() => []);
    let at = 0;
    while (at < end) {
      const next = endOfCommand(data, at);
      const key = keyOfCommand(data, at);
      const slot = slotOf(key, 0, key.length);
      pieces[bounds.findIndex((last) => slot <= last)].push(data.subarray(at, next));
      at = next;
    }
    for (const [index, commands] of pieces.entries()) writeSync(outputs[index], Buffer.concat(commands));
    return data.subarray(at);
  };
  for await (const piece of createReadStream(file, { highWaterMark: 8 * 1024 * 1024 })) {
    const data = Buffer.concat([rest, piece]);
    rest = split(data, data.length - LONGEST_COMMAND);
  }
  split(rest, rest.length);
  for (const output of outputs) closeSync(output);
}
