import { describe, expect, it } from 'vitest';
import { clockBehind, OFFLINE_AFTER_MS, wasOffline } from './station-time.js';

const HOUR_MS = 3_600_000;
const receivedAtMs = Date.parse('2026-01-02T03:00:00.000Z');
const ago = (ms: number): string => new Date(receivedAtMs - ms).toISOString();
const clock = (connectedForMs: number, clockBehindMs = 0) => ({
  receivedAtMs,
  connectedAtMs: receivedAtMs - connectedForMs,
  clockBehindMs,
});

describe('a 1.6 message was kept by an offline station', () => {
  it.each([
    ['old, from before the station connected', OFFLINE_AFTER_MS + 1, clock(1_000), true],
    ['from before it connected, and not old', OFFLINE_AFTER_MS, clock(1_000), false],
    ['of the moment it connected, by a clock that is slow', HOUR_MS, clock(HOUR_MS), false],
    ['of just before that', HOUR_MS + 1, clock(HOUR_MS), true],
    ['by a clock that is known to be slow', HOUR_MS, clock(1_000, HOUR_MS), false],
    ['by such a clock, and old even so', HOUR_MS + OFFLINE_AFTER_MS + 1, clock(1_000, HOUR_MS), true],
    ['by a clock that is fast', -HOUR_MS, clock(1_000), false],
  ])('%s', (_, ageMs, known, offline) => {
    expect(wasOffline(ago(ageMs), known)).toBe(offline);
  });
});

describe('how far the clock of a station is behind', () => {
  it.each([
    ['is the age of a message from after it connected', HOUR_MS, clock(HOUR_MS), HOUR_MS],
    ['is not told by a message that may have been kept', HOUR_MS + 1, clock(HOUR_MS), 0],
    ['stays as it was known then', HOUR_MS, clock(1_000, HOUR_MS), HOUR_MS],
    ['is nothing once a message is young', OFFLINE_AFTER_MS, clock(HOUR_MS, HOUR_MS), 0],
    ['is nothing for a clock that is fast', -HOUR_MS, clock(1_000, HOUR_MS), 0],
  ])('%s', (_, ageMs, known, behindMs) => {
    expect(clockBehind(ago(ageMs), known)).toBe(behindMs);
  });
});
