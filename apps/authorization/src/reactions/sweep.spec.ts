import { isoTime } from '@voltlog/kernel';
import { openTestContext } from '@voltlog/testing';
import { expect, it } from 'vitest';
import { createAuthorization } from '../authorization.js';
import { authorizationConfig } from '../config.js';
import { TOPICS } from '../testing/facts.js';
import { SWEEP } from './names.js';

it('sweeps an hour after the first start, however often the service is started anew', async () => {
  const context = await openTestContext('authorization');
  await context.log.ensureTopics(TOPICS);
  const startAndStop = async () => {
    const service = await createAuthorization(context, authorizationConfig.parse({}));
    await service.sweep.start();
    await service.sweep.stop();
  };
  const due = async () => {
    const now = isoTime(context.clock.now());
    return (await context.store.timers.claim({ kind: SWEEP, now, leaseMs: 1, limit: 10 })).length;
  };
  await startAndStop();
  context.clock.ms += 40 * 60_000;
  await startAndStop();
  expect(await due()).toBe(0);
  context.clock.ms += 20 * 60_000;
  expect(await due()).toBe(1);
  await context.close();
});
