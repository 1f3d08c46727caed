const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The result of `work`, or an error where it has none in time: a network can swallow an answer without a word.
 * @param who for the message: `PostgreSQL host:port/database`
 * @param signal ends the wait earlier, with its reason
 * @param onLate called before the error is thrown, to end what is waited for
 */
export async function answerWithin<T>(
  work: Promise<T>,
  milliseconds: number,
  who: string,
  signal: AbortSignal | undefined,
  onLate: (reason: Error) => void,
): Promise<T> {
  const stop = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const give = (reason: Error): void => {
      onLate(reason);
      reject(reason);
    };
    const seconds = Math.round(milliseconds / 1000);
    const timer = setTimeout(
      () => give(new Error(`${who} has not answered for ${seconds} s`)),
      Math.min(milliseconds, LONGEST_TIMER_MS),
    );
    stop.signal.addEventListener("abort", () => clearTimeout(timer));
    const onAbort = (): void =>
      give(signal?.reason instanceof Error ? signal.reason : new Error(String(signal?.reason)));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true, signal: stop.signal });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
