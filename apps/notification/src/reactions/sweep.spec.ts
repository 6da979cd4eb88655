import { isoTime } from '@voltlog/kernel';
import { openTestContext } from '@voltlog/testing';
import { expect, it } from 'vitest';
import { notificationConfig } from '../config.js';
import { createNotification } from '../notification.js';
import { SWEEP } from './sweep.js';

it('sweeps an hour after the first start, however often the service is started anew', async () => {
  const context = await openTestContext('notification');
  const startAndStop = async () => {
    const { sweep } = await createNotification(context, notificationConfig.parse({}), {});
    await sweep.start();
    await sweep.stop();
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
