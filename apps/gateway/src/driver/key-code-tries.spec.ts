import type { ServiceContext } from '@voltlog/service';
import { openSqliteStore, type Store } from '@voltlog/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '../problems/problem.js';
import { DriverLimits } from './driver-limits.js';
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
  const metrics = { counter: () => ({ value: 0 }) };
  const logger = { warn: () => undefined };
  const context = { store, metrics, logger, clock: { now: () => clock.ms } } as unknown as ServiceContext;
  const limits = new DriverLimits(context);
  await limits.onModuleInit();
  return new KeyCodeTries(limits, context);
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

  it('are bounded on the whole platform as long as they are wrong, from wherever and at whatever EVSE', async () => {
    const [one, other] = [await instance(), await instance()];
    const somewhere = (i: number) => ({ stationId: `CP-${i}`, evseId: 1 });
    for (let i = 0; i < 150; i += 1) {
      // Right ones cost nothing.
      expect(await outcome(other.count(`2001:dba:${i}::`, somewhere(i)).then(() => other.wasRight()))).toBe('counted');
      expect(await outcome(one.count(`2001:db8:${i}::`, somewhere(i)))).toBe('counted');
      expect(await outcome(other.count(`2001:db9:${i}::`, somewhere(i)))).toBe('counted');
    }
    expect(await outcome(other.count('198.51.100.1', somewhere(999)))).toBe('429');
    clock.ms += 1_000;
    expect(await outcome(one.count('198.51.100.2', somewhere(999)))).toBe('counted');
    expect(await outcome(one.count('198.51.100.3', somewhere(998)))).toBe('429');
  });
});
