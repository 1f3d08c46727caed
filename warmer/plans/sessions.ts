/**
 * Sessions of signed-in users: those of the last 24 hours, the most recent first. Expired ones, and those of users who
 * are deleted or banned, are left out.
 *
 * Quick with an index on platform.user_sessions (last_activity_at DESC); `hearth plan explain sessions` looks for it.
 */
export const sessions = {
  name: "sessions",
  parameters: { windowHours: 24 },
  datasets: [
    {
      name: "sessions",
      priority: "CRITICAL",
      query: `
        SELECT s.id, s.user_id, s.token, s.expires_at, s.last_activity_at, s.ip_address, s.user_agent, s.created_at,
          u.email, u.first_name, u.last_name, u.username
        FROM platform.user_sessions AS s
        JOIN platform.users AS u ON u.id = s.user_id
        WHERE s.last_activity_at > now() - :windowHours * interval '1 hour'
          AND s.expires_at > now()
          AND u.deleted_at IS NULL
          AND (u.banned_until IS NULL OR u.banned_until <= now())
        ORDER BY s.last_activity_at DESC, s.id`,
      limit: 1000,
      key: "session:{token|prefix:16}",
      value: {
        type: "hash",
        fields: {
          id: "id",
          userId: "user_id",
          token: "token",
          expiresAt: "expires_at",
          lastActivityAt: "last_activity_at",
          ipAddress: "ip_address",
          userAgent: "user_agent",
          createdAt: "created_at",
          email: "email",
          firstName: "first_name",
          lastName: "last_name",
          username: "username",
        },
      },
      ttl: "5 minutes",
    },
  ],
} as const;
