import { describe, expect, it } from 'vitest';
import { OFFLINE_AFTER_MS, wasOffline } from './station-time.js';

const received = Date.parse('2026-01-02T03:00:00.000Z');
const ago = (ms: number): string => new Date(received - ms).toISOString();

describe('a 1.6 message was kept by an offline station', () => {
  it.each([
    ['old, from before the station connected', OFFLINE_AFTER_MS + 1, 1_000, true],
    ['from before it connected, and not old', OFFLINE_AFTER_MS, 1_000, false],
    ['of the moment it connected, by a clock that is slow', 3_600_000, 3_600_000, false],
    ['of just before that', 3_600_001, 3_600_000, true],
    ['of a clock that is fast', -3_600_000, 1_000, false],
  ])('%s', (_, ageMs, connectedForMs, offline) => {
    expect(wasOffline(ago(ageMs), { receivedAtMs: received, connectedAtMs: received - connectedForMs })).toBe(offline);
  });
});
