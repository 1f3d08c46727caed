import { differences, type Props } from "../plugin-values.ts";
import type { Difference } from "../provider-plugin.ts";

/**
 * What an update would change: what the state holds of the old inputs, as the API server told it last, against the new
 * inputs. So a quantity that the server writes in another way ("1024Mi" as "1Gi") differs for ever, as in Pulumi's own.
 *
 * @param replacing paths of properties that the object is replaced for
 */
export function difference(state: Props, olds: Props, news: Props, replacing: readonly string[]): Difference[] {
  const before = encoded(pruned(state, encoded(clean(olds))) as Props);
  return differences(before, encoded(clean(news)), "").map(([found, change]) => {
    const path = found.replace(/^\./, "");
    return { path, change, replaces: replacing.some((fixed) => isWithin(path, fixed)) };
  });
}

/** The part of a value that inputs had something to say of. */
export function pruned(value: unknown, inputs: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(inputs)) {
    return value.length === inputs.length ? value.map((item, index) => pruned(item, inputs[index])) : value;
  }
  if (!isObject(value) || !isObject(inputs)) return value;
  const known = Object.keys(inputs).filter((key) => value[key] !== undefined);
  return Object.fromEntries(known.map((key) => [key, pruned(value[key], inputs[key])]));
}

/** A Secret's `stringData` is never told again, only `data`. */
function encoded(object: Props): Props {
  const { stringData, ...rest } = object as { stringData?: Record<string, string>; data?: Record<string, string> };
  if (!stringData || !isObject(stringData)) return object;
  const data = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString("base64")]);
  return { ...rest, data: { ...rest.data, ...Object.fromEntries(data) } };
}

/** Without what the engine adds for itself, and without null, which Pulumi's provider leaves out. */
export function clean(value: unknown): Props {
  return without(value) as Props;
}

function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, item]) => item !== null && item !== undefined && !["__defaults", "__inputs"].includes(key),
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, without(item)]));
}

function isWithin(path: string, fixed: string): boolean {
  return path === fixed || path.startsWith(`${fixed}.`) || path.startsWith(`${fixed}[`);
}

function isObject(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
