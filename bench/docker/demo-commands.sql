-- The rows of the meal planner's warm plan (warmer/plans/meal-planner.ts) as SET commands in Redis's protocol, one a row:
-- the line end that psql puts behind each is the last of the command.
WITH entries (key, value, ttl) AS (
  (SELECT 'recipe:' || id, json_build_object('id', id, 'name', name, 'ingredients', string_to_array(ingredients, ','),
     'instructions', instructions, 'calories', calories, 'prepTime', prep_time, 'cookTime', cook_time, 'rating', rating,
     'viewCount', view_count, 'cacheTime', now(), 'cached', true),
     (3600 * least(24, greatest(1, view_count / 100.0 + rating * 2)))::bigint
   FROM recipes WHERE is_active ORDER BY view_count DESC, rating DESC, id LIMIT 100)
  UNION ALL
  (SELECT 'preferences:' || id, json_build_object('userId', id, 'dietaryPreferences', dietary_preferences,
     'allergies', allergies, 'fitnessGoals', fitness_goals, 'lastLogin', last_login, 'cached', true), 604800
   FROM users WHERE last_login >= now() - interval '7 days' ORDER BY last_login DESC LIMIT 1000)
  UNION ALL
  (SELECT 'search:' || md5(terms.term), json_build_object('term', terms.term, 'results', found.results,
     'cacheTime', now(), 'cached', true), 1800
   FROM (
     SELECT lower(search_term) AS term, count(*) AS frequency,
       '%' || regexp_replace(lower(search_term), '([\\%_])', '\\\1', 'g') || '%' AS pattern
     FROM search_logs WHERE created_at >= now() - interval '7 days'
     GROUP BY lower(search_term) ORDER BY frequency DESC, term LIMIT 20
   ) AS terms
   CROSS JOIN LATERAL (
     SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'calories', calories, 'rating', rating,
       'prepTime', prep_time) ORDER BY rating DESC, view_count DESC, id), '[]') AS results
     FROM (
       SELECT id, name, calories, rating, prep_time, view_count FROM recipes
       WHERE is_active AND (name ILIKE terms.pattern OR ingredients ILIKE terms.pattern)
       ORDER BY rating DESC, view_count DESC, id LIMIT 20
     ) AS matching
   ) AS found)
  UNION ALL
  (SELECT 'mealplan:' || meal_plans.user_id || ':' || meal_plans.id, json_build_object('userId', meal_plans.user_id,
     'id', meal_plans.id, 'name', meal_plans.name, 'meals', meal_plans.meals, 'createdAt', meal_plans.created_at,
     'cached', true), 86400
   FROM meal_plans JOIN users ON users.id = meal_plans.user_id
   WHERE meal_plans.created_at >= now() - interval '7 days' AND users.last_login >= now() - interval '3 days'
   ORDER BY meal_plans.created_at DESC LIMIT 500)
  UNION ALL
  (SELECT 'nutrition:' || regexp_replace(lower(ingredient_name), '[^a-z0-9]+', '_', 'g'),
     json_build_object('ingredient', ingredient_name, 'caloriesPer100g', calories_per_100g, 'protein', protein,
       'carbs', carbs, 'fat', fat, 'fiber', fiber, 'cached', true), 86400
   FROM nutrition_data ORDER BY usage_frequency DESC, ingredient_name LIMIT 200)
)
SELECT format(E'*5\r\n$3\r\nSET\r\n$%s\r\n%s\r\n$%s\r\n%s\r\n$2\r\nEX\r\n$%s\r\n%s\r', octet_length(key), key,
  octet_length(value::text), value::text, octet_length(ttl::text), ttl::text)
FROM entries;
