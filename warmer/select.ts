import { type Column, sentBytes } from "./postgres/types.ts";
import type { WireForm } from "./postgres/wire.ts";
import { unknownColumn } from "./template.ts";

/** A dataset that does not fit its query: names the dataset, the property, and what there is. */
export class CompileError extends Error {
  override name = "CompileError";
}

/** The SELECT list: equal expressions are sent once. */
export class SelectList {
  readonly expressions: string[] = [];
  readonly forms: WireForm[] = [];

  /** @param wire the form in which the value comes; @returns its place in the tuple */
  add(sql: string, wire: WireForm = "bytes"): number {
    const known = this.expressions.findIndex((each, index) => each === sql && this.forms[index] === wire);
    if (known >= 0) return known;
    this.forms.push(wire);
    return this.expressions.push(sql) - 1;
  }

  /** A column as the bytes that its text is. */
  addBytes(column: Column): number {
    const { sql, wire } = sentBytes(column);
    return this.add(sql, wire);
  }

  toString(): string {
    return this.expressions.join(", ");
  }
}

/** What a query returns, by name; errors name the dataset and the property that asks. */
export class Columns {
  readonly #columns: readonly Column[];
  readonly #dataset: string;

  constructor(dataset: string, columns: readonly Column[]) {
    this.#dataset = dataset;
    this.#columns = columns;
  }

  get names(): string[] {
    return this.#columns.map((column) => column.name);
  }

  /** @throws CompileError where the query returns none of this name, or several */
  get(name: string, property: string): Column {
    const found = this.#columns.filter((column) => column.name === name);
    const [column] = found;
    if (column === undefined) throw this.error(property, unknownColumn(name, this.names));
    if (found.length > 1) {
      throw this.error(property, `the query returns ${found.length} columns "${name}"; name them apart with AS`);
    }
    return column;
  }

  error(property: string, message: string): CompileError {
    return new CompileError(`dataset "${this.#dataset}": ${property}: ${message}`);
  }
}
