import type { TargetName } from "./plan/target-name.ts";

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
  /** What it sets of the argument that is named as the target: `docker`, `kubernetes`. */
  readonly part?: { readonly [T in Exclude<TargetName, "local">]?: string };
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
