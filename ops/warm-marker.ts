import type { Cluster, Redis } from "ioredis";
import { keysOnPrimaries } from "../warmer/primary-keys.ts";

/**
 * Markers: one key on every primary, without expiry, that holds the id of the run that warmed it. A
 * primary that was flushed, or replaced by an empty one, has lost its marker together with its data.
 */
export type Markers = readonly string[];

const prefix = "hearth:warm:";

/** Where the markers of this cache belong now. */
export async function markerKeys(client: Redis | Cluster, name: string): Promise<Markers> {
  return await keysOnPrimaries(client, prefix, name);
}

/** Writes this run's id on every primary; returns the keys, to be looked for later. */
export async function writeMarkers(client: Redis | Cluster, name: string, runId: string): Promise<Markers> {
  const keys = await markerKeys(client, name);
  await Promise.all(keys.map((key) => client.set(key, runId)));
  return keys;
}

/** What is wrong with the markers; undefined when each holds this run's id. */
export async function missingMarker(
  client: Redis | Cluster,
  markers: Markers,
  runId: string,
): Promise<string | undefined> {
  const values = await Promise.all(markers.map((key) => client.get(key)));
  if (values.includes(null)) {
    return "cache lost its data";
  }
  return values.every((value) => value === runId) ? undefined : "cache was warmed by somebody else";
}

/** Removes the markers of this run; those of a later one stay. */
export async function removeMarkers(client: Redis | Cluster, markers: Markers, runId: string): Promise<void> {
  await Promise.all(
    markers.map(async (key) => {
      if ((await client.get(key)) === runId) {
        await client.del(key);
      }
    }),
  );
}
