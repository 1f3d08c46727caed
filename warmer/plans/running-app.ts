/** Times to live by what is cached. */
interface TimesToLive {
  readonly profile: string;
  readonly runs: string;
  readonly stats: string;
  readonly leaderboard: string;
  readonly static: string;
}

/** Users with runs in the last days, the most active first. */
const activeUsers = `
  SELECT user_id AS id, count(*) AS recent
  FROM running.runs
  WHERE date >= now() - :activeDays * interval '1 day'
  GROUP BY user_id
  ORDER BY recent DESC, user_id
  LIMIT :activeUsers`;

/** Groups whose members ran in the last days. */
const activeGroups = `
  SELECT members.group_id AS id, count(*) AS recent
  FROM running.runs
  JOIN running.group_members AS members USING (user_id)
  WHERE runs.date >= now() - :activeDays * interval '1 day'
  GROUP BY members.group_id
  ORDER BY recent DESC, members.group_id
  LIMIT :activeGroups`;

/** The members of each active group by the distance they ran in a period: a sorted set for each. */
function leaderboard(period: "weekly" | "monthly", days: "weekDays" | "monthDays", ttl: string) {
  return {
    name: `leaderboards-${period}`,
    priority: "MEDIUM",
    query: `
      WITH active AS (${activeGroups})
      SELECT active.id, runs.user_id, sum(runs.distance) AS distance
      FROM active
      JOIN running.group_members AS members ON members.group_id = active.id
      JOIN running.runs ON runs.user_id = members.user_id
      WHERE runs.date >= now() - :${days} * interval '1 day'
      GROUP BY active.id, active.recent, runs.user_id
      ORDER BY active.recent DESC, active.id, distance DESC`,
    limit: 50,
    key: `leaderboard:{id}:${period}`,
    value: { type: "zset", member: "user_id", score: "distance" },
    ttl,
  } as const;
}

function runningAppPlan<Name extends string>(name: Name, ttl: TimesToLive) {
  return {
    name,
    parameters: { activeDays: 7, activeUsers: 100, activeGroups: 50, weekDays: 7, monthDays: 30 },
    datasets: [
      {
        name: "static",
        priority: "CRITICAL",
        query: `
          SELECT 'coaches' AS name, coalesce(jsonb_agg(
            jsonb_build_object('id', id, 'name', name, 'icon', icon, 'description', description) ORDER BY id), '[]') AS data
          FROM running.coaches
          WHERE active
          UNION ALL VALUES
            ('training-levels', '["beginner", "intermediate", "advanced", "elite"]'::jsonb),
            ('distance-units', '["miles", "kilometers"]'::jsonb)`,
        key: "static:{name}",
        value: { type: "json", column: "data" },
        ttl: ttl.static,
      },
      {
        name: "profiles",
        priority: "HIGH",
        query: `
          SELECT u.id, u.name, u.email, u.training_level, u.vdot, u.default_distance_unit, u.goals, u.created_at
          FROM (${activeUsers}) AS active
          JOIN running.users AS u USING (id)
          ORDER BY active.recent DESC, u.id`,
        limit: 100,
        key: "user:profile:{id}",
        value: {
          type: "json",
          fields: {
            id: "id",
            name: "name",
            email: "email",
            trainingLevel: "training_level",
            VDOT: "vdot",
            defaultDistanceUnit: "default_distance_unit",
            goals: "goals",
            createdAt: "created_at",
          },
        },
        ttl: ttl.profile,
      },
      {
        name: "runs",
        priority: "HIGH",
        // The first page, as the application asks for it: by 10 and by 20.
        query: `
          SELECT active.id, pages.size, page.runs
          FROM (${activeUsers}) AS active
          CROSS JOIN (VALUES (10), (20)) AS pages (size)
          CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('id', id, 'userId', user_id,
              'date', to_char(date AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'distance', distance,
              'duration', duration, 'pace', pace, 'shoe',
              CASE WHEN shoe_id IS NOT NULL THEN jsonb_build_object('id', shoe_id, 'name', shoe_name) END
              ) ORDER BY date DESC, id) AS runs
            FROM (
              SELECT runs.id, runs.user_id, runs.date, runs.distance, runs.duration, runs.pace, runs.shoe_id,
                shoes.name AS shoe_name
              FROM running.runs
              LEFT JOIN running.shoes ON shoes.id = runs.shoe_id
              WHERE runs.user_id = active.id
              ORDER BY runs.date DESC, runs.id
              LIMIT pages.size
            ) AS recent
          ) AS page
          ORDER BY active.recent DESC, active.id, pages.size`,
        limit: 200,
        key: "user:runs:{id}:1:{size}",
        value: { type: "json", column: "runs" },
        ttl: ttl.runs,
      },
      {
        name: "stats",
        priority: "MEDIUM",
        query: `
          SELECT active.id, runs.total AS total_runs, runs.distance AS total_distance, runs.average AS average_distance,
            shoes.total AS active_shoes, shoes.miles AS total_shoe_miles
          FROM (${activeUsers}) AS active
          CROSS JOIN LATERAL (
            SELECT count(*) AS total, sum(distance) AS distance, round(avg(distance), 3) AS average
            FROM running.runs WHERE user_id = active.id
          ) AS runs
          CROSS JOIN LATERAL (
            SELECT count(*) AS total, coalesce(sum(current_distance), 0) AS miles
            FROM running.shoes WHERE user_id = active.id AND NOT retired
          ) AS shoes
          ORDER BY active.recent DESC, active.id`,
        limit: 100,
        key: "user:stats:{id}",
        value: {
          type: "json",
          fields: {
            totalRuns: "total_runs",
            totalDistance: "total_distance",
            averageDistance: "average_distance",
            activeShoes: "active_shoes",
            totalShoeMiles: "total_shoe_miles",
          },
        },
        ttl: ttl.stats,
      },
      leaderboard("weekly", "weekDays", ttl.leaderboard),
      leaderboard("monthly", "monthDays", ttl.leaderboard),
    ],
  } as const;
}

/** The running app with the times to live of development: its most active users and groups, and its static data. */
export const runningApp = runningAppPlan("running-app", {
  profile: "15 minutes",
  runs: "5 minutes",
  stats: "30 minutes",
  leaderboard: "10 minutes",
  static: "2 hours",
});

/** The same with the times to live of production, which are shorter to spare memory. */
export const runningAppProduction = runningAppPlan("running-app-production", {
  profile: "10 minutes",
  runs: "3 minutes",
  stats: "15 minutes",
  leaderboard: "5 minutes",
  static: "2 hours",
});
