import { createHash } from "node:crypto";
import { resolveSecret, type SecretRef, type Secrets } from "./secrets.ts";

/** A user of Redis, as data; its password is named, not held. */
export interface AclUser {
  readonly user: string;
  /** Whether it may log in. */
  readonly on: boolean;
  /** Patterns of keys that it may touch: `*` is every key. */
  readonly keys: readonly string[];
  /** Patterns of pub/sub channels that it may use. */
  readonly channels: readonly string[];
  /** Command rules in their order: `+@all`, `-@dangerous`, `+info`. */
  readonly commands: readonly string[];
  /** Which secret is its password. */
  readonly password: SecretRef;
}

/** The user as which everything connects that has only a password: may do all. */
export const defaultUser: AclUser = {
  user: "default",
  on: true,
  keys: ["*"],
  channels: ["*"],
  commands: ["+@all"],
  password: { secret: "password" },
};

/**
 * The lines of an ACL file. They hold the SHA-256 of each password, never the password:
 * `user default on #<sha256> ~* &* +@all`. Redis knows the rules for channels (`&*`) from 6.2 on.
 */
export function renderAcl(users: readonly AclUser[], secrets: Secrets): string[] {
  return users.map((user) => {
    const rules = [
      user.on ? "on" : "off",
      `#${createHash("sha256").update(resolveSecret(user.password, secrets)).digest("hex")}`,
      ...user.keys.map((pattern) => `~${pattern}`),
      ...user.channels.map((pattern) => `&${pattern}`),
      ...user.commands,
    ];
    return `user ${user.user} ${rules.join(" ")}`;
  });
}
