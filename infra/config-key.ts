/** A key of the stack's configuration, as the README's table and the error messages show it. */
export interface ConfigKey {
  /** Without its namespace, `hearth:`. */
  readonly key: string;
  /** What may be written. */
  readonly values: string;
  /** What holds where the key is not set. */
  readonly default: string;
  readonly meaning: string;
  /** The argument of the component that it sets; absent where it concerns the whole stack, or warming. */
  readonly argument?: string;
  /** Of that argument, which is an object, the part that it sets. */
  readonly part?: string;
  /** Read as a number. */
  readonly number?: true;
  /** Read as true or false. */
  readonly boolean?: true;
  /** Read as a list of texts, with commas between them. */
  readonly list?: true;
  /** Read as JSON; this is an example. */
  readonly json?: string;
  /** Must be set as a secret. `source`: where it is a URL. */
  readonly secret?: true;
}
