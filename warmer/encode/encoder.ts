import type { CompiledDataset } from "../compile.ts";
import type { RowSource } from "../wasm/rows.ts";
import type { Expiry } from "./expiry.ts";
import type { HashStyle } from "./hash.ts";
import { HashEncoder } from "./hash.ts";
import { JsonDocument } from "./json.ts";
import { MembersEncoder } from "./members.ts";
import { columnBody, jsonColumnBody, StringEncoder } from "./string.ts";
import type { Encoder } from "./value.ts";

/**
 * The encoder of a dataset's values. A new kind of value is a case here and a class beside the others.
 * @param source what the rows are that its machine is to read
 */
export function makeEncoder(
  value: CompiledDataset["value"],
  style: HashStyle,
  expiry: Expiry,
  source?: RowSource,
): Encoder {
  switch (value.type) {
    case "json":
      return new StringEncoder(new JsonDocument(value.members, value.constants), expiry, source);
    case "json-column":
      return new StringEncoder(jsonColumnBody(value.column, value.form === "text"), expiry);
    case "string":
      return new StringEncoder(columnBody(value.column), expiry);
    case "hash":
      return new HashEncoder(value, style, expiry, source);
    case "set":
      return new MembersEncoder(expiry, value.members);
    case "zset":
      return new MembersEncoder(expiry, value.members, value.scores);
  }
}
