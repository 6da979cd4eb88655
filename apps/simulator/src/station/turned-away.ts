import type { StationEvent } from './station-options.js';

/** A CSMS answered, and does not let the station in. */
export class NotLetIn extends Error {
  override readonly name = 'NotLetIn';
  /** @param status HTTP status of the answer */
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

/** So long a station is refused before nothing else is expected, real ms: what was registered a moment ago may not be known everywhere yet. */
export const HOPELESS_MS = 3_000;

const HINTS: Readonly<Record<number, string>> = {
  400: 'is the address right?',
  401: 'is the password right?',
  403: 'may it connect in this way, and is its certificate right?',
  404: 'is it registered there, and is the address right?',
};

/** True for an answer that stays the same however often it is asked for; a CSMS that is busy or starting says 408, 425, 429 or 5xx. */
export const isFinal = (status: number): boolean => status < 500 && ![408, 425, 429].includes(status);

export const refusalWords = (status: number): string => {
  const hint = HINTS[status];
  return `HTTP ${status}${hint === undefined ? '' : `: ${hint}`}`;
};

/** Finds out, by what a station tells, that it will not be let in however often it tries. */
export class TurnedAway {
  private sinceMs: number | undefined;

  constructor(private readonly hopelessMs = HOPELESS_MS) {}

  /** @returns why it is hopeless, in words; undefined: it is not */
  observe(event: StationEvent): string | undefined {
    switch (event.type) {
      case 'refused':
      case 'disconnected': {
        const { status } = event;
        if (status === undefined || !isFinal(status)) {
          this.sinceMs = undefined;
          return undefined;
        }
        this.sinceMs ??= performance.now();
        return performance.now() - this.sinceMs >= this.hopelessMs ? refusalWords(status) : undefined;
      }
      case 'frame':
        if (event.direction === 'in') this.sinceMs = undefined;
        return undefined;
      default:
        return undefined;
    }
  }
}
