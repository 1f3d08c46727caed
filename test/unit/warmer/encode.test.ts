import fc from "fast-check";
import { Command } from "ioredis";
import { describe, expect, it } from "vitest";
import type { CompiledDataset } from "../../../warmer/compile.ts";
import { makeEncoder } from "../../../warmer/encode/encoder.ts";
import { ABSOLUTE, type Expiry, RELATIVE } from "../../../warmer/encode/expiry.ts";
import type { HashStyle } from "../../../warmer/encode/hash.ts";
import { command, endOfCommand, keyOfCommand, putInteger } from "../../../warmer/resp.ts";
import { slotOf } from "../../../warmer/slots.ts";
import { Tuple } from "../../../warmer/tuple.ts";
import { crc64, entries } from "../../../warmer/wasm/payload.ts";
import { copiedRow } from "../../support/copy-format.ts";

function tuple(values: readonly (Uint8Array | null)[]): Tuple {
  const bytes = copiedRow(values);
  const row = new Tuple(values.length);
  row.read(bytes, 0, bytes.length);
  return row;
}

/** The bytes that ioredis sends for commands. */
function ioredis(...commands: [string, ...(string | Buffer | number)[]][]): Buffer {
  return Buffer.concat(
    commands.map(([name, ...args]) =>
      Buffer.from(new Command(name, args, { replyEncoding: null }).toWritable({} as never)),
    ),
  );
}

const hsetStyle: HashStyle = { restore: null, mayExist: true };

function encode(
  value: CompiledDataset["value"],
  style: HashStyle,
  rows: readonly { row: Tuple; key: Buffer; ttl: number }[],
  expiry = ABSOLUTE,
): Buffer[] {
  const encoder = makeEncoder(value, style, expiry);
  return rows.map(({ row, key, ttl }) => {
    const named = { bytes: key, length: key.length };
    // Either bound has to be enough, and nothing beyond it may be touched.
    const room = Math.min(encoder.bound(row, named), encoder.exactBound(row, named));
    const out = Buffer.alloc(room + 64, 0xee);
    const end = encoder.encode(out, 0, row, named, ttl);
    expect(end).toBeLessThanOrEqual(room);
    expect(out.subarray(room)).toEqual(Buffer.alloc(64, 0xee));
    return Buffer.from(out.subarray(0, end));
  });
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value)),
  fc.string({ unit: "binary" }).map((value) => Buffer.from(value)),
  fc.constantFrom("\r\n", "*3\r\n$3\r\nSET\r\n", "$-1\r\n", "+OK\r\n").map((value) => Buffer.from(value)),
  fc.nat(5000).map((length) => Buffer.alloc(length, "x")),
);
const ttl = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5_000_000_000_000 }));
const expiry = fc.constantFrom<Expiry>(ABSOLUTE, RELATIVE);

describe("commands", () => {
  it("are what ioredis sends, for strings", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, bytes, ttl), { minLength: 1, maxLength: 5 }), expiry, (rows, how) => {
        const encoded = encode(
          { type: "string", column: 0 },
          hsetStyle,
          rows.map(([key, value, ms]) => ({ row: tuple([value]), key, ttl: ms })),
          how,
        );
        rows.forEach(([key, value, ms], index) => {
          const end = ms === 0 ? [] : [how.absolute ? "PXAT" : "PX", ms];
          expect(encoded[index]).toEqual(ioredis(["SET", key, value, ...end]));
        });
      }),
    );
  });

  it("are what ioredis sends, for hashes by HSET", () => {
    const value = {
      type: "hash" as const,
      fields: [
        { name: "a", column: 0 },
        { name: "b c", column: 1 },
      ],
      constants: [{ name: "k", value: "v" }],
    };
    fc.assert(
      fc.property(
        bytes,
        fc.option(bytes),
        fc.option(bytes),
        ttl,
        fc.boolean(),
        expiry,
        (key, a, b, ms, mayExist, how) => {
          const rows = [{ row: tuple([a, b]), key, ttl: ms }];
          const [encoded] = encode(value, { restore: null, mayExist }, rows, how);
          const fields = [...(a === null ? [] : ["a", a]), ...(b === null ? [] : ["b c", b]), "k", "v"];
          expect(encoded).toEqual(
            ioredis(
              ...(mayExist || a === null || b === null ? [["DEL", key] as [string, Buffer]] : []),
              ["HSET", key, ...fields],
              ...(ms === 0 ? [] : [[how.absolute ? "PEXPIREAT" : "PEXPIRE", key, ms] as [string, Buffer, number]]),
            ),
          );
        },
      ),
    );
  });

  it("carry JSON that parses to the values", () => {
    const members = [
      { name: 'na"me', column: 0, form: "text" as const },
      { name: "n", column: 1, form: "raw" as const },
      { name: "t", column: 2, form: "text" as const },
    ];
    const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary-ascii" }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })), fc.option(text)), {
          minLength: 1,
          maxLength: 4,
        }),
        (rows) => {
          const encoded = encode(
            { type: "json", members, constants: { fixed: [1, null] } },
            hsetStyle,
            rows.map(([a, n, t]) => ({
              row: tuple([
                Buffer.from(a),
                n === null ? null : Buffer.from(JSON.stringify(n)),
                t === null ? null : Buffer.from(t),
              ]),
              key: Buffer.from("key"),
              ttl: 0,
            })),
          );
          rows.forEach(([a, n, t], index) => {
            const document = JSON.stringify({ 'na"me': a, n, t, fixed: [1, null] });
            const sent = encoded[index]?.toString() ?? "";
            const body = sent.slice(sent.indexOf("{"), sent.lastIndexOf("}") + 1);
            expect(JSON.parse(body)).toEqual(JSON.parse(document));
            expect(encoded[index]).toEqual(ioredis(["SET", "key", body]));
          });
        },
      ),
    );
  });

  it("are found again: key and end", () => {
    fc.assert(
      fc.property(bytes, bytes, (key, value) => {
        const first = command("HSET", key, "f", value);
        const two = Buffer.concat([first, command("EXPIRE", key, "10")]);
        expect(keyOfCommand(two, 0)).toEqual(key);
        expect(endOfCommand(two, 0)).toBe(first.length);
        expect(keyOfCommand(two, first.length)).toEqual(key);
      }),
    );
  });

  it("hold numbers in decimal", () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), (number) => {
        const out = Buffer.alloc(20);
        expect(out.toString("latin1", 0, putInteger(out, 0, number))).toBe(String(number));
      }),
    );
  });
});

describe("RESTORE", () => {
  it("has the checksum of Redis", () => {
    expect(crc64(Buffer.from("123456789"))).toBe(0xe9c6d914c4b8d9can);
    // One bit at a time, over every length: the compiled one goes by sixteen bytes.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (value) => {
        let crc = 0n;
        for (const byte of value) {
          crc ^= BigInt(byte);
          for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
        }
        expect(crc64(Buffer.from(value))).toBe(crc);
      }),
    );
  });

  it.each([
    ["0", "0001"],
    ["127", "7f01"],
    ["128", "c08002"],
    ["-1", "dfff02"],
    ["4096", "f1001003"],
    ["8388607", "f2ffff7f04"],
    ["-2147483648", "f30000008005"],
    ["4294967296", "f4000000000100000009"],
    ["-0", "822d3003"],
    ["007", "8330303704"],
    ["", "8001"],
  ])("stores %j as %s", (text, hex) => {
    expect(entries([Buffer.from(text)])[0]?.toString("hex")).toBe(hex);
  });

  it("is one command whose payload has the right length, whatever comes after what", () => {
    const value = {
      type: "hash" as const,
      fields: [
        { name: "a", column: 0 },
        { name: "b", column: 1 },
      ],
      constants: [],
    };
    const style = { restore: { entries: 128, value: 20_000 }, mayExist: true };
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, bytes, ttl), { minLength: 1, maxLength: 6 }), expiry, (rows, how) => {
        const encoded = encode(
          value,
          style,
          rows.map(([a, b, ms]) => ({ row: tuple([a, b]), key: Buffer.from("k"), ttl: ms })),
          how,
        );
        rows.forEach(([, , ms], index) => {
          const sent = encoded[index] as Buffer;
          expect(endOfCommand(sent, 0)).toBe(sent.length);
          const head = Buffer.from(
            `*${how.absolute ? 6 : 5}\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$${String(ms).length}\r\n${ms}\r\n$`,
          );
          expect(sent.subarray(0, head.length)).toEqual(head);
          const start = sent.indexOf("\r\n", head.length) + 2;
          const length = Number(sent.toString("latin1", head.length, start - 2));
          const payload = sent.subarray(start, start + length);
          expect(payload.readBigUInt64LE(length - 8)).toBe(crc64(payload.subarray(0, length - 8)));
          expect(payload[0]).toBe(16);
          const options = how.absolute ? "$7\r\nREPLACE\r\n$6\r\nABSTTL\r\n" : "$7\r\nREPLACE\r\n";
          expect(sent.subarray(start + length)).toEqual(Buffer.from(`\r\n${options}`));
        });
      }),
    );
  });
});

describe("slots", () => {
  it.each([
    ["foo", 12182],
    ["123456789", 12739],
    ["{user1000}.following", 3443],
    ["foo{}{bar}", 8363],
    ["foo{{bar}}zap", 4015],
    ["foo{bar}{zap}", 5061],
    ["{", 4092],
  ])("%s is in %i", (key, slot) => {
    const bytes = Buffer.from(`..${key}..`);
    expect(slotOf(bytes, 2, 2 + key.length)).toBe(slot);
  });
});
