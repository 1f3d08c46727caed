import { createHash } from "node:crypto";
import { acceptedPasswords, type Secrets, type UserName } from "./secrets.ts";

/** A user of Redis, as data; its password is the secret of its name, and not held. */
export interface AclUser {
  readonly user: UserName;
  /** Patterns of keys that it may touch: `*` is every key. */
  readonly keys: readonly string[];
  /** Patterns of pub/sub channels that it may use. */
  readonly channels: readonly string[];
  /** Command rules in their order: `-@all`, `+@read`, `+cluster|slots`. */
  readonly commands: readonly string[];
}

/**
 * Nobody logs in as `default`: who sends no name, or none at all, is told NOAUTH. Redis 6.0 asks whether `default` may
 * send HELLO even when that is what logs somebody in, `HELLO 3 AUTH app ...`; to a user that is off it opens nothing.
 */
const noDefault = "user default off resetpass -@all +hello";

/**
 * The lines of an ACL file. They hold the SHA-256 of each password, never the password: `user app on #<sha256> ~* &*
 * +@all`; two of them while a password is being replaced. Redis knows the rules for channels (`&*`) from 6.2 on.
 */
export function renderAcl(users: readonly AclUser[], secrets: Secrets): string[] {
  const lines = users.map(({ user, keys, channels, commands }) => {
    const rules = [
      "on",
      ...acceptedPasswords({ secret: user }, secrets).map((password) => `#${sha256(password)}`),
      ...keys.map((pattern) => `~${pattern}`),
      "resetchannels",
      ...channels.map((pattern) => `&${pattern}`),
      ...commands,
    ];
    return `user ${user} ${rules.join(" ")}`;
  });
  return [noDefault, ...lines];
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
