/**
 * Seconds between the tries of one delivery: eight tries in about 28 hours.
 *
 * Source: Standard Webhooks, "Deliverability and reliability": retries with exponential backoff over at least a day; its example is
 * at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and so on.
 */
export const RETRY_SECONDS: readonly number[] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/** A tenth to either side: receivers that were down for all at once are not hit by all at once. */
const JITTER = 0.1;
/** A receiver may ask for patience, but not for being forgotten. */
const RETRY_AFTER_MS_MAX = 86_400_000;

/**
 * Milliseconds until the next try, or nothing when this was the last.
 *
 * @param failures tries that failed so far, from 1
 * @param chance 0 to 1
 * @param retryAfterMs what the receiver asked for (`Retry-After`), at most a day
 */
export function retryDelayMs(
  failures: number,
  chance: number,
  schedule: readonly number[] = RETRY_SECONDS,
  retryAfterMs = 0,
): number | undefined {
  const seconds = schedule[failures - 1];
  if (seconds === undefined) return undefined;
  const spread = Math.round(seconds * 1_000 * (1 + JITTER * (2 * chance - 1)));
  return Math.max(spread, Math.min(retryAfterMs, RETRY_AFTER_MS_MAX));
}
