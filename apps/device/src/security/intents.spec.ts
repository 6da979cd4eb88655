import type { Collection } from '@voltlog/store';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DONE, type Intent, type IntentHandler, Intents, intentSchema, type Step } from './intents.js';

const INTENT = { id: 'roots:CP-1', stationId: 'CP-1', kind: 'Roots', data: { n: 1 } } as const;
const DAY_MS = 86_400_000;
let context: TestContext;
/** Works on intents. */
let one: Intents;
/** Another instance, which only keeps them. */
let other: Intents;
let kept: Collection<Intent>;
let attempts: number;

beforeEach(async () => {
  context = await openTestContext('device');
  [one, other] = [await Intents.open(context, 10), await Intents.open(context, 10)];
  kept = await context.store.collection<Intent>('security_intents', intentSchema);
  attempts = 0;
});
afterEach(async () => {
  await one.stop();
  await context.close();
});

const worksBy = (attempt: IntentHandler<unknown>['attempt']): void => {
  one.handle('Roots', { attempt, expired: async () => DONE });
  one.start();
};

it.each<[string, (note: (data: unknown) => Promise<void>) => Promise<Step<unknown>>]>([
  ['was just done', async () => DONE],
  ['was noted and done', async (note) => note({ n: 2 }).then(() => DONE)],
  ['waits for its next try', async () => ({ again: DAY_MS / 2 })],
])('is worked on again when another instance keeps it while it %s', async (_, step) => {
  worksBy(async (_intent, note) => {
    attempts += 1;
    if (attempts > 1) return DONE;
    await other.keep(INTENT, DAY_MS);
    return step(note);
  });
  await one.begin(INTENT, DAY_MS);
  await until(() => attempts === 2, 'a second attempt');
});

it('that is kept by nobody else is worked on once, and gone', async () => {
  worksBy(async (_intent, note) => {
    attempts += 1;
    await note({ n: 2 });
    return DONE;
  });
  await one.begin(INTENT, DAY_MS);
  await until(async () => (await kept.count()) === 0, 'it to be gone');
  expect(attempts).toBe(1);
});

it('is worked on when its cause is committed, also when it was found to be about nothing before', async () => {
  worksBy(async () => {
    attempts += 1;
    return DONE;
  });
  const intent = await other.keep(INTENT, DAY_MS);
  await one.hurry([INTENT.stationId]);
  await until(async () => (await kept.count()) === 0, 'it to be gone');
  await other.go(intent);
  await until(() => attempts === 2, 'a second attempt');
});

it.each<[string, (note: (data: unknown) => Promise<void>) => Promise<Step<unknown>>]>([
  ['is done', async () => DONE],
  ['notes something', async (note) => note({ n: 7 }).then(() => DONE)],
  ['waits for its next try', async () => ({ again: DAY_MS / 2, data: { n: 7 } })],
])('that was done and kept anew meanwhile is left as it is by one whose work took too long, and %s', async (_, step) => {
  const seen: unknown[] = [];
  worksBy(async ({ data }, note) => {
    seen.push(data);
    if (seen.length > 1) return DONE;
    await kept.delete([INTENT.id]);
    context.clock.ms += 1;
    await other.begin({ ...INTENT, data: { n: 3 } }, DAY_MS);
    return step(note);
  });
  await one.begin(INTENT, DAY_MS);
  await until(() => seen.length === 2, 'a second attempt');
  expect(seen).toEqual([{ n: 1 }, { n: 3 }]);
});
