/**
 * What a key costs in Redis, by the sizes that Redis 7 and jemalloc give to its parts: the command that writes it is
 * taken apart, so this knows nothing of encoders. Within some 10 % of `used_memory` for strings and hashes.
 */
import { endOfCommand } from "../resp.ts";

/** Entry of the table of keys, and of the table of expiry times. */
const DICT_ENTRY = 24;
/** Place in a hash table: between 8 and 16 bytes for each key, as tables double; while they do, both are there. */
const BUCKET = 16;
/** The same within a collection: small tables are grown in a hurry, and seldom shed the one before. */
const INNER_BUCKET = 28;
const OBJECT = 16;
/** Where a value stands in its object's own block. */
const EMBEDDED_MOST = 44;
/** Node of a skip list, with the levels it has on average. */
const SKIP_LIST_NODE = 40;
const LARGE_TABLE = 56;

/** What the allocator gives for a size: eight classes up to 64 bytes, then four for each doubling. */
export function allocated(bytes: number): number {
  if (bytes <= 8) return 8;
  if (bytes <= 64) return Math.ceil(bytes / 8) * 8;
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / step) * step;
}

/** A string of Redis: header, text, and a NUL. */
function sds(length: number): number {
  return allocated(length + (length < 32 ? 2 : length < 256 ? 4 : length < 65_536 ? 6 : 10));
}

function isInteger(text: Buffer): boolean {
  return text.length <= 20 && /^(0|-?[1-9]\d{0,18})$/.test(text.toString("latin1"));
}

function stringValue(value: Buffer): number {
  if (isInteger(value)) return OBJECT;
  if (value.length <= EMBEDDED_MOST) return allocated(OBJECT + 4 + value.length);
  return OBJECT + sds(value.length);
}

/** Elements in one block, as small hashes and sorted sets are; or each by itself. */
function collection(parts: readonly Buffer[], perElement: number, compactElements: number): number {
  const longest = parts.reduce((most, part) => Math.max(most, part.length), 0);
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  if (parts.length <= 2 * compactElements && longest <= 64) return OBJECT + allocated(7 + total + 2 * parts.length);
  return OBJECT + LARGE_TABLE + parts.reduce((sum, part) => sum + sds(part.length), 0) + perElement;
}

function argumentsOf(bytes: Buffer, start: number, end: number): Buffer[] {
  const parts: Buffer[] = [];
  let at = bytes.indexOf(10, start) + 1;
  while (at < end) {
    const lineEnd = bytes.indexOf(10, at);
    const length = Number(bytes.toString("latin1", at + 1, lineEnd - 1));
    parts.push(bytes.subarray(lineEnd + 1, lineEnd + 1 + length));
    at = lineEnd + 1 + length + 2;
  }
  return parts;
}

function valueMemory(name: string, rest: readonly Buffer[]): number {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = rest;
  switch (name) {
    case "SET":
      return stringValue(first);
    case "RESTORE":
      return OBJECT + allocated(second.length);
    case "HSET":
      return collection(rest, (rest.length / 2) * (DICT_ENTRY + INNER_BUCKET), 128);
    case "SADD":
      return OBJECT + LARGE_TABLE + rest.reduce((sum, part) => sum + sds(part.length) + DICT_ENTRY + INNER_BUCKET, 0);
    case "ZADD":
      return collection(rest, (rest.length / 2) * (DICT_ENTRY + INNER_BUCKET + SKIP_LIST_NODE), 128);
    default:
      return OBJECT + rest.reduce((sum, part) => sum + sds(part.length) + DICT_ENTRY + INNER_BUCKET, 0);
  }
}

/** Bytes that Redis needs for the key that these commands write: key, value, expiry, places in the tables. */
export function memoryOfCommands(bytes: Buffer, start: number, end: number): number {
  let memory = 0;
  let expires = false;
  for (let at = start; at < end; ) {
    const commandEnd = endOfCommand(bytes, at);
    const [name, key, ...rest] = argumentsOf(bytes, at, commandEnd);
    const command = name?.toString("latin1").toUpperCase() ?? "";
    at = commandEnd;
    if (/^P?EXPIRE(AT)?$/.test(command)) expires = true;
    else if (command !== "DEL" && command !== "UNLINK") {
      if (memory === 0) memory += DICT_ENTRY + BUCKET + sds(key?.length ?? 0);
      memory += valueMemory(command, rest);
      if (command === "SET" && rest.length > 1) expires = true;
      if (command === "RESTORE" && rest[0]?.toString() !== "0") expires = true;
    }
  }
  return memory + (expires ? DICT_ENTRY + BUCKET : 0);
}
