import { BoundedMap } from '../bounded-map.js';

/** Buckets kept at once; the one unused for longest goes first and starts full again. */
const BUCKETS_MAX = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Seconds until the next request is allowed, or until the bucket is full. */
  readonly resetSeconds: number;
}

/** A token bucket per caller. */
export class RateLimit {
  private readonly buckets = new BoundedMap<Bucket>(BUCKETS_MAX);

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
  ) {}

  /** Value of the `RateLimit-Policy` header. Source: draft-ietf-httpapi-ratelimit-headers-10 §3. */
  get policy(): string {
    return `"default";q=${this.burst};w=${Math.ceil(this.burst / this.perSecond)}`;
  }

  /** @param now milliseconds */
  take(caller: string, now: number): Verdict {
    let bucket = this.buckets.get(caller);
    if (bucket === undefined) {
      bucket = { tokens: this.burst, at: now };
      this.buckets.set(caller, bucket);
    }
    bucket.tokens = Math.min(this.burst, bucket.tokens + ((now - bucket.at) / 1000) * this.perSecond);
    bucket.at = now;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    const missing = allowed ? this.burst - bucket.tokens : 1 - bucket.tokens;
    return { allowed, remaining: Math.floor(bucket.tokens), resetSeconds: Math.max(1, Math.ceil(missing / this.perSecond)) };
  }
}
