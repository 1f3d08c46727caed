import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeCommand, RedisReplyError, type Reply, ReplyParser } from "../../../ops/resp.ts";

it("writes a command with the lengths in bytes", () => {
  expect(encodeCommand(["SET", "ü", ""]).toString()).toBe("*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$0\r\n\r\n");
});

const bytes = Buffer.from("+OK\r\n:42\r\n$-1\r\n$4\r\na\r\nb\r\n*2\r\n$2\r\nü\r\n*1\r\n:-1\r\n-ERR no way\r\n*-1\r\n");
const replies: Reply[] = ["OK", 42, null, "a\r\nb", ["ü", [-1]], new RedisReplyError("ERR no way"), null];

it("reads replies, however the bytes arrive", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
      const parser = new ReplyParser();
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const read = places.slice(1).flatMap((end, index) => parser.push(bytes.subarray(places[index], end)));
      expect(read).toEqual(replies);
    }),
  );
});

it("refuses what is not Redis", () => {
  expect(() => new ReplyParser().push(Buffer.from("HTTP/1.1 400 Bad Request\r\n"))).toThrow(
    'not a Redis server: it answered "HTTP/1.1 400 Bad Request"',
  );
});
