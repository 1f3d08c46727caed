import fc from "fast-check";
import { expect, it } from "vitest";
import { maskWith } from "../../../cli/mask.ts";

it("takes secrets out, by their key, in any form", () => {
  const mask = maskWith({ password: `p"w\\1`, secretDirectives: { masterauth: "hidden one" }, name: "cache" });
  expect(mask(`p"w\\1 p\\"w\\\\1 hidden one hidden%20one cache`)).toBe("[secret] [secret] [secret] [secret] cache");
});

it("takes the password out of a URL", () => {
  const mask = maskWith({ source: { url: "postgres://user:p%40ss@host/db" } });
  expect(mask("cannot reach postgres://user:p%40ss@host/db with p@ss")).toBe(
    "cannot reach postgres://user:[secret]@host/db with [secret]",
  );
});

it("leaves no secret of three characters or more in any text", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 3 }), fc.string(), fc.string(), (secret, before, after) => {
      fc.pre(!"[secret]".includes(secret) && !secret.includes("[secret]"));
      const masked = maskWith({ password: secret })(`${before}${secret}${after}`);
      expect(masked.replaceAll("[secret]", "")).not.toContain(secret);
    }),
  );
});

it("takes private keys out, whatever they are called, and leaves certificates", () => {
  const key = "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n";
  const cert = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const mask = maskWith({ servers: { "cache-0": { key, cert } } });
  expect(mask(`${cert}${key}${JSON.stringify(key)}`)).toBe(`${cert}[secret]"[secret]"`);
});
