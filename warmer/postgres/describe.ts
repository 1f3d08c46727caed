import type { Connection, FieldDef, Submittable } from "pg";

/** What pg's connection can do, and its types do not say. */
interface ExtendedProtocol {
  parse(query: { readonly text: string; readonly types: readonly number[] }): void;
  describe(what: { readonly type: "S" }): void;
  sync(): void;
}

/**
 * Asks for the columns of a query on a client of pg, without running, or planning, it: `client.query(new Describe(text))`.
 * One statement alone is accepted.
 */
export class Describe implements Submittable {
  /** The columns; none for a statement that returns no rows. Rejects with what PostgreSQL has against the query. */
  readonly done: Promise<FieldDef[]>;
  readonly #text: string;
  #fields: FieldDef[] = [];
  #resolve: (fields: FieldDef[]) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(text: string) {
    this.#text = text;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Called by pg when it is this query's turn. */
  submit(connection: Connection): void {
    const protocol = connection as Connection & ExtendedProtocol;
    protocol.stream.cork();
    protocol.parse({ text: this.#text, types: [] });
    protocol.describe({ type: "S" });
    protocol.sync();
    protocol.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: FieldDef[] }): void {
    this.#fields = fields;
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#fields);
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}
