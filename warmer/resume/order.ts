import pg from "pg";
import type { Column } from "../postgres/types.ts";
import { columnSql } from "../postgres/types.ts";

/** Where to go on in a dataset that is read in the order of a column. */
export interface ResumeFrom {
  /** The column's last value, as text; null for NULL; absent for the beginning. */
  readonly after?: string | null | undefined;
}

/** SQL for reading in the order of a column, from a place on. */
export interface ResumeSql {
  /** The column as text, exactly as it can be compared again. */
  readonly value: string;
  /** Undefined at the beginning. */
  readonly where: string | undefined;
  readonly orderBy: string;
}

/**
 * Reading in the order of a column: of rows with the last value itself nobody knows how many were written, so they are
 * read again. NULL is last in PostgreSQL's order.
 */
export function resumeSql(column: Column, { after }: ResumeFrom): ResumeSql {
  const sql = columnSql(column);
  const from =
    after === undefined ? undefined : after === null ? "" : `${sql} >= ${pg.escapeLiteral(after).trim()} OR `;
  return {
    value: `${sql}::text`,
    where: from === undefined ? undefined : `(${from}${sql} IS NULL)`,
    orderBy: ` ORDER BY ${sql}`,
  };
}
