import { openSqliteEventLog } from '@voltlog/event-log';
import { notificationOf } from '@voltlog/notification-domain';
import { notificationV1 } from '@voltlog/proto';
import { openSqliteStore } from '@voltlog/store';
import { PushBrowser, Receiver, type TestClock, until } from '@voltlog/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { deliveryIdOf } from './store/ids.js';
import { milestone, NotificationUnderTest, START } from './testing/harness.js';
import { MortalStore } from './testing/mortal-store.js';

const { PENDING, DROPPED } = notificationV1.DeliveryState;
const { EMAIL, WEB_PUSH } = notificationV1.Channel;
const NIGHT = { from: '19:00', until: '07:00', timeZone: 'Europe/Berlin' };
const MORNING = '2026-11-25T06:00:00.000Z';
const HOUR_MS = 3_600_000;

const services: NotificationUnderTest[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});
async function start(): Promise<NotificationUnderTest> {
  const service = await NotificationUnderTest.start();
  services.push(service);
  return service;
}
const emailsOf = async ({ grpc }: NotificationUnderTest) =>
  (await grpc.listOutboxEmails(notificationV1.ListOutboxEmailsRequest.fromPartial({ pageSize: 200 }))).emails;
const anna = { channel: EMAIL, target: 'anna@example.org', language: 'de', timeZone: 'Europe/Berlin', quietHours: NIGHT };
const settled = (service: NotificationUnderTest, id: string) =>
  until(async () => {
    const deliveries = await service.deliveriesOf(id);
    return deliveries.length > 0 && deliveries.every(({ state }) => state !== PENDING);
  }, 'nothing waits');

describe('what waited for the end of quiet hours', () => {
  it('comes as one e-mail in the language of its reader; what is urgent, and what comes in the day, by itself', async () => {
    const service = await start();
    const { id } = await service.subscribe({ ...anna, filter: { idToken: 'TAG' } });
    const hers = (data: object = {}, change: object = {}) => milestone({ idToken: { idToken: 'TAG', type: 'Local' }, ...data }, change);
    await service.tell(hers(), hers({ milestone: 'Faulted' }));
    await service.tell(hers({ milestone: 'ChargingEnded', energyWh: 12_300, cost: { amount: '6.10', currency: 'EUR' } }));
    await service.tell(hers({ milestone: 'ChargingStarted', sessionId: 's-2', stationId: 'CP-2' }));
    await until(async () => (await emailsOf(service)).length === 1, 'the fault is told');
    service.pass(12 * HOUR_MS - 1);
    expect((await service.delivery(id, PENDING)).nextAttemptAt).toBe(MORNING);
    service.pass(1);
    await settled(service, id);
    await service.tell(hers({ milestone: 'SessionEnded' }, { time: MORNING }));
    await until(async () => (await emailsOf(service)).length === 3, 'what comes by day is told');
    const emails = await emailsOf(service);
    const digest = emails.find(({ subject }) => subject.includes('Ruhezeit'));
    expect(digest).toMatchObject({ to: 'anna@example.org', subject: '3 Nachrichten aus Ihrer Ruhezeit', language: 'de' });
    const said = ['Laden gestartet', 'Laden beendet', 'CP-2', '12,30 kWh', '6,10'];
    for (const words of said) expect([digest?.text.includes(words), digest?.html.includes(words)], words).toEqual([true, true]);
    expect(digest?.html.match(/<h2 /g)).toHaveLength(3);
    expect((await service.deliveriesOf(id)).filter(({ state }) => state === DROPPED)).toHaveLength(3);
  });

  it('comes as it is when it was one thing alone', async () => {
    const service = await start();
    const { id } = await service.subscribe(anna);
    await service.tell(milestone());
    service.pass(12 * HOUR_MS);
    await settled(service, id);
    expect((await emailsOf(service)).map(({ subject }) => subject)).toEqual(['Laden gestartet · CP-1']);
  });

  it('comes as one push, and to a program one by one, each under its own id', async () => {
    const service = await start();
    const pushes = await Receiver.start((response) => response.writeHead(201).end());
    const hooks = await Receiver.start();
    const browser = new PushBrowser();
    try {
      const push = { channel: WEB_PUSH, target: pushes.url, pushKeys: browser.keys, language: 'en', quietHours: NIGHT };
      const { id } = await service.subscribe(push);
      const { id: program } = await service.subscribe({ target: hooks.url, quietHours: NIGHT });
      for (const kind of ['ChargingStarted', 'BatteryFull', 'ChargingEnded']) await service.tell(milestone({ milestone: kind }));
      service.pass(12 * HOUR_MS);
      await settled(service, id);
      await settled(service, program);
      expect(pushes.received).toHaveLength(1);
      expect(JSON.parse(browser.decrypt(pushes.received[0]?.body ?? Buffer.alloc(0)))).toMatchObject({
        title: '3 messages from your quiet hours',
        body: 'Charging started · CP-1\nBattery full · CP-1\nCharging ended · CP-1',
        url: '/c/CP-1*1',
      });
      expect(new Set(hooks.received.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
    } finally {
      await pushes.stop();
      await hooks.stop();
    }
  });

  it('is as many e-mails as are needed when it is very much', async () => {
    const service = await start();
    await service.subscribe(anna);
    const events = Array.from({ length: 230 }, (_, index) => milestone({ sessionId: `s-${index}` }));
    for (const batch of [events.slice(0, 150), events.slice(150), events]) await service.tell(...batch);
    service.pass(12 * HOUR_MS);
    await until(async () => (await emailsOf(service)).length === 3, 'three digests');
    expect((await emailsOf(service)).map(({ subject }) => Number.parseInt(subject, 10)).toSorted()).toEqual([100, 100, 30].toSorted());
  });

  it('is sent though its time came while it was written', async () => {
    const service = await start();
    const { deliveries } = service.parts;
    const { timers } = service.store;
    const { id } = await service.subscribe(anna);
    const [execute, complete] = [deliveries.execute.bind(deliveries), timers.complete.bind(timers)];
    let isTimerGone = false;
    timers.complete = async (done) => {
      await complete(done);
      isTimerGone ||= done.length > 0;
    };
    deliveries.execute = async (inputs) => {
      if (inputs.some(({ command }) => command.kind === 'AddToDigest')) {
        service.pass(12 * HOUR_MS);
        await until(() => isTimerGone, 'its timer finds nothing, and is gone');
      }
      return execute(inputs);
    };
    await service.tell(milestone());
    await settled(service, id);
    expect((await emailsOf(service)).map(({ subject }) => subject)).toEqual(['Laden gestartet · CP-1']);
  });

  it('is told by itself when its digest is gone: a crash kept it from being put in', async () => {
    const service = await start();
    const { id: subscriptionId } = await service.subscribe(anna);
    const [put, lost] = [milestone(), milestone({ milestone: 'ChargingEnded' })];
    await service.tell(put);
    // That it is told with the digest was written, and nothing more.
    const notification = notificationOf(lost);
    if (notification === undefined) throw new Error('it is told of');
    const deliveryId = deliveryIdOf(subscriptionId, notification);
    const command = { kind: 'RequestDelivery', deliveryId, subscriptionId, channel: 'Email', notification } as const;
    const now = service.clock.ms;
    await service.parts.deliveries.executeOne({
      deliveryId,
      command: { ...command, drop: 'InDigest', digestAt: MORNING, now },
      causationId: `request:${notification.notificationId}`,
    });
    service.pass(12 * HOUR_MS);
    await until(async () => (await emailsOf(service)).length === 1, 'the digest is told');
    for (const event of [put, lost, lost]) await service.tell(event);
    await until(async () => (await emailsOf(service)).length === 2, 'the other is told');
    for (const event of [put, lost]) await service.tell(event);
    await settled(service, subscriptionId);
    expect((await emailsOf(service)).map(({ subject }) => subject).toSorted()).toEqual(['Laden beendet · CP-1', 'Laden gestartet · CP-1']);
  });
});

describe('whatever happens when, a night is told once', () => {
  const scenario = fc.record({
    // Events by number, in any order and as often as the log likes, each so many hours after the one before.
    told: fc.array(fc.record({ event: fc.nat(4), hours: fc.nat(5) }), { minLength: 1, maxLength: 8 }),
    // Writes after which each process in turn is killed.
    kills: fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 4 }),
  });

  it('each event in one e-mail, whether with others or alone', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ told, kills }) => {
        const disk = await openSqliteStore({ path: ':memory:' });
        const log = await openSqliteEventLog({ path: ':memory:' });
        const clock: TestClock = { ms: START, now: () => clock.ms };
        const events = Array.from({ length: 5 }, (_, index) => milestone({ sessionId: `s-${index}`, stationId: `CP-${index}` }));
        const first = await NotificationUnderTest.start({ log, store: disk, clock });
        const { id } = await first.subscribe(anna);
        await first.parts.stop();
        const queue = [...told];
        for (const writes of [...kills, Number.POSITIVE_INFINITY]) {
          const mortal = new MortalStore(disk, writes);
          const service = await mortal.outcome(NotificationUnderTest.start({ log, store: mortal.store, clock }));
          if (service === undefined) continue;
          while (queue.length > 0 && !mortal.dead) {
            const handled = await mortal.outcome(service.tell(events[queue[0]?.event ?? 0] ?? milestone()).then(() => true));
            if (handled) service.pass((queue.shift()?.hours ?? 0) * HOUR_MS);
          }
          if (writes === Number.POSITIVE_INFINITY) {
            service.pass(24 * HOUR_MS);
            const timesTold = async () => {
              const texts = (await emailsOf(service)).map(({ text }) => text);
              return [...new Set(told.map(({ event }) => event))].map(
                (event) => texts.filter((text) => text.includes(`CP-${event}`)).length,
              );
            };
            const look = async () => {
              service.pass(60_000);
              return (await timesTold()).every((times) => times > 0);
            };
            await until(look, 'all is told', 20_000);
            await settled(service, id);
            expect(new Set(await timesTold())).toEqual(new Set([1]));
          }
          mortal.dead = true;
          await service.parts.stop();
          clock.ms += 61_000;
        }
        await log.close();
        await disk.close();
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 120_000);
});
