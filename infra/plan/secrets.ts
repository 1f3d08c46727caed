/** Stands for a secret that the plan does not hold: the target puts the value in its place. */
export interface SecretRef {
  /** Name of the secret. There is one so far: `password`. */
  readonly secret: "password";
}

/** Directives whose whole value, one argument, is a secret: `{ masterauth: { secret: "password" } }`. */
export type SecretDirectives = Readonly<Record<string, SecretRef>>;

/** The secrets of a topology, by the names that its plan refers to. */
export type Secrets = Readonly<Record<SecretRef["secret"], string>>;

/** The secret that a reference names. Throws when it is missing or empty: without it anybody would be let in. */
export function resolveSecret(reference: SecretRef, secrets: Secrets): string {
  const value: string | undefined = secrets[reference.secret];
  if (value === undefined || value === "") {
    throw new Error(`the secret "${reference.secret}" that the plan refers to was not given`);
  }
  return value;
}

/** The directives of a node that hold a secret, with the secrets in their places. */
export function resolveSecretDirectives(directives: SecretDirectives, secrets: Secrets): Record<string, string> {
  return Object.fromEntries(
    Object.entries(directives).map(([name, reference]) => [name, resolveSecret(reference, secrets)]),
  );
}
