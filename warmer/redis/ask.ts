import type { Address } from "../../contract/address.ts";
import { formatAddress } from "../../contract/address.ts";
import { hasExpired, type Row } from "../chunk.ts";
import { command, endOfCommand } from "../resp.ts";
import { clockAhead } from "./clock.ts";
import { EXPIRED } from "./link.ts";
import { ReplyError } from "./reply.ts";
import type { Credentials } from "./socket.ts";
import { RedisConnection } from "./socket.ts";

const ASKING = command("ASKING");

/** A row's commands, each behind an ASKING of its own: it is good for one command. */
function withAsking(row: Row): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < row.bytes.length; ) {
    const end = endOfCommand(row.bytes, at);
    pieces.push(ASKING, row.bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(pieces);
}

function groupByServer(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const server = formatAddress(row.ask as Address);
    const group = groups.get(server);
    if (group === undefined) groups.set(server, [row]);
    else group.push(row);
  }
  return groups;
}

/**
 * Sends rows of a slot that is on the move, each to the server that ASK named, this one time.
 * @param refused called for a row that was answered with an error
 * @returns rows that could not be sent, to be tried in the ordinary way
 */
export async function sendAsking(
  rows: readonly Row[],
  credentials: Credentials,
  signal: AbortSignal,
  refused: (address: Address, row: Row, message: string) => void,
): Promise<Row[]> {
  const byServer = groupByServer(rows);
  const unsent: Row[] = [];
  for (const group of byServer.values()) {
    const address = group[0]?.ask as Address;
    for (const row of group) delete row.ask;
    const left = [...group];
    let connection: RedisConnection | undefined;
    try {
      connection = await RedisConnection.open(address, credentials, signal);
      const ahead = await clockAhead(connection);
      for (let row = left[0]; row !== undefined; row = left[0]) {
        try {
          await connection.send(withAsking(row), 2 * row.commands);
          row.account.bytes += row.bytes.length;
          if (hasExpired(row.expires, Date.now() + ahead)) refused(address, row, EXPIRED);
          else row.account.acknowledge(row.sample);
        } catch (error) {
          if (!(error instanceof ReplyError)) throw error;
          refused(address, row, error.message);
        }
        left.shift();
      }
    } catch {
      unsent.push(...left); // the server is gone; the ordinary way finds out where the slot is now
    } finally {
      connection?.close();
    }
  }
  return unsent;
}
