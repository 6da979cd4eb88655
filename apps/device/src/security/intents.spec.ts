import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DONE, type IntentHandler, Intents, type Step } from './intents.js';

const INTENT = { id: 'roots:CP-1', stationId: 'CP-1', kind: 'Roots', data: { n: 1 } } as const;
const DAY_MS = 86_400_000;
let context: TestContext;
/** Works on intents. */
let one: Intents;
/** Another instance, which only keeps them. */
let other: Intents;
let attempts: number;

beforeEach(async () => {
  context = await openTestContext('device');
  [one, other] = [await Intents.open(context, 10), await Intents.open(context, 10)];
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
  await one.keep(INTENT, DAY_MS);
  await one.go(INTENT.id);
  await until(() => attempts === 2, 'a second attempt');
});

it('that is kept by nobody else is worked on once, and gone', async () => {
  worksBy(async (_intent, note) => {
    attempts += 1;
    await note({ n: 2 });
    return DONE;
  });
  await one.keep(INTENT, DAY_MS);
  await one.go(INTENT.id);
  await until(() => attempts === 1, 'an attempt');
  await one.stop();
  // Were it there still, it would be a newer version of that one.
  expect(await other.keep(INTENT, DAY_MS)).toMatchObject({ version: 1 });
});
