import { expect, it } from "vitest";
import { decode, encode, Push, ReplyError } from "../../../proxy/resp.ts";

it.each<[string, unknown]>([
  ["+OK\r\n", "OK"],
  [":42\r\n", 42],
  ["$-1\r\n", null],
  ["_\r\n", null],
  ["$5\r\na\r\nbc\r\n", "a\r\nbc"],
  ["=8\r\ntxt:role\r\n", "txt:role"],
  ["*2\r\n$1\r\na\r\n*0\r\n", ["a", []]],
  ["%1\r\n+ip\r\n$9\r\n127.0.0.1\r\n", ["ip", "127.0.0.1"]],
  [">3\r\n+message\r\n+c\r\n+t\r\n", new Push(["message", "c", "t"])],
  ["-WRONGPASS no\r\n", new ReplyError("WRONGPASS no")],
])("%j", (text, value) => {
  const shifted = `x${text}`;
  expect(decode(shifted, 1)).toEqual({ value, end: shifted.length });
  // In any number of pieces it is read when it is complete.
  for (let length = 0; length < text.length; length++) expect(decode(text.slice(0, length), 0)).toBeUndefined();
});

it("refuses what is no reply, and counts a word's bytes", () => {
  expect(() => decode("HTTP/1.1 200\r\n", 0)).toThrow("not of Redis's protocol");
  expect(encode(["AUTH", "ä"])).toBe("*2\r\n$4\r\nAUTH\r\n$2\r\nä\r\n");
});
