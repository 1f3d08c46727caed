import type { ArgumentChecker } from "./check-values.ts";
import { userNames } from "./secrets.ts";
import { didYouMean } from "./similar.ts";
import { show } from "./units.ts";

/** Looks at who may log in, by which passwords, and what applications may do. */
export function checkUsers(args: ArgumentChecker): void {
  checkPassword(args, "password", args.value("password"));
  checkPasswords(args);
  args.text("rotation");
  checkKeyPrefixes(args);
  const scripts = args.value("scripts");
  if (scripts !== undefined && typeof scripts !== "boolean") {
    args.refuse("scripts", `${show(scripts)} is not true or false: write one of them`);
  }
}

function checkPasswords(args: ArgumentChecker): void {
  const passwords = args.value("passwords");
  if (passwords === undefined) return;
  if (typeof passwords !== "object" || passwords === null || Array.isArray(passwords)) {
    args.refuse("passwords", "is not a set of passwords by user: write { exporter: ... }");
    return;
  }
  const users = userNames.filter((user) => user !== "app");
  for (const [user, password] of Object.entries(passwords)) {
    const property = `passwords.${user}`;
    if (user === "app") args.refuse(property, "is the argument password: use that");
    else if (users.some((name) => name === user)) checkPassword(args, property, password);
    else args.refuse(property, `is not a user of Hearth, which has ${users.join(", ")}${didYouMean(user, users)}`);
  }
}

/** Never quotes the value. */
function checkPassword(args: ArgumentChecker, property: string, password: unknown): void {
  const advice = "leave it out to have one generated";
  if (password === undefined) return;
  if (typeof password !== "string") {
    args.refuse(property, `is not a text but a ${typeof password}: write a text of 16 to 512 characters, or ${advice}`);
  } else if (/^\P{Cc}+[\r\n]+$/u.test(password)) {
    args.refuse(property, "ends with a new line: remove it (printf writes none, echo does)");
  } else if (/\p{Cc}/u.test(password)) {
    args.refuse(property, "contains a control character: write printable characters only");
  } else if (password.length < 16 || password.length > 512) {
    const count = `${password.length} character${password.length === 1 ? "" : "s"}`;
    args.refuse(property, `has ${count}: write 16 to 512, or ${advice}`);
  }
}

function checkKeyPrefixes(args: ArgumentChecker): void {
  const prefixes = args.value("keyPrefixes");
  if (prefixes === undefined) return;
  if (!Array.isArray(prefixes)) {
    args.refuse("keyPrefixes", `${show(prefixes)} is not a list: write ["recipe:", "user:"]`);
    return;
  }
  for (const [index, prefix] of prefixes.entries()) {
    const property = `keyPrefixes.${index}`;
    if (typeof prefix !== "string" || prefix === "") {
      args.refuse(property, `${show(prefix)} is not a prefix: write a text such as "recipe:", or leave it out`);
    } else if (/[\s\p{Cc}]/u.test(prefix)) {
      // A rule of an ACL ends at a blank.
      args.refuse(property, `${show(prefix)} contains a blank: write a prefix without blanks`);
    } else if (prefix.endsWith("*")) {
      const meant = prefix.replace(/\*+$/, "");
      args.refuse(property, `${show(prefix)} is taken literally, star and all: write "${meant}"`);
    } else if (prefix.startsWith("hearth:")) {
      args.refuse(property, `${show(prefix)} is where the warmer keeps its lock and its notes: choose another`);
    }
  }
}
