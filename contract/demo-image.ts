/** PostgreSQL for the demo's rows in pods that warm, where nobody names another image. */
export const defaultDemoImage = "postgres:17-alpine";
