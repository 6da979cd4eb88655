import type { ServiceContext } from '@voltlog/service';
import { openSqliteStore, type Store } from '@voltlog/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '../problems/problem.js';
import { KeyCodeTries } from './key-code-tries.js';

const PLACE = { stationId: 'CP-1', evseId: 1 };
let store: Store;
const clock = { ms: 0 };
beforeEach(async () => {
  clock.ms = Date.parse('2026-11-23T10:00:00.000Z');
  store = await openSqliteStore({ path: ':memory:' });
});
afterEach(() => store.close());

/** One more instance of the gateway, or the same one after a restart. */
async function instance(): Promise<KeyCodeTries> {
  const tries = new KeyCodeTries({ store, clock: { now: () => clock.ms } } as unknown as ServiceContext);
  await tries.onModuleInit();
  return tries;
}

const outcome = (counted: Promise<void>): Promise<string> =>
  counted.then(
    () => 'counted',
    (error: unknown) => (error instanceof Problem ? String(error.status) : String(error)),
  );

describe('key codes that are tried', () => {
  it('are counted over all instances, and over a restart', async () => {
    const [one, other] = [await instance(), await instance()];
    const said = await Promise.all([one, other, one, other, one, other, one].map((tries) => outcome(tries.count('192.0.2.1', PLACE))));
    expect(said.filter((each) => each === 'counted')).toHaveLength(6);
    expect(said.filter((each) => each === '429')).toHaveLength(1);
    expect(await outcome((await instance()).count('192.0.2.1', PLACE))).toBe('429');
    expect(await outcome(other.count('192.0.2.2', PLACE))).toBe('counted');
    clock.ms += 30_000;
    expect(await outcome(other.count('192.0.2.1', PLACE))).toBe('counted');
    expect(await outcome(one.count('192.0.2.1', PLACE))).toBe('429');
  });

  it('are bounded at one EVSE, from wherever they come', async () => {
    const tries = await instance();
    for (let i = 0; i < 30; i += 1) expect(await outcome(tries.count(`192.0.2.${i}`, PLACE))).toBe('counted');
    expect(await outcome((await instance()).count('198.51.100.1', PLACE))).toBe('429');
    expect(await outcome(tries.count('198.51.100.2', { ...PLACE, evseId: 2 }))).toBe('counted');
  });
});
