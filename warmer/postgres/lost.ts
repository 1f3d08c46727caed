/** SQLSTATEs of a server that stops, has crashed, is starting, or has no connection left; class 08 is the connection. */
const LOST_STATES = /^(08\w{3}|57P0[123]|53300)$/;
const LOST_SOCKETS = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
]);
/** What pg says without a code. */
const LOST_MESSAGES = /^Connection terminated|^(Client|Query) .*not queryable|^timeout expired|timeout exceeded/;

/** Whether an error is that of a connection, so that the same may succeed on another one. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as Error & { code?: unknown };
  if (typeof code === "string") return LOST_STATES.test(code) || LOST_SOCKETS.has(code);
  return LOST_MESSAGES.test(error.message);
}
