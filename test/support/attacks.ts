import { appendFileSync } from "node:fs";
import { expect } from "vitest";

/** What became of an attempt on a server. */
export type Outcome = "refused" | "allowed";

/**
 * Notes what became of an attempt, and fails the test where it is not what was promised. `npm run test:security` adds
 * the notes up (`HEARTH_ATTACKS`: the file that it collects them in).
 */
export function judge(attempt: string, promised: Outcome, outcome: Outcome): void {
  const verdict = outcome === promised ? outcome : promised === "refused" ? "let through" : "refused though allowed";
  if (process.env.HEARTH_ATTACKS) appendFileSync(process.env.HEARTH_ATTACKS, `${verdict}\n`);
  expect.soft(`${attempt}: ${outcome}`).toBe(`${attempt}: ${promised}`);
}

/** What Redis's refusals say, whoever is refused. */
const refusal = /^(NOPERM|NOAUTH|WRONGPASS)\b|command not allowed/;

/** An attempt by a command: any answer but a refusal of the right to send it means that it was let through. */
export async function outcomeOf(reply: Promise<unknown>): Promise<Outcome> {
  try {
    await reply;
    return "allowed";
  } catch (error) {
    return refusal.test((error as Error).message) ? "refused" : "allowed";
  }
}
