import { openSqliteEventLog } from '@voltlog/event-log';
import { notificationV1 } from '@voltlog/proto';
import { openSqliteStore } from '@voltlog/store';
import { Receiver, type TestClock, until } from '@voltlog/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milestone, NotificationUnderTest, START } from './testing/harness.js';
import { MortalStore } from './testing/mortal-store.js';

describe('whatever happens when, each subscription is told once', () => {
  const scenario = fc.record({
    // Events by number, in any order and as often as the log likes, in batches.
    batches: fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
    // Writes after which each process in turn is killed.
    kills: fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 4 }),
    // Answers that the receiver gives first.
    answers: fc.array(fc.constantFrom(200, 500, 503), { maxLength: 4 }),
  });

  it('told at least once, under one id per event; twice on the wire only where a process died before it wrote down the answer', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ batches, kills, answers }) => {
        const disk = await openSqliteStore({ path: ':memory:' });
        const log = await openSqliteEventLog({ path: ':memory:' });
        const clock: TestClock = {
          ms: START,
          now() {
            return this.ms;
          },
        };
        const waiting = [...answers];
        const accepted: string[] = [];
        const receiver = await Receiver.start((response, { headers }) => {
          const status = waiting.shift() ?? 200;
          if (status === 200) accepted.push(String(headers['webhook-id']));
          response.writeHead(status).end();
        });
        const events = Array.from({ length: 4 }, (_, index) => milestone({ sessionId: `s-${index}` }));
        const all = [...new Set(batches.flat())];
        try {
          const first = await NotificationUnderTest.start({ log, store: disk, clock });
          const { id } = await first.subscribe({ target: receiver.url });
          await first.parts.stop();
          // A batch that was not handled is handed over again, to whoever lives; the last process is not killed.
          const queue = batches.map((batch) => batch.map((index) => events[index] ?? milestone()));
          for (const writes of [...kills, Number.POSITIVE_INFINITY]) {
            const mortal = new MortalStore(disk, writes);
            const service = await mortal.outcome(NotificationUnderTest.start({ log, store: mortal.store, clock }));
            if (service === undefined) continue;
            while (queue.length > 0 && !mortal.dead) {
              const handled = await mortal.outcome(service.tell(...(queue[0] ?? [])).then(() => true));
              if (handled) queue.shift();
              clock.ms += 1_000;
            }
            if (writes === Number.POSITIVE_INFINITY) await settled(service, id, all.length);
            mortal.dead = true;
            await service.parts.stop();
            clock.ms += 61_000;
          }
          expect(new Set(accepted).size).toBe(all.length);
          expect(accepted.length).toBeLessThanOrEqual(all.length + kills.length * all.length);
          if (kills.length === 0) expect(accepted).toHaveLength(all.length);
        } finally {
          await receiver.stop();
          await log.close();
          await disk.close();
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
  }, 120_000);
});

/** Lets time pass until every delivery is delivered. */
async function settled(service: NotificationUnderTest, subscriptionId: string, count: number): Promise<void> {
  await until(
    async () => {
      service.pass(30_000);
      const deliveries = await service.deliveriesOf(subscriptionId);
      return deliveries.length === count && deliveries.every(({ state }) => state === notificationV1.DeliveryState.DELIVERED);
    },
    `${count} deliveries`,
    20_000,
  );
}
