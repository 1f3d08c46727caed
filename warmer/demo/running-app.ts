/** The running app's tables, with the indexes that its plan wants. */
export const runningSchema = `
CREATE SCHEMA running;

CREATE TABLE running.users (
  id uuid PRIMARY KEY,
  name varchar(50) NOT NULL,
  email varchar(100) NOT NULL,
  training_level varchar(20) NOT NULL,
  vdot numeric(4, 1) NOT NULL,
  default_distance_unit varchar(10) NOT NULL,
  goals text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL
);

CREATE TABLE running.shoes (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES running.users (id),
  name varchar(50) NOT NULL,
  current_distance numeric(6, 1) NOT NULL,
  retired boolean NOT NULL
);

CREATE INDEX shoes_user ON running.shoes (user_id) WHERE NOT retired;

CREATE TABLE running.runs (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES running.users (id),
  shoe_id uuid REFERENCES running.shoes (id),
  date timestamptz NOT NULL,
  distance numeric(5, 2) NOT NULL,
  duration integer NOT NULL,
  pace integer NOT NULL
);

CREATE INDEX runs_user ON running.runs (user_id, date DESC, id);

CREATE INDEX runs_date ON running.runs (date, user_id);

CREATE TABLE running.groups (
  id uuid PRIMARY KEY,
  name varchar(50) NOT NULL
);

CREATE TABLE running.group_members (
  group_id uuid NOT NULL REFERENCES running.groups (id),
  user_id uuid NOT NULL REFERENCES running.users (id),
  PRIMARY KEY (group_id, user_id)
);

CREATE TABLE running.coaches (
  id integer PRIMARY KEY,
  name varchar(50) NOT NULL,
  icon varchar(20) NOT NULL,
  description varchar(200) NOT NULL,
  active boolean NOT NULL
);
`;

const goals = "ARRAY['5k under 25 minutes', 'first half marathon', 'run every week', 'marathon']";

/**
 * 200 users, 150 of whom ran in the last days; 60 groups with 12 members each. No run is 6 to 7 or 29 to 30 days old, so
 * that the plan's windows hold the same runs when the data is a day older.
 */
export const runningData = `
INSERT INTO running.users
SELECT md5('runner ' || n)::uuid, 'Runner ' || n, 'runner' || n || '@example.org',
  (ARRAY['beginner', 'intermediate', 'advanced', 'elite'])[1 + pg_temp.pick('level', n, 4)],
  30 + pg_temp.pick('vdot', n, 300) / 10.0, (ARRAY['miles', 'kilometers'])[1 + pg_temp.pick('unit', n, 2)],
  (${goals})[1 + n % 4:1 + n % 4 + pg_temp.pick('goals', n, 2)], now() - interval '200 days' - n * interval '5 hours'
FROM generate_series(1, 200) AS n;

INSERT INTO running.shoes
SELECT md5('shoe ' || n)::uuid, md5('runner ' || 1 + n % 200)::uuid,
  (ARRAY['Road', 'Trail', 'Race'])[1 + n / 200] || ' shoe', 10 + pg_temp.pick('worn', n, 4000) / 10.0,
  pg_temp.pick('retired', n, 4) = 0
FROM generate_series(0, 499) AS n;

INSERT INTO running.runs
SELECT md5('run ' || n || ' ' || k)::uuid, md5('runner ' || n)::uuid,
  CASE WHEN k % 5 > 0 THEN md5('shoe ' || n - 1 + 200 * (k % 2))::uuid END,
  now() - (age + CASE WHEN k > recent AND age > 28.5 THEN 2.5 ELSE 0 END) * interval '1 day', distance,
  (distance * pace)::integer, pace
FROM (
  SELECT n, k, recent, 3 + pg_temp.pick('distance', n * 100 + k, 1500) / 100.0 AS distance,
    240 + pg_temp.pick('pace', n * 100 + k, 240) AS pace,
    CASE WHEN k <= recent THEN k * 5.6 / recent ELSE 7.5 + (k - recent) * 1.6 END + pg_temp.share('hour', n) / 4 AS age
  FROM (
    SELECT n, CASE WHEN n * 7 % 200 < 150 THEN 1 + pg_temp.pick('recent', n, 6) ELSE 0 END AS recent,
      12 + pg_temp.pick('runs', n, 16) AS total
    FROM generate_series(1, 200) AS n
  ) AS runners, generate_series(1, total) AS k
) AS numbered;

INSERT INTO running.groups
SELECT md5('group ' || n)::uuid, 'Running group ' || n FROM generate_series(1, 60) AS n;

INSERT INTO running.group_members
SELECT md5('group ' || n)::uuid, md5('runner ' || 1 + (n * 11 + k * 17) % 200)::uuid
FROM generate_series(1, 60) AS n, generate_series(1, 12) AS k;

INSERT INTO running.coaches
SELECT n, 'Coach ' || n, 'coach-' || n, 'Plans for ' || (ARRAY['beginners', 'the track', 'trails', 'marathons'])[1 + n % 4],
  n <= 6
FROM generate_series(1, 8) AS n;
`;
