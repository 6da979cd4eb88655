import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Json } from './client.js';
import { CliError, EXIT } from './errors.js';
import { AWAY_MAX, followed } from './follow.js';
import { Output } from './output.js';

const away = new CliError(EXIT.unavailable, 'it does not answer');
const RUNNING = { state: 'Running' };
const ENDED = { state: 'Ended' };

/** Follows something that is read as told, one after the other; the last one stays. */
async function follow(...told: readonly (Json | Error)[]): Promise<{ end: unknown; said: string }> {
  let said = '';
  const answers = [...told];
  const client = {
    get: (): Promise<Json> => {
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const take = { write: (text: string) => (said += text), isTTY: true };
  const following = followed(client, new Output('table', take, take), RUNNING, {
    path: '/v1/jobs/j-1',
    resting: new Set(['Ended']),
    progress: ({ state }) => `it is ${String(state)}`,
  }).catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  return { end: await following, said };
}

describe('what is followed', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is read until it rests', async () => {
    expect(await follow(RUNNING, RUNNING, ENDED)).toEqual({ end: ENDED, said: expect.stringContaining('it is Running') });
  });

  it('is followed on when the API was started anew meanwhile', async () => {
    const { end, said } = await follow(away, away, RUNNING, away, ENDED);
    expect(end).toBe(ENDED);
    expect(said).toContain('the API is away');
  });

  it('is given up when the API does not come back, and not before', async () => {
    const once = (times: number) => Array.from({ length: times }, () => away);
    expect((await follow(...once(AWAY_MAX - 1), ENDED)).end).toBe(ENDED);
    expect((await follow(...once(AWAY_MAX), ENDED)).end).toBe(away);
  });

  it('ends at once when the API says no', async () => {
    const refused = new CliError(EXIT.access, 'the key was revoked');
    expect((await follow(RUNNING, refused, ENDED)).end).toBe(refused);
  });
});
