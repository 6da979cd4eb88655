import { openSqliteEventLog } from '@voltlog/event-log';
import { openSqliteStore } from '@voltlog/store';
import { Receiver, type TestClock, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALIVE_MS } from './deliveries/senders.js';
import { deliveryIdOf } from './store/ids.js';
import { milestone, NotificationUnderTest, START } from './testing/harness.js';
import { MortalStore } from './testing/mortal-store.js';

describe('what a process was sending when it died', () => {
  let shared: { log: Awaited<ReturnType<typeof openSqliteEventLog>>; clock: TestClock };
  let disk: Awaited<ReturnType<typeof openSqliteStore>>;
  let receiver: Receiver;
  let mortal: MortalStore;
  let first: NotificationUnderTest;
  let second: NotificationUnderTest;
  let deliveryId: string;
  const hanging: (() => void)[] = [];

  beforeEach(async () => {
    disk = await openSqliteStore({ path: ':memory:' });
    const clock = {
      ms: START,
      now() {
        return this.ms;
      },
    };
    shared = { log: await openSqliteEventLog({ path: ':memory:' }), clock };
    receiver = await Receiver.start((response) => void hanging.push(() => response.writeHead(204).end()));
    mortal = new MortalStore(disk, Number.POSITIVE_INFINITY);
    first = await NotificationUnderTest.start({ ...shared, store: mortal.store });
    const { id } = await first.subscribe({ target: receiver.url });
    const event = milestone();
    deliveryId = deliveryIdOf(id, { notificationId: event.id, recordedAt: event.time });
    await first.tell(event);
    await until(() => receiver.received.length === 1, 'the first attempt');
    second = await NotificationUnderTest.start({ ...shared, store: disk });
    receiver.answer = (response) => response.writeHead(204).end();
  });
  afterEach(async () => {
    for (const release of hanging.splice(0)) release();
    mortal.dead = true;
    await first.parts.stop();
    await second.parts.stop();
    await receiver.stop();
    await shared.log.close();
    await disk.close();
  });

  const becomes = (kind: string): Promise<void> =>
    until(async () => (await second.parts.deliveries.load(deliveryId)).kind === kind, `the delivery is ${kind}`);

  it('is told by another as soon as it is known to be dead, under the same id', async () => {
    mortal.dead = true;
    second.pass(ALIVE_MS);
    await becomes('Delivered');
    expect(receiver.received).toHaveLength(2);
    expect(new Set(receiver.webhookIds).size).toBe(1);
  });

  it('is left to it as long as it lives, however slow the receiver is', async () => {
    for (let ms = 0; ms < 3 * ALIVE_MS; ms += 1_500) {
      await first.parts.senders.renew();
      second.pass(1_500);
      await until(async () => {
        const due = await disk.timers.claim({
          kind: 'NotificationDelivery',
          now: new Date(shared.clock.ms).toISOString(),
          leaseMs: 0,
          limit: 1,
        });
        return due.length === 0;
      }, 'the timer is looked at');
    }
    expect(receiver.received).toHaveLength(1);
    await becomes('Pending');
    for (const release of hanging.splice(0)) release();
    await becomes('Delivered');
    expect(receiver.received).toHaveLength(1);
  });
});
