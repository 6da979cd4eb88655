import { OperatingError } from '@voltlog/kernel';
import { type LogRecord, POISON_ATTEMPTS } from './event-log.js';

/** First and longest wait between tries, milliseconds: soon enough after a blip, easy on a peer that is down for long. */
export const RETRY_FIRST_MS = 50;
export const RETRY_MAX_MS = 5_000;

export interface Delivery<Record extends LogRecord = LogRecord> {
  handle(batch: readonly Record[]): Promise<void>;
  /** Puts one record on its dead-letter topic; tried until it works. */
  deadLetter(record: Record, cause: unknown): Promise<void>;
  /** Waits, or returns earlier when the consumer stops. */
  pause(ms: number): Promise<void>;
  /** True once the consumer stops or no longer owns what it handles: no further try is made. */
  gone(): boolean;
  /** Told of each failed try. */
  onRetry?(error: unknown, records: number, waitMs: number): void;
}

/**
 * Hands a batch over until all of it is handled or on the dead-letter topic. The rules are those of `SubscribeOptions.handle`.
 *
 * @returns false when the consumer went away first: nothing of the batch may be committed
 */
export async function deliver<Record extends LogRecord>(batch: readonly Record[], to: Delivery<Record>): Promise<boolean> {
  let outages = 0;
  let failures = 0;
  for (;;) {
    if (to.gone()) return false;
    try {
      await to.handle(batch);
      return true;
    } catch (error) {
      const [record] = batch;
      if (error instanceof OperatingError) {
        outages += 1;
        await pauseAfter(error, outages, batch.length, to);
      } else if (batch.length > 1) {
        const middle = batch.length >> 1;
        return (await deliver(batch.slice(0, middle), to)) && (await deliver(batch.slice(middle), to));
      } else if (record !== undefined) {
        failures += 1;
        if (failures >= POISON_ATTEMPTS) return bury(record, error, to);
        await pauseAfter(error, failures, 1, to);
      }
    }
  }
}

async function bury<Record extends LogRecord>(record: Record, cause: unknown, to: Delivery<Record>): Promise<boolean> {
  for (let outages = 1; !to.gone(); outages += 1) {
    try {
      await to.deadLetter(record, cause);
      return true;
    } catch (error) {
      await pauseAfter(error, outages, 1, to);
    }
  }
  return false;
}

function pauseAfter(error: unknown, failures: number, records: number, to: Pick<Delivery, 'pause' | 'onRetry'>): Promise<void> {
  const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 10));
  to.onRetry?.(error, records, waitMs);
  return to.pause(waitMs);
}

/** What a dead letter says about why: the error's name and message and those of its causes, at most 1 kB. */
export function causeText(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 5; at = at instanceof Error ? at.cause : undefined) {
    parts.push(at instanceof Error ? `${at.name}: ${at.message}` : String(at));
  }
  return parts.join(' <- ').slice(0, 1024);
}
