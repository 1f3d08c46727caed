/** The API keys' tables, with the indexes that the plan and a gateway want. */
export const apiKeysSchema = `
CREATE SCHEMA api;

CREATE TABLE api.keys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  name varchar(50) NOT NULL,
  key_prefix varchar(16) NOT NULL UNIQUE,
  key_hash varchar(64) NOT NULL,
  scopes varchar(50)[] NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL
);

CREATE INDEX keys_user ON api.keys (user_id);

CREATE TABLE api.key_usage (
  day date NOT NULL,
  key_id uuid NOT NULL REFERENCES api.keys (id),
  requests integer NOT NULL,
  PRIMARY KEY (day, key_id)
);
`;

/**
 * 800 keys of 220 users: 700 may be used, 50 are revoked and 50 have expired. Each was used on three days of the last
 * week, by the same share of all requests, so that the most used ones are the same when the data is a day older.
 */
export const apiKeysData = `
INSERT INTO api.keys
SELECT md5('api key ' || n)::uuid, md5('api user ' || n % 220)::uuid, 'Key ' || n, 'ak_' || left(md5('prefix ' || n), 13),
  encode(sha256(('secret ' || n)::bytea), 'hex'),
  (ARRAY['orders:read', 'orders:write', 'users:read', 'users:write', 'reports:read', 'admin:all'])[
    1 + n % 3:2 + n % 3 + pg_temp.pick('scopes', n, 3)],
  n % 16 > 0, CASE WHEN n % 16 = 1 THEN now() - interval '1 day' WHEN n % 2 = 0 THEN now() + interval '90 days' END,
  now() - interval '30 days' - n * interval '2 hours'
FROM generate_series(1, 800) AS n;

INSERT INTO api.key_usage
SELECT current_date - day, md5('api key ' || n)::uuid, 1 + floor(20000 / power(n * 263 % 800 + 1, 0.7))
FROM generate_series(1, 800) AS n, unnest(ARRAY[1, 3, 5]) AS day;
`;
