import type { CompiledDataset } from "../compile.ts";
import type { HashStyle } from "./hash.ts";
import { HashEncoder } from "./hash.ts";
import { JsonDocument } from "./json.ts";
import { MembersEncoder } from "./members.ts";
import { columnBody, jsonColumnBody, StringEncoder } from "./string.ts";
import type { Encoder } from "./value.ts";

/** The encoder of a dataset's values. A new kind of value is a case here and a class beside the others. */
export function makeEncoder(value: CompiledDataset["value"], style: HashStyle): Encoder {
  switch (value.type) {
    case "json":
      return new StringEncoder(new JsonDocument(value.members, value.constants));
    case "json-column":
      return new StringEncoder(jsonColumnBody(value.column, value.form === "text"));
    case "string":
      return new StringEncoder(columnBody(value.column));
    case "hash":
      return new HashEncoder(value, style);
    case "set":
      return new MembersEncoder(value.members);
    case "zset":
      return new MembersEncoder(value.members, value.scores);
  }
}
