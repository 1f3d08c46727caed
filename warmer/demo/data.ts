import { apiKeysData } from "./api-keys.ts";
import { runningData } from "./running-app.ts";
import { sessionsData } from "./sessions.ts";
import * as words from "./words.ts";

function list(values: readonly string[]): string {
  return `ARRAY[${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(", ")}]`;
}

/** One of `values`, picked by row `n`; the salt makes picks of one row independent of each other. */
function one(values: readonly string[], salt: string, n: string): string {
  return `(${list(values)})[1 + pg_temp.pick('${salt}', ${n}, ${values.length})]`;
}

/** Up to two neighbours of `values`; none for a quarter of the rows. */
function some(values: readonly string[], salt: string, n: string): string {
  const from = `1 + pg_temp.pick('${salt}', ${n}, ${values.length})`;
  return `CASE WHEN pg_temp.pick('${salt} none', ${n}, 4) = 0 THEN '{}'::text[]
    ELSE (${list(values)})[${from}:${from} + pg_temp.pick('${salt} two', ${n}, 2)] END`;
}

const { popularTerms, styles, flavours, mains, vegetarianMains, dishes, sides, foods, preparations } = words;

/**
 * Fills the tables: the same rows in every run, with times counted back from now.
 *
 * The plan's windows (logins of 3 and 7 days, meal plans and searches of 7 days) are still full, and
 * hold the same rows in the same order, when the data is 24 hours old: no time lies within the 24
 * hours before the edge of a window. Only the access log and the sessions must end now; see `catch_up`.
 *
 * Nothing is random: every choice is a hash of the row's number.
 * `popular` is analysed, since PostgreSQL before 18 plans the statement after it for minutes of work without its figures.
 */
export const demoData = `
CREATE FUNCTION pg_temp.pick(salt text, n bigint, choices integer) RETURNS integer IMMUTABLE LANGUAGE sql AS
$$ SELECT ((hashtextextended(salt || ':' || n, 0) & 9223372036854775807) % choices)::integer $$;

CREATE FUNCTION pg_temp.share(salt text, n bigint) RETURNS double precision IMMUTABLE LANGUAGE sql AS
$$ SELECT (hashtextextended(salt || ':' || n, 0) & 4503599627370495) / 4503599627370496.0::double precision $$;

CREATE FUNCTION pg_temp.zipf(share double precision, items bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS
$$ SELECT least(items, floor(power(1 - share * (1 - power(items + 1, -0.6)), -1 / 0.6)))::bigint $$;

INSERT INTO users
SELECT id, 'user' || id || '@example.org', ${some(words.diets, "diet", "id")}, ${some(words.allergies, "allergy", "id")},
  ${some(words.goals, "goal", "id")}, now() - interval '30 days' - id * interval '3 hours',
  now() - CASE
    WHEN place <= 700 THEN place * interval '4 minutes'
    WHEN place <= 1100 THEN interval '3 days' + (place - 700) * interval '10 minutes'
    ELSE interval '8 days' + (place - 1100) * interval '1 hour' END
FROM (SELECT id, id * 7919 % 1500 + 1 AS place FROM generate_series(1, 1500) AS id) AS numbered;

INSERT INTO recipes
SELECT id, style || ' ' || flavour || ' ' || main || ' ' || dish,
  lower(concat_ws(',', main, flavour, ${[0, 5, 10, 15].map((from) => one(sides.slice(from, from + 5), `side ${from}`, "id")).join(", ")})),
  'Prepare the ' || lower(main) || ' with ' || lower(flavour) || ', cook for ' || cook_time || ' minutes, and serve as '
    || lower(dish) || '.',
  180 + pg_temp.pick('calories', id, 620), 5 + pg_temp.pick('prep', id, 30), cook_time,
  3 + pg_temp.pick('rating', id, 21) / 10.0, floor(5000 / power(place, 0.75)), pg_temp.pick('active', id, 20) > 0,
  now() - interval '20 days' - id * interval '1 hour'
FROM (
  SELECT id, id * 1361 % 2400 + 1 AS place, style, ${one(flavours, "flavour", "id")} AS flavour,
    (${list(mains)})[1 + pg_temp.pick('main', id, CASE style WHEN 'Vegetarian' THEN ${vegetarianMains}
      ELSE ${mains.length} END)] AS main,
    ${one(dishes, "dish", "id")} AS dish, 5 + pg_temp.pick('cook', id, 55) AS cook_time
  FROM (SELECT id, ${one(styles, "style", "id")} AS style FROM generate_series(1, 2400) AS id) AS styled
) AS numbered;

CREATE TEMPORARY TABLE ranked_users AS
SELECT id, row_number() OVER (ORDER BY last_login DESC) AS rank FROM users;

INSERT INTO meal_plans
SELECT numbered.id, ranked_users.id, 'Week of ' || ${one(styles, "plan", "numbered.id")} || ' meals',
  jsonb_build_array(${["breakfast", "lunch", "dinner"]
    .map((m) => `jsonb_build_object('meal', '${m}', 'recipeId', 1 + pg_temp.pick('${m}', numbered.id, 2400))`)
    .join(", ")}),
  now() - CASE WHEN place <= 800 THEN place * interval '10 minutes'
    ELSE interval '8 days' + (place - 800) * interval '30 minutes' END
FROM (SELECT id, id * 7 % 1200 + 1 AS place FROM generate_series(1, 1200) AS id) AS numbered
JOIN ranked_users ON ranked_users.rank = CASE WHEN place % 8 = 0 THEN 1101 + pg_temp.pick('away', numbered.id, 399)
  ELSE 1 + pg_temp.pick('owner', numbered.id, 700) END;

CREATE TEMPORARY TABLE terms AS
SELECT term, row_number() OVER (ORDER BY place, pg_temp.pick(term, 0, 1000000), term) AS rank FROM (
  SELECT term, place FROM unnest(${list(popularTerms)}) WITH ORDINALITY AS popular (term, place)
  UNION ALL
  SELECT lower(main || ' ' || dish), 1000 FROM unnest(${list(mains)}) AS main, unnest(${list(dishes)}) AS dish
) AS candidates ORDER BY rank LIMIT 500;

INSERT INTO search_logs
SELECT n, CASE WHEN pg_temp.pick('guest', n, 5) > 0 THEN 1 + pg_temp.pick('searcher', n, 1500) END,
  CASE WHEN pg_temp.pick('case', n, 3) = 0 THEN initcap(term) ELSE term END,
  now() - pg_temp.share('searched', n) * interval '140 hours'
FROM (
  SELECT row_number() OVER (ORDER BY rank, copy) AS n, term
  FROM terms, generate_series(1, greatest(1, 600 / rank)) AS copy
) AS searches;

INSERT INTO nutrition_data
SELECT name, 20 + pg_temp.pick('calories', n, 580), pg_temp.pick('protein', n, 300) / 10.0,
  pg_temp.pick('carbs', n, 700) / 10.0, pg_temp.pick('fat', n, 400) / 10.0, pg_temp.pick('fiber', n, 150) / 10.0,
  floor(20000 / power(n * 163 % 400 + 1, 0.8))
FROM (
  SELECT trim(preparation || ' ' || food) AS name, row_number() OVER (ORDER BY food, preparation) AS n
  FROM unnest(${list(foods)}) AS food, unnest(${list(preparations)}) AS preparation
) AS named;

CREATE TEMPORARY TABLE popular AS
SELECT 'recipe:*' AS pattern, 'recipe:' || id AS key,
  row_number() OVER (ORDER BY is_active DESC, view_count DESC, rating DESC, id) AS rank FROM recipes
UNION ALL
SELECT 'preferences:*', 'preferences:' || id, rank FROM ranked_users
UNION ALL
SELECT 'mealplan:*', 'mealplan:' || user_id || ':' || meal_plans.id,
  row_number() OVER (ORDER BY last_login >= now() - interval '3 days' DESC, meal_plans.created_at DESC)
FROM meal_plans JOIN users ON users.id = user_id
UNION ALL
SELECT 'search:*', 'search:' || md5(term), rank FROM terms
UNION ALL
SELECT 'nutrition:*', 'nutrition:' || lower(replace(ingredient_name, ' ', '_')),
  row_number() OVER (ORDER BY usage_frequency DESC, ingredient_name) FROM nutrition_data;

ANALYZE popular;

INSERT INTO cache_access_logs
SELECT row_number() OVER (ORDER BY n), key, requests.pattern,
  round((1 + 12 * pg_temp.share('latency', n) + CASE WHEN requests.rank > 1000 THEN 90 ELSE 0 END)::numeric, 1),
  now() - (20000 - n) * interval '23 hours 30 minutes' / 20000
FROM (
  SELECT n, patterns.pattern, pg_temp.zipf(pg_temp.share('item', n), items) AS rank
  FROM generate_series(1, 20000) AS n
  JOIN (VALUES ('recipe:*', 0, 45), ('preferences:*', 45, 65), ('search:*', 65, 80), ('mealplan:*', 80, 92),
    ('nutrition:*', 92, 100)) AS patterns (pattern, low, high)
    ON pg_temp.pick('pattern', n, 100) >= low AND pg_temp.pick('pattern', n, 100) < high
  JOIN (SELECT pattern, count(*) AS items FROM popular GROUP BY pattern) AS sizes ON sizes.pattern = patterns.pattern
) AS requests
JOIN popular ON popular.pattern = requests.pattern AND popular.rank = requests.rank;

${sessionsData}${runningData}${apiKeysData}
CREATE FUNCTION catch_up() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS
$$ UPDATE cache_access_logs SET created_at = created_at + late
FROM (SELECT now() - max(created_at) AS late FROM cache_access_logs) AS age WHERE late > interval '15 minutes';
UPDATE platform.user_sessions SET last_activity_at = last_activity_at + late
FROM (SELECT now() - max(last_activity_at) AS late FROM platform.user_sessions) AS age
WHERE late > interval '15 minutes' $$;
`;
