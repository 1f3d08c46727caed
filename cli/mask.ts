import { quoteWord } from "../contract/config-file.ts";

const secretKey = /password|secret|passphrase|token|privatekey/i;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const hidden = "[secret]";

/**
 * Takes every secret of a request out of a text: strings below keys that name a secret, private keys, and the passwords
 * within URLs, each as it is and as a configuration file, JSON or a URL would write it.
 */
export function maskWith(...values: unknown[]): (text: string) => string {
  const secrets = new Set<string>();
  for (const value of values) collect(value, false, secrets);
  const forms = [...secrets].flatMap(formsOf).sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((masked, secret) => masked.replaceAll(secret, hidden), text);
}

function collect(value: unknown, secret: boolean, into: Set<string>): void {
  if (typeof value === "string") {
    // A secret of one or two characters would turn every message into noise, and protects nothing.
    if ((secret && value.length > 2) || privateKey.test(value)) into.add(value);
    for (const password of passwordsInUrls(value)) into.add(password);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, secret, into);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) collect(item, secret || secretKey.test(key), into);
  }
}

function passwordsInUrls(text: string): string[] {
  return [...text.matchAll(/[a-z][a-z0-9+.-]*:\/\/[^/\s?#]*:([^/\s?#]+)@/gi)].flatMap(([, encoded = ""]) => {
    try {
      return [encoded, decodeURIComponent(encoded)];
    } catch {
      return [encoded];
    }
  });
}

function formsOf(secret: string): string[] {
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  try {
    forms.push(quoteWord(secret).replace(/^"|"$/g, ""));
  } catch {
    // control characters: it is in no configuration file
  }
  return [...new Set(forms)];
}
