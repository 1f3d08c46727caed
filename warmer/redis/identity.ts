import type { Sink } from "../sink.ts";
import { allowed } from "./info.ts";

/** Which servers have the rows. */
export interface Primaries {
  /**
   * Process and replication history of each primary, sorted: another process has lost what was not on its disk, and a
   * promoted replica (another history) what had not reached it. Undefined where the user may not ask (INFO).
   */
  readonly identities: readonly string[] | undefined;
  /** Whether one of them says that it is a replica by now. */
  readonly demoted: boolean;
  /** Replicas connected to all of them. */
  readonly replicas: number;
  /** Connections that the sink had lost by then. */
  readonly losses: number;
}

/** Asks every primary who it is. @throws Error where one cannot be reached */
export async function readPrimaries(sink: Sink): Promise<Primaries> {
  const { losses } = sink;
  const answers = await sink.eachPrimary(async (connection) => {
    const [server, replication] = await Promise.all([
      allowed(connection, "INFO", "server"),
      allowed(connection, "INFO", "replication"),
    ]);
    const [process, history] = [lineOf(server, "run_id"), lineOf(replication, "master_replid")];
    const identity = process === undefined || history === undefined ? undefined : `${process}/${history}`;
    const demoted = lineOf(replication, "role") === "slave";
    return { identity, demoted, replicas: Number(lineOf(replication, "connected_slaves") ?? 0) };
  });
  const identities = answers.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
  return {
    identities: identities.length === answers.length ? identities.toSorted() : undefined,
    demoted: answers.some(({ demoted }) => demoted),
    replicas: answers.reduce((sum, { replicas }) => sum + replicas, 0),
    losses,
  };
}

/** Whether these are the same servers, with all that they have acknowledged in between. */
export function areSame(before: Primaries, after: Primaries): boolean {
  // Where nobody tells, a connection that was lost has to be taken for a server that was.
  if (before.identities === undefined || after.identities === undefined) return before.losses === after.losses;
  return before.identities.join() === after.identities.join();
}

function lineOf(info: string | undefined, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S+)`, "m").exec(info ?? "")?.[1];
}
