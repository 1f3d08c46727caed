import type { CompiledDataset } from "../compile.ts";
import type { Expiry } from "./expiry.ts";
import type { HashStyle } from "./hash.ts";
import { HashEncoder } from "./hash.ts";
import { JsonDocument } from "./json.ts";
import { MembersEncoder } from "./members.ts";
import { columnBody, jsonColumnBody, StringEncoder } from "./string.ts";
import type { Encoder } from "./value.ts";

/** The encoder of a dataset's values. A new kind of value is a case here and a class beside the others. */
export function makeEncoder(value: CompiledDataset["value"], style: HashStyle, expiry: Expiry): Encoder {
  switch (value.type) {
    case "json":
      return new StringEncoder(new JsonDocument(value.members, value.constants), expiry);
    case "json-column":
      return new StringEncoder(jsonColumnBody(value.column, value.form === "text"), expiry);
    case "string":
      return new StringEncoder(columnBody(value.column), expiry);
    case "hash":
      return new HashEncoder(value, style, expiry);
    case "set":
      return new MembersEncoder(expiry, value.members);
    case "zset":
      return new MembersEncoder(expiry, value.members, value.scores);
  }
}
