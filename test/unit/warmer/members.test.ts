import fc from "fast-check";
import { Command } from "ioredis";
import { describe, expect, it } from "vitest";
import { makeEncoder } from "../../../warmer/encode/encoder.ts";
import { ABSOLUTE, type Expiry, RELATIVE } from "../../../warmer/encode/expiry.ts";
import { groupedSelect } from "../../../warmer/grouped.ts";
import { endOfCommand, keyOfCommand } from "../../../warmer/resp.ts";
import { slotOf } from "../../../warmer/slots.ts";
import { Tuple } from "../../../warmer/tuple.ts";
import { copiedRow } from "../../support/copy-format.ts";

function int32(...values: readonly number[]): Buffer {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    out.writeInt32BE(value, 4 * index);
  });
  return out;
}

/** An array of text as PostgreSQL sends it; no elements: no dimension. */
function array(elements: readonly Buffer[]): Buffer {
  if (elements.length === 0) return int32(0, 0, 25);
  return Buffer.concat([
    int32(1, 0, 25, elements.length, 1),
    ...elements.flatMap((element) => [int32(element.length), element]),
  ]);
}

function tuple(values: readonly (Buffer | null)[]): Tuple {
  const bytes = copiedRow(values);
  const row = new Tuple(values.length);
  row.read(bytes, 0, bytes.length);
  return row;
}

function ioredis(name: string, ...args: (string | Buffer | number)[]): Buffer {
  return Buffer.from(new Command(name, args, { replyEncoding: null }).toWritable({} as never));
}

const bytes = fc.uint8Array({ maxLength: 70 }).map((value) => Buffer.from(value));
const ttl = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5_000_000_000_000 }));
const style = { restore: { entries: 128, value: 64 }, mayExist: false };

describe("commands", () => {
  it("are what ioredis sends, for sets and sorted sets of any bytes", () => {
    const pair = fc.tuple(
      bytes,
      fc.double({ noNaN: true }).map((score) => Buffer.from(String(score))),
    );
    fc.assert(
      fc.property(
        bytes,
        fc.array(pair, { minLength: 1, maxLength: 20 }),
        ttl,
        fc.boolean(),
        fc.constantFrom<Expiry>(ABSOLUTE, RELATIVE),
        (key, pairs, ms, sorted, expiry) => {
          const row = tuple([array(pairs.map(([member]) => member)), array(pairs.map(([, score]) => score))]);
          const encoder = makeEncoder(
            sorted ? { type: "zset", members: 0, scores: 1 } : { type: "set", members: 0 },
            style,
            expiry,
          );
          const named = { bytes: key, length: key.length };
          const room = Math.min(encoder.bound(row, named), encoder.exactBound(row, named));
          const out = Buffer.alloc(room + 64, 0xee);
          const end = encoder.encode(out, 0, row, named, ms);
          expect(end).toBeLessThanOrEqual(room);
          expect(out.subarray(room)).toEqual(Buffer.alloc(64, 0xee));
          const args = sorted ? pairs.flatMap(([member, score]) => [score, member]) : pairs.map(([member]) => member);
          const expected = [ioredis("DEL", key), ioredis(sorted ? "ZADD" : "SADD", key, ...args)];
          if (ms > 0) expected.push(ioredis(expiry.absolute ? "PEXPIREAT" : "PEXPIRE", key, ms));
          expect(out.subarray(0, end)).toEqual(Buffer.concat(expected));
          expect(encoder.commands).toBe(expected.length);
          expect(keyOfCommand(out, 0)).toEqual(key);
        },
      ),
    );
  });

  it.each([
    [1000, 0, ["DEL", "SADD"]],
    [1000, 9, ["DEL", "SADD", "PEXPIREAT"]],
    [1001, 0, ["EXISTS k", "DEL", "SADD", "PEXPIRE", "SADD", "PERSIST", "RENAME"]],
    [2500, 9, ["EXISTS k", "DEL", "SADD", "PEXPIREAT", "SADD", "SADD", "RENAME"]],
    // No hash tag can stand for a brace that closes nothing.
    [1001, 0, ["DEL", "SADD", "SADD", "EXISTS"], "a}b"],
    [1001, 9, ["EXISTS a{b}c}", "DEL", "SADD", "PEXPIREAT", "SADD", "RENAME"], "a{b}c}"],
  ])("of %i members that expire at %i are %j", (count, expires, names, name = "k") => {
    const row = tuple([array(Array.from({ length: count }, (_, index) => Buffer.from(String(index))))]);
    const encoder = makeEncoder({ type: "set", members: 0 }, style, ABSOLUTE);
    const key = { bytes: Buffer.from(name), length: name.length };
    const out = Buffer.alloc(encoder.bound(row, key));
    const end = encoder.encode(out, 0, row, key, expires);
    const found: string[] = [];
    const slot = slotOf(key.bytes, 0, key.length);
    for (let at = 0; at < end; at = endOfCommand(out, at)) {
      const words = out.toString("latin1", at, Math.min(end, at + 80)).split("\r\n");
      found.push(words[2] === "EXISTS" && found.length === 0 ? `EXISTS ${words[4]}` : (words[2] ?? ""));
      // All keys of a row lie in one slot.
      const named = Buffer.from(words[4] ?? "");
      expect(slotOf(named, 0, named.length)).toBe(slot);
    }
    expect(keyOfCommand(out, 0)).toEqual(key.bytes);
    expect(found).toEqual(names);
    expect(encoder.commands).toBe(names.length);
  });

  it("are fewer than 256 for a million members, since a row counts them in a byte", () => {
    const row = tuple([array(Array.from({ length: 1_000_000 }, () => Buffer.from("m")))]);
    const encoder = makeEncoder({ type: "set", members: 0 }, style, ABSOLUTE);
    const key = { bytes: Buffer.from("k"), length: 1 };
    encoder.encode(Buffer.alloc(encoder.bound(row, key)), 0, row, key, 9);
    expect(encoder.commands).toBeLessThan(256);
  });

  it("are none for a row without members", () => {
    const encoder = makeEncoder({ type: "set", members: 0 }, style, ABSOLUTE);
    expect([encoder.refuses(tuple([null])), encoder.refuses(tuple([array([])]))]).toEqual(["NULL_VALUE", "NULL_VALUE"]);
  });
});

it("rows of a key are grouped in SQL, in the order and within the limit of the query", () => {
  const value = { type: "zset", members: 1, scores: 2 } as const;
  const dataset = { expressions: ["k", "(m)", "((s))"], keys: [0, 0], value, from: "t", limit: " LIMIT 5" };
  expect(groupedSelect({ ...dataset, ttl: undefined, part: undefined })).toBe(
    "SELECT c0, array_agg(c1 ORDER BY place) FILTER (WHERE c1 IS NOT NULL AND c2 IS NOT NULL), " +
      "array_agg(c2 ORDER BY place) FILTER (WHERE c1 IS NOT NULL AND c2 IS NOT NULL) " +
      "FROM (SELECT k AS c0, (m) AS c1, ((s)) AS c2, row_number() OVER () AS place FROM t) AS numbered " +
      "GROUP BY c0 ORDER BY min(place) LIMIT 5",
  );
});
