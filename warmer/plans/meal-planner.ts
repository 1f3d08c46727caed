/**
 * The meal planner's warm plan: what its users ask for first, 1,820 keys in five datasets.
 *
 * Keys, values and times to live are those that the application reads and writes itself.
 */
export const mealPlanner = {
  name: "meal-planner",
  parameters: { activeDays: 3, recentDays: 7, searchTerms: 20, resultsPerTerm: 20 },
  datasets: [
    {
      name: "recipes",
      priority: "CRITICAL",
      query: `
        SELECT id, name, string_to_array(ingredients, ',') AS ingredients, instructions, calories, prep_time,
          cook_time, rating, view_count, now() AS cache_time
        FROM recipes
        WHERE is_active
        ORDER BY view_count DESC, rating DESC, id`,
      limit: 100,
      key: "recipe:{id}",
      value: {
        type: "json",
        fields: {
          id: "id",
          name: "name",
          ingredients: "ingredients",
          instructions: "instructions",
          calories: "calories",
          prepTime: "prep_time",
          cookTime: "cook_time",
          rating: "rating",
          viewCount: "view_count",
          cacheTime: "cache_time",
        },
        constants: { cached: true },
      },
      // One hour, times a popularity between 1 and 24.
      ttl: { expression: "3600 * least(24, greatest(1, view_count / 100.0 + rating * 2))" },
    },
    {
      name: "preferences",
      priority: "HIGH",
      query: `
        SELECT id, dietary_preferences, allergies, fitness_goals, last_login
        FROM users
        WHERE last_login >= now() - :recentDays * interval '1 day'
        ORDER BY last_login DESC`,
      limit: 1000,
      key: "preferences:{id}",
      value: {
        type: "json",
        fields: {
          userId: "id",
          dietaryPreferences: "dietary_preferences",
          allergies: "allergies",
          fitnessGoals: "fitness_goals",
          lastLogin: "last_login",
        },
        constants: { cached: true },
      },
      ttl: "7 days",
    },
    {
      name: "searches",
      priority: "HIGH",
      // Every term with its results in one round trip. The term is text, not a pattern: what LIKE would
      // take for a wildcard is escaped.
      query: `
        SELECT terms.term, found.results, now() AS cache_time
        FROM (
          SELECT lower(search_term) AS term, count(*) AS frequency,
            '%' || regexp_replace(lower(search_term), '([\\\\%_])', '\\\\\\1', 'g') || '%' AS pattern
          FROM search_logs
          WHERE created_at >= now() - :recentDays * interval '1 day'
          GROUP BY lower(search_term)
          ORDER BY frequency DESC, term
          LIMIT :searchTerms
        ) AS terms
        CROSS JOIN LATERAL (
          SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'calories', calories,
            'rating', rating, 'prepTime', prep_time) ORDER BY rating DESC, view_count DESC, id), '[]') AS results
          FROM (
            SELECT id, name, calories, rating, prep_time, view_count
            FROM recipes
            WHERE is_active AND (name ILIKE terms.pattern OR ingredients ILIKE terms.pattern)
            ORDER BY rating DESC, view_count DESC, id
            LIMIT :resultsPerTerm
          ) AS matching
        ) AS found
        ORDER BY terms.frequency DESC, terms.term`,
      limit: 20,
      key: "search:{term|lower|md5}",
      value: {
        type: "json",
        fields: { term: "term", results: "results", cacheTime: "cache_time" },
        constants: { cached: true },
      },
      ttl: "30 minutes",
    },
    {
      name: "meal-plans",
      priority: "MEDIUM",
      query: `
        SELECT meal_plans.user_id, meal_plans.id, meal_plans.name, meal_plans.meals, meal_plans.created_at
        FROM meal_plans
        JOIN users ON users.id = meal_plans.user_id
        WHERE meal_plans.created_at >= now() - :recentDays * interval '1 day'
          AND users.last_login >= now() - :activeDays * interval '1 day'
        ORDER BY meal_plans.created_at DESC`,
      limit: 500,
      key: "mealplan:{user_id}:{id}",
      value: {
        type: "json",
        fields: { userId: "user_id", id: "id", name: "name", meals: "meals", createdAt: "created_at" },
        constants: { cached: true },
      },
      ttl: "24 hours",
    },
    {
      name: "nutrition",
      priority: "MEDIUM",
      query: `
        SELECT ingredient_name, calories_per_100g, protein, carbs, fat, fiber
        FROM nutrition_data
        ORDER BY usage_frequency DESC, ingredient_name`,
      limit: 200,
      key: "nutrition:{ingredient_name|snake}",
      value: {
        type: "json",
        fields: {
          ingredient: "ingredient_name",
          caloriesPer100g: "calories_per_100g",
          protein: "protein",
          carbs: "carbs",
          fat: "fat",
          fiber: "fiber",
        },
        constants: { cached: true },
      },
      ttl: "24 hours",
    },
  ],
  replay: {
    query: `
      SELECT cache_key
      FROM cache_access_logs
      WHERE created_at >= now() - interval '24 hours'`,
  },
} as const;
