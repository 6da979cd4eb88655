import { BoundedMap } from '../bounded-map.js';
import { Problem } from '../problems/problem.js';

/** Buckets kept at once; the one unused for longest goes first and starts full again. */
const BUCKETS_MAX = 10_000;

/** So many at once, and so many more each second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface Bucket {
  readonly tokens: number;
  /** ms */
  readonly at: number;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Seconds until the next request is allowed, or until the bucket is full. */
  readonly resetSeconds: number;
}

/** Takes one out of a bucket, which fills again with time; one that was not there is full. */
export function takeFrom(bucket: Bucket | undefined, now: number, rate: Rate): { bucket: Bucket; verdict: Verdict } {
  const { burst, perSecond } = rate;
  const filled = bucket === undefined ? burst : filledAt(bucket, now, rate);
  const allowed = filled >= 1;
  const tokens = allowed ? filled - 1 : filled;
  const missing = allowed ? burst - tokens : 1 - tokens;
  const verdict = { allowed, remaining: Math.floor(tokens), resetSeconds: Math.max(1, Math.ceil(missing / perSecond)) };
  return { bucket: { tokens, at: now }, verdict };
}

export const tooMany = (seconds: number): Problem =>
  new Problem(429, 'rate-limited', `Too many requests; try again in ${seconds} s.`, { headers: { 'retry-after': String(seconds) } });

/** Puts one back that was taken. */
export const giveBackTo = (bucket: Bucket, now: number, rate: Rate): Bucket => ({
  tokens: Math.min(rate.burst, filledAt(bucket, now, rate) + 1),
  at: now,
});

const filledAt = ({ tokens, at }: Bucket, now: number, { burst, perSecond }: Rate): number =>
  Math.min(burst, tokens + ((now - at) / 1000) * perSecond);

/** A token bucket per caller, in the memory of this process. */
export class RateLimit {
  private readonly buckets = new BoundedMap<Bucket>(BUCKETS_MAX);
  private readonly rate: Rate;

  constructor(burst: number, perSecond: number) {
    this.rate = { burst, perSecond };
  }

  /** Value of the `RateLimit-Policy` header. Source: draft-ietf-httpapi-ratelimit-headers-10 §3. */
  get policy(): string {
    const { burst, perSecond } = this.rate;
    return `"default";q=${burst};w=${Math.ceil(burst / perSecond)}`;
  }

  /** @param now milliseconds */
  take(caller: string, now: number): Verdict {
    const { bucket, verdict } = takeFrom(this.buckets.get(caller), now, this.rate);
    this.buckets.set(caller, bucket);
    return verdict;
  }
}
