import { LIMITS } from './limits.js';

/** Token bucket of one station: two numbers. */
export interface CallRate {
  tokens: number;
  atMs: number;
}

export interface CallRateLimits {
  readonly callsPerSecond: number;
  readonly callsBurst: number;
}

/** A full bucket. */
export function callRate(nowMs: number, limits: CallRateLimits = LIMITS): CallRate {
  return { tokens: limits.callsBurst, atMs: nowMs };
}

/**
 * Counts one CALL of a station.
 *
 * @returns milliseconds to wait before the next call is read, 0 while within the rate. The call itself is always taken: a station over
 *   its rate is slowed down by not reading its socket, nothing it sent is dropped.
 */
export function takeCall(rate: CallRate, nowMs: number, limits: CallRateLimits = LIMITS): number {
  const elapsedMs = nowMs > rate.atMs ? nowMs - rate.atMs : 0;
  rate.tokens = Math.min(limits.callsBurst, rate.tokens + (elapsedMs * limits.callsPerSecond) / 1000) - 1;
  rate.atMs = nowMs;
  return rate.tokens >= 0 ? 0 : Math.ceil((-rate.tokens * 1000) / limits.callsPerSecond);
}
