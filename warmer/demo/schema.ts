import { apiKeysSchema } from "./api-keys.ts";
import { runningSchema } from "./running-app.ts";
import { sessionsSchema } from "./sessions.ts";

/** The meal planner's tables, with the indexes that its queries want. */
const mealPlannerSchema = `
CREATE EXTENSION pg_trgm;

CREATE TABLE users (
  id integer PRIMARY KEY,
  email text NOT NULL UNIQUE,
  dietary_preferences text[] NOT NULL DEFAULT '{}',
  allergies text[] NOT NULL DEFAULT '{}',
  fitness_goals text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  last_login timestamptz
);

CREATE INDEX users_last_login ON users (last_login DESC);

CREATE TABLE recipes (
  id integer PRIMARY KEY,
  name text NOT NULL,
  ingredients text NOT NULL,
  instructions text NOT NULL,
  calories integer NOT NULL CHECK (calories > 0),
  prep_time integer NOT NULL,
  cook_time integer NOT NULL,
  rating numeric(2, 1) NOT NULL CHECK (rating BETWEEN 0 AND 5),
  view_count integer NOT NULL DEFAULT 0,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL
);

CREATE INDEX recipes_popular ON recipes (view_count DESC, rating DESC, id) WHERE is_active;

CREATE INDEX recipes_name_search ON recipes USING gin (name gin_trgm_ops);

CREATE INDEX recipes_ingredients_search ON recipes USING gin (ingredients gin_trgm_ops);

CREATE TABLE meal_plans (
  id integer PRIMARY KEY,
  user_id integer NOT NULL REFERENCES users (id),
  name text NOT NULL,
  meals jsonb NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE INDEX meal_plans_recent ON meal_plans (created_at DESC);

CREATE INDEX meal_plans_user ON meal_plans (user_id);

CREATE TABLE search_logs (
  id integer PRIMARY KEY,
  user_id integer REFERENCES users (id),
  search_term text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE INDEX search_logs_recent ON search_logs (created_at, search_term);

CREATE TABLE nutrition_data (
  ingredient_name text PRIMARY KEY,
  calories_per_100g integer NOT NULL,
  protein numeric(5, 1) NOT NULL,
  carbs numeric(5, 1) NOT NULL,
  fat numeric(5, 1) NOT NULL,
  fiber numeric(5, 1) NOT NULL,
  usage_frequency integer NOT NULL DEFAULT 0
);

CREATE INDEX nutrition_data_usage ON nutrition_data (usage_frequency DESC, ingredient_name);

CREATE TABLE cache_access_logs (
  id integer PRIMARY KEY,
  cache_key text NOT NULL,
  cache_key_pattern text NOT NULL,
  response_time double precision NOT NULL,
  created_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX cache_access_logs_time ON cache_access_logs USING brin (created_at);
`;

/**
 * The tables of all built-in plans: the meal planner's in the schema `public`, the others in schemas of their own.
 *
 * Statements are separated by an empty line: PostgreSQL's single-user mode reads them so.
 */
export const demoSchema = mealPlannerSchema + sessionsSchema + runningSchema + apiKeysSchema;
