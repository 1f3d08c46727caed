import type { WarmSource } from "../contract/warming.ts";

/** A source that can be read. */
export interface OpenSource {
  readonly url: string;
  /** Ends what was started for it. */
  stop(): Promise<void>;
}

/** The URL of the source; starts the demo database where that is the source. */
export async function openSource(
  source: WarmSource,
  options: { readonly signal?: AbortSignal | undefined; readonly progress?: ((line: string) => void) | undefined } = {},
): Promise<OpenSource> {
  if (source !== "demo") {
    return { url: source.url, stop: async () => undefined };
  }
  const { startDemoDatabase } = await import("./demo/index.ts");
  const { signal, progress } = options;
  return await startDemoDatabase({
    ...(signal !== undefined && { signal }),
    ...(progress !== undefined && { progress }),
  });
}
