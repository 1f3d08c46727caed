import pg from "pg";
import { type Column, textSql } from "./postgres/types.ts";
import { applyFilters, parseTemplate, unknownColumn } from "./template.ts";

/**
 * SQL of a key, as text, over the columns of `source`.
 *
 * @throws naming a column of the template that the query does not return.
 */
export function keySql(template: string, columns: readonly Column[]): string {
  return parseTemplate(template)
    .map((part) => {
      if ("literal" in part) return pg.escapeLiteral(part.literal).trim();
      const column = columns.find(({ name }) => name === part.column);
      if (column === undefined) {
        const names = columns.map(({ name }) => name);
        throw new Error(unknownColumn(part.column, names));
      }
      return applyFilters(textSql(column), part.filters);
    })
    .join(" || ");
}
