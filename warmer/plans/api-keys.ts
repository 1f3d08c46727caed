/** The API keys in use: requests of the last days, most first; revoked and expired keys are left out. */
const frequentKeys = `
  SELECT keys.id, sum(used.requests) AS requests
  FROM api.key_usage AS used
  JOIN api.keys ON keys.id = used.key_id
  WHERE used.day >= current_date - :usageDays
    AND keys.is_active
    AND (keys.expires_at IS NULL OR keys.expires_at > now())
  GROUP BY keys.id
  ORDER BY requests DESC, keys.id
  LIMIT :frequentKeys`;

/**
 * What an API gateway asks for with every request: whether a key is valid, what it may do, and the keys of a user. The
 * 500 keys that were used most. Only hashes of keys are cached, as only hashes are stored.
 */
export const apiKeys = {
  name: "api-keys",
  parameters: { usageDays: 7, frequentKeys: 500 },
  datasets: [
    {
      name: "validation",
      priority: "CRITICAL",
      query: `
        SELECT keys.key_prefix, keys.id, keys.user_id, keys.key_hash, keys.is_active, keys.expires_at
        FROM (${frequentKeys}) AS frequent
        JOIN api.keys USING (id)
        ORDER BY frequent.requests DESC, id`,
      limit: 500,
      key: "cache:apikeys:validation:{key_prefix}",
      value: {
        type: "json",
        fields: {
          keyId: "id",
          userId: "user_id",
          keyHash: "key_hash",
          isActive: "is_active",
          expiresAt: "expires_at",
        },
        constants: { valid: true },
      },
      ttl: "5 minutes",
    },
    {
      name: "scopes",
      priority: "HIGH",
      // A set for each key: SISMEMBER answers whether it may do something.
      query: `
        SELECT keys.key_prefix, scope
        FROM (${frequentKeys}) AS frequent
        JOIN api.keys USING (id)
        CROSS JOIN LATERAL unnest(keys.scopes) AS scope
        ORDER BY frequent.requests DESC, id`,
      limit: 500,
      key: "cache:apikeys:scope:{key_prefix}",
      value: { type: "set", member: "scope" },
      ttl: "5 minutes",
    },
    {
      name: "user-lists",
      priority: "MEDIUM",
      query: `
        SELECT owners.user_id, listed.keys
        FROM (
          SELECT keys.user_id, sum(frequent.requests) AS requests
          FROM (${frequentKeys}) AS frequent
          JOIN api.keys USING (id)
          GROUP BY keys.user_id
        ) AS owners
        CROSS JOIN LATERAL (
          SELECT jsonb_agg(jsonb_build_object('id', id, 'name', name, 'prefix', key_prefix, 'scopes', scopes,
            'isActive', is_active) ORDER BY created_at DESC, id) AS keys
          FROM api.keys
          WHERE keys.user_id = owners.user_id
        ) AS listed
        ORDER BY owners.requests DESC, owners.user_id`,
      key: "cache:apikeys:userlist:{user_id}",
      value: { type: "json", column: "keys" },
      ttl: "5 minutes",
    },
  ],
} as const;
