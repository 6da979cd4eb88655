import { useCallback, useEffect, useState } from 'react';
import { ApiError, driverApi } from './client.js';
import type { Charge } from './types.js';

/** Milliseconds without a sign of life after which the line counts as lost; the gateway gives one every 15 s. */
const SILENCE_MS = 40_000;
const RETRY_MS = 4_000;

export interface LiveCharge {
  readonly charge: Charge | undefined;
  /** When it was heard of, ms of this device's clock. */
  readonly heardAt: number;
  readonly line: 'connecting' | 'live' | 'lost';
  readonly error: ApiError | undefined;
  /** Takes what a write answered, before the stream tells. */
  take(charge: Charge): void;
}

/** A charge as it is now: read once, then told by the stream, which the browser opens again by itself. */
export function useCharge(key: string): LiveCharge {
  const [charge, setCharge] = useState<Charge>();
  const [heardAt, setHeardAt] = useState(0);
  const [line, setLine] = useState<LiveCharge['line']>('connecting');
  const [error, setError] = useState<ApiError>();
  const take = useCallback((told: Charge): void => {
    setCharge((known) => (known !== undefined && known.asOf > told.asOf ? known : told));
    setHeardAt(Date.now());
    setError(undefined);
  }, []);
  useEffect(() => {
    let source: EventSource | undefined;
    let silence: number | undefined;
    let retry: number | undefined;
    const alive = (): void => {
      clearTimeout(silence);
      setLine('live');
      silence = window.setTimeout(open, SILENCE_MS);
    };
    const open = (): void => {
      clearTimeout(retry);
      source?.close();
      source = new EventSource(driverApi.eventsUrl(key));
      source.addEventListener('charge', (event: MessageEvent<string>) => {
        take(JSON.parse(event.data) as Charge);
        alive();
      });
      source.addEventListener('beat', alive);
      source.addEventListener('error', () => {
        setLine('lost');
        // The browser gives up where the answer was no stream, e.g. while the gateway restarts.
        if (source?.readyState === EventSource.CLOSED) retry = window.setTimeout(open, RETRY_MS);
      });
    };
    const read = async (): Promise<void> => {
      try {
        take(await driverApi.charge(key));
        open();
      } catch (caught) {
        const problem = caught instanceof ApiError ? caught : new ApiError(0, 'unreachable');
        setError(problem);
        if (problem.status !== 404) retry = window.setTimeout(() => void read(), Math.max(RETRY_MS, problem.retryAfterSeconds * 1_000));
      }
    };
    void read();
    const woken = (): void => {
      if (document.visibilityState === 'visible' && source?.readyState !== EventSource.OPEN) void read();
    };
    const cutOff = (): void => setLine('lost');
    const back = (): void => void read();
    document.addEventListener('visibilitychange', woken);
    window.addEventListener('offline', cutOff);
    window.addEventListener('online', back);
    return () => {
      source?.close();
      clearTimeout(silence);
      clearTimeout(retry);
      document.removeEventListener('visibilitychange', woken);
      window.removeEventListener('offline', cutOff);
      window.removeEventListener('online', back);
    };
  }, [key, take]);
  return { charge, heardAt, line, error, take };
}
