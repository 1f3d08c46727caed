import { differences, type Props } from "../plugin-values.ts";
import type { Difference } from "../provider-plugin.ts";
import { type Kind, updatable } from "./shapes.ts";

/** What an update would change: what the state holds of the inputs, as Docker told it last, against the new inputs. */
export function difference(kind: Kind, state: Props, oldInputs: Props, news: Props): Difference[] {
  const keys = [...new Set([...Object.keys(oldInputs), ...Object.keys(news), ...readBack[kind]])];
  return keys
    .filter((key) => !key.startsWith("__"))
    .flatMap((key) => {
      const before = key in oldInputs || readBack[kind].includes(key) ? (state[key] ?? oldInputs[key]) : undefined;
      const replaces = !updatable[kind].includes(key);
      return differences(...compared(kind, key, before, news[key], oldInputs[key]), key).map(([path, change]) => ({
        path,
        change,
        replaces,
      }));
    });
}

/**
 * Properties whose value in Docker counts even where none was asked for, since the official provider's schema has them
 * neither computed nor with that default: a stopped container that must run, and Docker's twice-the-memory of swap.
 */
const readBack: Record<Kind, readonly string[]> = {
  network: [],
  volume: [],
  remoteImage: [],
  container: ["mustRun", "memorySwap"],
};

function compared(
  kind: Kind,
  key: string,
  before: unknown,
  after: unknown,
  asked: unknown,
): [before: unknown, after: unknown] {
  if (kind === "network" && key === "ipamConfigs") return [asked, after]; // Docker adds a gateway
  if (kind !== "container") return [before, after];
  if (key === "mustRun") return [before ?? true, after ?? true];
  if (key === "memorySwap" && after === undefined) return [before === 0 ? undefined : before, after];
  if (key === "ports" && Array.isArray(before) && Array.isArray(after)) {
    // A port that Docker was to choose is no change.
    return [before.map((port, index) => (after[index]?.external === undefined ? without(port) : port)), after];
  }
  return [before, after];
}

function without(port: Props): Props {
  const { external: _, ...rest } = port;
  return rest;
}
