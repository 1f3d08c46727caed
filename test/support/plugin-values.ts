/** Property values as they cross the provider protocol, without secrets: the engine takes those out and puts them back. */
export type Props = Record<string, unknown>;

/** In previews, a value that is not known yet. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export type Change = "add" | "delete" | "update";

/** Where two values differ, by path: `ports[0].external`. */
export function differences(before: unknown, after: unknown, path: string): [path: string, change: Change][] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [[path, "add"]];
  if (after === undefined) return [[path, "delete"]];
  if (!isTree(before) || !isTree(after) || Array.isArray(before) !== Array.isArray(after)) {
    return before === after ? [] : [[path, "update"]];
  }
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => differences(before[key], after[key], step(path, key, Array.isArray(before))));
}

/** The same without what is undefined, null or empty: as the engine's protocol and Docker's answers agree on it. */
export function withoutEmpty(props: Props): Props {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined && value !== null));
}

function isTree(value: unknown): value is Props {
  return typeof value === "object" && value !== null;
}

function step(path: string, key: string, inList: boolean): string {
  if (inList) return `${path}[${key}]`;
  return /^[\w-]+$/.test(key) ? `${path}.${key}` : `${path}["${key}"]`;
}
