/** The sessions' tables, with the indexes that the plan and the application want. */
export const sessionsSchema = `
CREATE SCHEMA platform;

CREATE TABLE platform.users (
  id uuid PRIMARY KEY,
  email varchar(100) NOT NULL,
  first_name varchar(50) NOT NULL,
  last_name varchar(50) NOT NULL,
  username varchar(50) NOT NULL,
  deleted_at timestamptz,
  banned_until timestamptz
);

CREATE TABLE platform.user_sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES platform.users (id),
  token varchar(64) NOT NULL,
  expires_at timestamptz NOT NULL,
  last_activity_at timestamptz NOT NULL,
  ip_address inet NOT NULL,
  user_agent varchar(200) NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE INDEX user_sessions_activity ON platform.user_sessions (last_activity_at DESC);

CREATE INDEX user_sessions_token ON platform.user_sessions (token, expires_at);
`;

const firstNames = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Grace", "Hugo", "Iris", "Jon", "Kim", "Leo"];
const lastNames = ["Adler", "Brook", "Carver", "Dale", "Ellis", "Frost", "Gray", "Hale", "Irving", "Jones", "Klein"];
const agents = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
];

const array = (values: readonly string[]): string => `ARRAY[${values.map((value) => `'${value}'`).join(", ")}]`;
const pick = (values: readonly string[], salt: string): string =>
  `(${array(values)})[1 + pg_temp.pick('${salt}', n, ${values.length})]`;

/**
 * 450 users: 400 in good standing (ten of them were banned once), 25 deleted, 25 banned. 1,050 sessions, of which 856
 * are to be warmed; the others have expired, are idle since days, or belong to users who are gone.
 */
export const sessionsData = `
INSERT INTO platform.users
SELECT md5('platform user ' || n)::uuid, lower(first || '.' || last || n) || '@example.org', first, last,
  lower(left(first, 1) || last) || n,
  CASE WHEN n > 400 AND n <= 425 THEN now() - n * interval '1 hour' END,
  CASE WHEN n > 425 THEN now() + interval '300 days' WHEN n <= 10 THEN now() - interval '90 days' END
FROM (SELECT n, ${pick(firstNames, "first")} AS first, ${pick(lastNames, "last")} AS last
  FROM generate_series(1, 450) AS n) AS named;

INSERT INTO platform.user_sessions
SELECT md5('session ' || n)::uuid, md5('platform user ' || owner)::uuid, md5('token ' || n) || md5('secret ' || n),
  now() + CASE WHEN kind = 'expired' THEN interval '-1 hour' ELSE interval '20 days' END + n * interval '1 minute' / 100,
  now() - CASE WHEN kind = 'idle' THEN interval '3 days' + n * interval '1 minute'
    ELSE n % 856 * interval '23 hours 30 minutes' / 856 + interval '1 second' END,
  ('10.' || pg_temp.pick('net', n, 250) || '.' || pg_temp.pick('subnet', n, 250) || '.' || 1 + n % 250)::inet,
  ${pick(agents, "agent")}, now() - interval '10 days' - n * interval '7 minutes'
FROM (
  SELECT n, kind, CASE kind WHEN 'deleted' THEN 401 + n % 25 WHEN 'banned' THEN 426 + n % 25
    ELSE 1 + n * 7 % 400 END AS owner
  FROM (SELECT n, CASE WHEN n <= 856 THEN 'good' WHEN n <= 906 THEN 'expired' WHEN n <= 956 THEN 'idle'
    WHEN n <= 1003 THEN 'deleted' ELSE 'banned' END AS kind FROM generate_series(1, 1050) AS n) AS kinds
) AS owned;
`;
