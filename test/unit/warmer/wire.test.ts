import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WireForm } from "../../../warmer/postgres/wire.ts";
import { Tuple } from "../../../warmer/tuple.ts";
import { copiedRow, int64 } from "../../support/copy-format.ts";

/** A row as COPY sends it, read with the forms of its columns; the text of each column. */
function texts(columns: readonly { form: WireForm; value: Buffer | null }[]): (string | null)[] {
  const copied = copiedRow(columns.map(({ value }) => value));
  // Neighbours that must stay out of it.
  const bytes = Buffer.concat([Buffer.from("before"), copied, Buffer.from("behind")]);
  const row = new Tuple(columns.map(({ form }) => form));
  row.read(bytes, 6, bytes.length - 6);
  return columns.map((_, index) => row.copy(index)?.toString("latin1") ?? null);
}

const text = (form: WireForm, value: Buffer): string | null => texts([{ form, value }])[0] ?? null;

/** Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01. */
const EPOCH = 946_684_800_000_000n;
const timestamp = (milliseconds: number, micros = 0n): string | null =>
  text("timestamp", int64(BigInt(milliseconds) * 1000n - EPOCH + micros));

describe("a binary value becomes the text that PostgreSQL has for it", () => {
  it("int8", () => {
    const interesting = fc.constantFrom(0n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n - 1n);
    const any = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), interesting);
    fc.assert(
      fc.property(any, (value) => {
        expect(text("int8", int64(value))).toBe(String(value));
      }),
    );
  });

  it("int4 and int2", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -32_768, max: 32_767 }), (four, two) => {
        const bytes = Buffer.alloc(6);
        bytes.writeInt32BE(four);
        bytes.writeInt16BE(two, 4);
        const columns = [
          { form: "int4", value: bytes.subarray(0, 4) },
          { form: "bytes", value: Buffer.from("between") },
          { form: "int2", value: bytes.subarray(4) },
        ] as const;
        expect(texts(columns)).toEqual([String(four), "between", String(two)]);
      }),
    );
  });

  it("boolean, uuid, jsonb, NULL", () => {
    expect(text("boolean", Buffer.of(1))).toBe("true");
    expect(text("boolean", Buffer.of(0))).toBe("false");
    expect(text("uuid", Buffer.from("00112233445566778899aabbccddeeff", "hex"))).toBe(
      "00112233-4455-6677-8899-aabbccddeeff",
    );
    expect(text("jsonb", Buffer.from('\u0001{"a": 1}'))).toBe('{"a": 1}');
    const nulls = (["boolean", "int8", "timestamp", "jsonb"] as const).map((form) => ({ form, value: null }));
    expect(texts(nulls)).toEqual([null, null, null, null]);
  });

  it("timestamp: as JavaScript writes it, of any year", () => {
    const first = new Date("-004713-11-24T00:00:00Z").getTime();
    const last = 8_640_000_000_000_000;
    const usual = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2040, 0) });
    const any = fc.oneof(usual, fc.integer({ min: first, max: last }), fc.integer({ min: first, max: 0 }));
    fc.assert(
      fc.property(any, (milliseconds) => {
        expect(timestamp(milliseconds)).toBe(new Date(milliseconds).toISOString());
      }),
      { numRuns: 2000 },
    );
    for (const day of [
      "2000-02-29",
      "1900-02-28",
      "1900-03-01",
      "2100-02-28",
      "1999-12-31",
      "0000-02-29",
      "9999-12-31",
    ]) {
      const noon = new Date(`${day}T12:00:00.007Z`);
      expect(timestamp(noon.getTime())).toBe(noon.toISOString());
    }
  });

  it("timestamp: microseconds are cut off, infinity has no text", () => {
    expect(timestamp(0, 999n)).toBe("1970-01-01T00:00:00.000Z");
    expect(timestamp(0, -1n)).toBe("1969-12-31T23:59:59.999Z");
    expect(text("timestamp", int64(2n ** 63n - 1n))).toBe(null);
    expect(text("timestamp", int64(-(2n ** 63n)))).toBe(null);
  });

  it("refuses a value of another length than its type", () => {
    expect(() => text("int8", Buffer.alloc(4))).toThrow("PostgreSQL sent 4 bytes where a value has 8");
  });
});
