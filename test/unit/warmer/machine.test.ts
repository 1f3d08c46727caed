import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CompiledDataset } from "../../../warmer/compile.ts";
import { makeEncoder } from "../../../warmer/encode/encoder.ts";
import { ABSOLUTE, RELATIVE } from "../../../warmer/encode/expiry.ts";
import { KeyBuilder } from "../../../warmer/keys.ts";
import type { WireForm } from "../../../warmer/postgres/wire.ts";
import { Tuple } from "../../../warmer/tuple.ts";
import { copiedRow, int64 } from "../../support/copy-format.ts";

interface Column {
  readonly form: WireForm;
  readonly value: Buffer | null;
}

/** All that a row becomes: its texts, its key and the key's hash, the command. */
function outcome(
  rows: readonly (readonly Column[])[],
  value: CompiledDataset["value"],
  parts: CompiledDataset["key"],
  expires: number,
  how: { readonly machine: boolean; readonly input: boolean },
) {
  const columns = rows[0]?.map(({ form }) => form) ?? [];
  const style = { restore: { entries: 8, value: 64 }, mayExist: false };
  const encoder = makeEncoder(value, style, RELATIVE, how.machine ? { columns, key: parts } : undefined);
  const tuple = new Tuple(columns, how.machine ? encoder.machine : undefined);
  const key = new KeyBuilder(parts, how.machine ? encoder.machine : undefined);
  return rows.map((row) => {
    const bytes = copiedRow(row.map(({ value }) => value));
    const input = encoder.machine?.input;
    if (how.input && input !== undefined && bytes.length <= input.length - 100) {
      bytes.copy(input, 100);
      tuple.read(input, 100, 100 + bytes.length);
    } else tuple.read(bytes, 0, bytes.length);
    const texts = columns.map((_, column) => tuple.copy(column)?.toString("latin1") ?? null);
    if (!key.build(tuple)) return { texts };
    key.hash();
    const room = Math.min(encoder.bound(tuple, key), encoder.exactBound(tuple, key));
    const out = Buffer.alloc(encoder.bound(tuple, key) + 64, 0xee);
    const end = encoder.encode(out, 0, tuple, key, expires);
    expect(end).toBeLessThanOrEqual(room);
    const command = out.toString("latin1", 0, end);
    return { texts, key: key.copy().toString("latin1"), hash: [key.high, key.low], command };
  });
}

const sized = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((each) => Buffer.from(each));
const edges = fc.constantFrom(
  0n,
  1n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  999_999n,
  -1000n,
  -86_400_000_000n,
  4_294_967_296n,
);
const int8 = fc.oneof(sized(8), fc.oneof(edges, fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n })).map(int64));
const text = fc.oneof(
  fc.uint8Array({ maxLength: 70 }).map((each) => Buffer.from(each)),
  fc.string({ unit: "binary", maxLength: 40 }).map((each) => Buffer.from(each)),
  fc
    .constantFrom("", '"', "\\\\\\", "a\tb", "plain text that is longer than a word", "12345678", "1234567\u0001")
    .map((each) => Buffer.from(each)),
  fc.integer().map((each) => Buffer.from(String(each))),
  fc.nat(12_000).map((length) => Buffer.alloc(length, 'x"\n')),
);
const version = (each: Buffer): Buffer => Buffer.concat([Buffer.from([1]), each]);
const values: Readonly<Record<WireForm, fc.Arbitrary<Buffer>>> = {
  bytes: text,
  boolean: fc.constantFrom(Buffer.from([0]), Buffer.from([1])),
  int2: sized(2),
  int4: sized(4),
  int8,
  timestamp: int8.filter((each) => isTold(each.readBigInt64BE())),
  uuid: sized(16),
  jsonb: text.map(version),
};

/** Beyond the year 287,000 JavaScript has no exact milliseconds; the largest and the smallest are infinite. */
function isTold(microseconds: bigint): boolean {
  const far = microseconds > 9n * 10n ** 18n || microseconds < -9n * 10n ** 18n;
  return !far || microseconds === 2n ** 63n - 1n || microseconds === -(2n ** 63n);
}

/** Several rows of the same columns. */
const table = fc
  .array(fc.constantFrom(...(Object.keys(values) as WireForm[])), { minLength: 1, maxLength: 10 })
  .chain((forms) => {
    const row = fc.tuple(
      ...forms.map((form) => fc.option(values[form], { freq: 8 }).map((value) => ({ form, value }))),
    );
    return fc.array(row, { minLength: 1, maxLength: 4 });
  });
const name = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("7", '"quoted"', "naïve"));

describe("a machine makes of rows what JavaScript makes of them", () => {
  const same = (value: (columns: number[], names: string[]) => CompiledDataset["value"]) => {
    const members = fc.array(fc.tuple(fc.nat(), name), { minLength: 1, maxLength: 12 });
    const keys = fc.array(fc.oneof(fc.nat(), name), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(table, members, keys, fc.nat(2 ** 42), fc.boolean(), (rows, chosen, key, expires, input) => {
        const width = rows[0]?.length ?? 1;
        const parts = key.map((part) =>
          typeof part === "number" ? { column: part % width } : { literal: Buffer.from(part) },
        );
        const made = value(
          chosen.map(([column]) => column % width),
          chosen.map((_, index) => `${index}${chosen[index]?.[1]}`),
        );
        const script = outcome(rows, made, parts, expires, { machine: false, input });
        expect(outcome(rows, made, parts, expires, { machine: true, input })).toEqual(script);
      }),
      { numRuns: 400 },
    );
  };

  it("JSON", () => {
    same((columns, names) => ({
      type: "json",
      members: columns.map((column, index) => {
        return { name: names[index] ?? "", column, form: index % 3 === 0 ? "raw" : "text" };
      }),
      constants: columns.length % 2 === 0 ? {} : { v: 1 },
    }));
  });

  it("hashes", () => {
    same((columns, names) => ({
      type: "hash",
      fields: columns.map((column, index) => ({ name: names[index] ?? "", column })),
      constants: columns.length % 2 === 0 ? [] : [{ name: "v", value: "1" }],
    }));
  });

  it("a row that is not what was asked for is refused with the same words", () => {
    const columns: readonly WireForm[] = ["int4", "bytes"];
    const { machine } = makeEncoder(
      { type: "json", members: [], constants: {} },
      { restore: null, mayExist: false },
      ABSOLUTE,
      {
        columns,
        key: [{ column: 1 }],
      },
    );
    const good = copiedRow([Buffer.alloc(4), Buffer.from("key")]);
    const bad = [
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.alloc(1)]),
      good.subarray(0, 1),
      copiedRow([Buffer.alloc(4)]),
      copiedRow([Buffer.alloc(3), Buffer.from("key")]),
    ];
    const refusal = (tuple: Tuple, bytes: Buffer) => {
      try {
        tuple.read(bytes, 0, bytes.length);
        return "none";
      } catch (error) {
        return String(error);
      }
    };
    for (const bytes of bad) {
      const words = refusal(new Tuple(columns), bytes);
      expect(words).not.toBe("none");
      expect(refusal(new Tuple(columns, machine), bytes)).toBe(words);
    }
    expect(refusal(new Tuple(columns, machine), good)).toBe("none");
  });
});
