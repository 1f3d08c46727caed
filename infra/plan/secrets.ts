/**
 * The users of a topology. `default` is none of them: it is off, so nobody is let in without a name.
 *
 * `app`, `readonly`: applications. `warmer`, `exporter`, `operator`: Hearth's own tools. `replication`, `sentinel`: the
 * servers among themselves.
 */
export const userNames = ["app", "readonly", "warmer", "exporter", "replication", "sentinel", "operator"] as const;
export type UserName = (typeof userNames)[number] | typeof podUser;

/** On Kubernetes only: as whom a pod hands over before it is stopped (kubernetes/users.ts). */
export const podUser = "handover";

/** As whom Hearth itself logs in. */
export const operator = "operator" satisfies UserName;

/** Stands for a secret that the plan does not hold, the password of a user: the target puts the value in its place. */
export interface SecretRef {
  /** Whose password. */
  readonly secret: UserName;
}

/** Directives whose whole value, one argument, is a secret: `{ masterauth: { secret: "replication" } }`. */
export type SecretDirectives = Readonly<Record<string, SecretRef>>;

/** The passwords of a topology's users. */
export interface Secrets {
  readonly passwords: Readonly<Partial<Record<UserName, string>>>;
  /** Passwords that are let in as well, until the next update: those from before a rotation. */
  readonly previous?: Readonly<Partial<Record<UserName, string>>>;
}

/** The secret that a reference names. Throws when it is missing or empty: without it anybody would be let in. */
export function resolveSecret({ secret }: SecretRef, { passwords }: Secrets): string {
  const value = passwords[secret];
  if (value === undefined || value === "") {
    throw new Error(`the password of the user "${secret}" that the plan refers to was not given`);
  }
  return value;
}

/** Every password by which a user may log in: the one that counts first. */
export function acceptedPasswords(reference: SecretRef, secrets: Secrets): string[] {
  const previous = secrets.previous?.[reference.secret];
  return [resolveSecret(reference, secrets), ...(previous === undefined || previous === "" ? [] : [previous])];
}

/** The directives of a node that hold a secret, with the secrets in their places. */
export function resolveSecretDirectives(directives: SecretDirectives, secrets: Secrets): Record<string, string> {
  return Object.fromEntries(
    Object.entries(directives).map(([name, reference]) => [name, resolveSecret(reference, secrets)]),
  );
}
