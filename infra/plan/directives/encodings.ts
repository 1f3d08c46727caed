import type { Directives, VersionRange } from "../../../contract/nodes.ts";
import type { encodingDefaults } from "../defaults.ts";

/** The names of Redis 6, which later versions keep as aliases. */
export const oldNames: Readonly<Record<string, VersionRange>> = {
  "hash-max-ziplist-entries": { until: "6.2" },
  "hash-max-ziplist-value": { until: "6.2" },
  "list-max-ziplist-size": { until: "6.2" },
  "zset-max-ziplist-entries": { until: "6.2" },
  "zset-max-ziplist-value": { until: "6.2" },
};

/** Limits of the compact encodings, by the names of Redis 7 and by those of Redis 6: a server is given those it has. */
export function encodingDirectives(limits: typeof encodingDefaults): Directives {
  const directives = Object.entries(limits).flatMap(([argument, limit]) => {
    const name = argument.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const old = name.replace("listpack", "ziplist");
    const names = old !== name && old in oldNames ? [name, old] : [name];
    return names.map((one) => [one, `${limit}`]);
  });
  return Object.fromEntries(directives);
}
