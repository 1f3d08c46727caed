import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aclText, configText, directiveLines, quoteWord, splitWords } from "../../../contract/config-file.ts";

// Any Unicode text without control characters and without halves of surrogate pairs, which are no text.
const printable = fc.string({ unit: "binary" }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));

describe("quoteWord", () => {
  it("is read back as it was, whatever the characters", () => {
    fc.assert(
      fc.property(fc.array(printable), (words) => {
        expect(splitWords(words.map(quoteWord).join(" "))).toEqual(words);
      }),
    );
  });

  it.each([
    ["plain-value_1.2:3", "plain-value_1.2:3"],
    ["", '""'],
    ["two words", '"two words"'],
    ["#comment", '"#comment"'],
    [`"quotes' and \\`, `"\\"quotes' and \\\\"`],
    ["ü", '"\\xc3\\xbc"'],
  ])("writes %j as %s", (word, line) => expect(quoteWord(word)).toBe(line));

  it.each(["\n", "\r", "\0", "\u007f", "a\nrequirepass x"])("refuses the control character in %j", (word) => {
    expect(() => quoteWord(word)).toThrow("control characters are not allowed in Redis's configuration");
  });
});

describe("splitWords", () => {
  it.each([
    ["a  b\tc", ["a", "b", "c"]],
    [`"a b" 'c d'`, ["a b", "c d"]],
    [`"\\x41\\n" 'it\\'s'`, ["A\n", "it's"]],
  ])("reads %s", (line, words) => expect(splitWords(line)).toEqual(words));

  it("refuses quotes that do not end", () => expect(() => splitWords('"a')).toThrow("does not end"));
});

describe("directiveLines", () => {
  it.each<[string, string | string[], string[]]>([
    ["maxmemory", "64mb", ["maxmemory 64mb"]],
    ["save", ["900 1", "300 10"], ["save 900 1", "save 300 10"]],
    ["save", "", ['save ""']],
    ["save", [], ['save ""']],
    ["bind", "127.0.0.1 ::1", ["bind 127.0.0.1 ::1"]],
    ["masterauth", "a b", ['masterauth "a b"']],
    ["client-output-buffer-limit", "replica 256mb 64mb 60", ["client-output-buffer-limit replica 256mb 64mb 60"]],
    ["sentinel monitor mymaster", "127.0.0.1 6379 2", ["sentinel monitor mymaster 127.0.0.1 6379 2"]],
    ["sentinel monitor", "mymaster 127.0.0.1 6379 2", ["sentinel monitor mymaster 127.0.0.1 6379 2"]],
    ["sentinel auth-pass mymaster", "a b", ['sentinel auth-pass mymaster "a b"']],
    ["sentinel auth-pass", "mymaster a b", ['sentinel auth-pass mymaster "a b"']],
    ["sentinel sentinel-pass", "a b", ['sentinel sentinel-pass "a b"']],
  ])("%s %j", (name, value, lines) => expect(directiveLines(name, value)).toEqual(lines));

  it("names the directive, not the value, that has a control character", () => {
    expect(() => directiveLines("masterauth", "geheim\nx")).toThrow(
      "directives.masterauth: control characters are not allowed in Redis's configuration",
    );
  });

  it("refuses a name that is none", () => {
    expect(() => directiveLines("#x", "1")).toThrow('directives: "#x" is not the name of a directive');
  });
});

describe("aclText", () => {
  it("writes patterns with quotes, backslashes and letters of any language as they are", () => {
    const lines = ["user default off -@all", `user app on #0a1b ~a"b\\'#% ~ü:* -@all +get`];
    expect(aclText(lines)).toBe(`${lines.join("\n")}\n`);
  });

  it.each([
    ["user a on\nuser b on nopass", "acl: control characters are not allowed in a line of the ACL"],
    ["# user a on", "acl: a line must begin with the word user and a name"],
    ["user  on", "acl: a line must begin with the word user and a name"],
    ["user a on  +get", "acl: two blanks in a row in the line of a: a rule cannot be empty"],
    ["user a on >geheim +get", "acl: the line of a holds a password: write its SHA-256, #<64 hexadecimal digits>"],
  ])("refuses %j", (line, message) => expect(() => aclText([line])).toThrow(new Error(message)));
});

it("puts `sentinel monitor` before what names the primary", () => {
  const text = configText("# x", {
    "sentinel down-after-milliseconds m": "5",
    port: "1",
    "sentinel monitor m": "h 1 2",
  });
  expect(text.split("\n")).toEqual([
    "# x",
    "sentinel monitor m h 1 2",
    "port 1",
    "sentinel down-after-milliseconds m 5",
    "",
  ]);
});
