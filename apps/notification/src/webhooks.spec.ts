import { notificationV1 } from '@voltlog/proto';
import { type Received, Receiver, until } from '@voltlog/testing';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { milestone, NotificationUnderTest } from './testing/harness.js';

const { PENDING, DELIVERED, DEAD, DROPPED } = notificationV1.DeliveryState;

let service: NotificationUnderTest;
let receiver: Receiver;
beforeEach(async () => {
  service = await NotificationUnderTest.start();
  receiver = await Receiver.start();
});
afterEach(async () => {
  await service.stop();
  await receiver.stop();
});

describe('a webhook', () => {
  it('is told of what happened, signed, once, also when the log hands it over again', async () => {
    const { id, secret } = await service.subscribe({ target: receiver.url });
    const event = milestone({ idToken: { idToken: 'TAG', type: 'Local' } });
    await service.tell(event);
    const delivery = await service.delivery(id, DELIVERED);
    await service.tell(event, event);
    await service.tell(milestone({ sessionId: 's-2' }));
    await until(() => receiver.received.length >= 2, 'the second event');

    const [first] = receiver.received;
    expect(new Set(receiver.webhookIds).size).toBe(2);
    expect(receiver.received).toHaveLength(2);
    expect(delivery).toMatchObject({ kind: 'ChargingStarted', sessionId: 's-1', attempts: [{ status: 204, error: '' }] });
    expect(first?.headers['webhook-id']).toBe(delivery.deliveryId);
    const body = first?.body.toString() ?? '';
    const stamp = new Date(Number(first?.headers['webhook-timestamp']) * 1_000);
    expect(first?.headers['webhook-signature']).toBe(new Webhook(secret).sign(delivery.deliveryId, stamp, body));
    expect(JSON.parse(body)).toEqual({
      type: 'ChargingStarted',
      timestamp: '2026-11-24T17:59:59.000Z',
      data: expect.objectContaining({ stationId: 'CP-1', evseId: 1, sessionId: 's-1', idToken: 'TAG', notificationId: event.id }),
    });
    expect(delivery.bodyJson).toBe(body);
  });

  it('that was down is tried again under the same id, and told once it is back', async () => {
    const { id } = await service.subscribe({ target: receiver.url });
    receiver.answer = (response) => response.writeHead(503).end('maintenance');
    await service.tell(milestone());
    const failed = await service.delivery(id, PENDING, 1);
    expect(failed.attempts[0]).toMatchObject({ status: 503, error: 'the receiver answered 503: maintenance' });
    expect(failed.nextAttemptAt).toBe('2026-11-24T18:00:05.000Z');
    service.pass(4_999);
    receiver.answer = (response) => response.writeHead(200).end('ok');
    service.pass(1);
    await service.delivery(id, DELIVERED, 2);
    expect(new Set(receiver.webhookIds).size).toBe(1);
    expect(receiver.received).toHaveLength(2);
  });

  it('that stays down is given up after the last try, and sent again by hand', async () => {
    const { id } = await service.subscribe({ target: receiver.url });
    receiver.answer = (response) => response.writeHead(500).end();
    await service.tell(milestone());
    for (const [index, seconds] of [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].entries()) {
      await service.delivery(id, PENDING, index + 1);
      service.pass(seconds * 1_000);
    }
    const dead = await service.delivery(id, DEAD, 8);
    expect(dead.nextAttemptAt).toBeUndefined();

    receiver.answer = (response) => response.writeHead(204).end();
    const key = { deliveryId: dead.deliveryId, idempotencyKey: 'again' };
    await service.grpc.redeliver(key);
    await service.delivery(id, DELIVERED, 9);
    await service.grpc.redeliver(key);
    expect(receiver.received).toHaveLength(9);
    expect(new Set(receiver.webhookIds).size).toBe(1);
    await service.grpc.redeliver({ ...key, idempotencyKey: 'and again' });
    await until(() => receiver.received.length === 10, 'asked for anew, it is sent anew');
  });

  it('is sent anew by hand whichever instance is asked, and whichever has its turn', async () => {
    const { id } = await service.subscribe({ target: receiver.url });
    await service.tell(milestone());
    const { deliveryId } = await service.delivery(id, DELIVERED);
    const { log, store, clock } = service;
    const other = await NotificationUnderTest.start({ log, store, clock });
    // The one that sent it first has the turn.
    await other.parts.dispatcher.stop();
    await other.grpc.redeliver({ deliveryId, idempotencyKey: '' });
    service.pass(0);
    await until(() => receiver.received.length === 2, 'sent again');
    await service.delivery(id, DELIVERED, 2);
    expect((await other.grpc.getDelivery({ deliveryId })).delivery?.attempts).toHaveLength(2);
    await other.parts.stop();
  });

  it('that asks for patience is given it', async () => {
    const { id } = await service.subscribe({ target: receiver.url });
    receiver.answer = (response) => response.writeHead(429, { 'retry-after': '120' }).end();
    await service.tell(milestone());
    expect((await service.delivery(id, PENDING, 1)).nextAttemptAt).toBe('2026-11-24T18:02:00.000Z');
  });

  it('that says 410 is switched off; what still waits for it is dropped; a change switches it on again', async () => {
    const { id } = await service.subscribe({ target: receiver.url });
    receiver.answer = (response) => response.writeHead(503).end();
    await service.tell(milestone());
    const waiting = await service.delivery(id, PENDING, 1);
    receiver.answer = (response) => response.writeHead(410).end();
    await service.tell(milestone({ milestone: 'ChargingEnded' }));
    const statusOf = async () => (await service.grpc.getSubscription({ subscriptionId: id })).subscription?.status;
    await until(async () => (await statusOf()) === 'Gone', 'switched off');
    service.pass(5_000);
    await until(
      async () => (await service.grpc.getDelivery({ deliveryId: waiting.deliveryId })).delivery?.state === DROPPED,
      'the one that waited is dropped',
    );
    await expect(service.grpc.redeliver({ deliveryId: waiting.deliveryId, idempotencyKey: '' })).rejects.toMatchObject({
      reason: 'SubscriptionOff',
    });
    const before = receiver.received.length;
    await service.tell(milestone({ milestone: 'SessionEnded' }));
    const subscription = notificationV1.Subscription.fromPartial({
      subscriptionId: id,
      channel: notificationV1.Channel.WEBHOOK,
      target: receiver.url,
    });
    await service.grpc.putSubscription({ subscription, expectedVersion: 0, idempotencyKey: '' });
    expect(await statusOf()).toBe('Active');
    receiver.answer = (response) => response.writeHead(204).end();
    await service.grpc.redeliver({ deliveryId: waiting.deliveryId, idempotencyKey: '' });
    await until(() => receiver.received.length === before + 1, 'the dropped one is sent by hand');
  });

  it('that does not answer is given up at the deadline, and others are told meanwhile', async () => {
    await service.stop();
    service = await NotificationUnderTest.start({ environment: { NOTIFICATION_TIMEOUT_SECONDS: '0.3' } });
    const slow = await Receiver.start(() => {});
    const dribbling = await Receiver.start((response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('.');
    });
    const stuck = await service.subscribe({ target: slow.url });
    const open = await service.subscribe({ target: dribbling.url });
    const well = await service.subscribe({ target: receiver.url });
    await service.tell(milestone());
    await service.delivery(well.id, DELIVERED);
    expect((await service.delivery(stuck.id, PENDING, 1)).attempts[0]).toMatchObject({ status: 0, error: 'no answer within 0.3 s' });
    expect((await service.delivery(open.id, DELIVERED, 1)).attempts[0]).toMatchObject({ status: 200 });
    await Promise.all([slow.stop(), dribbling.stop()]);
  });

  it('with too much to tell has its own places and no more', async () => {
    await service.stop();
    service = await NotificationUnderTest.start({ environment: { NOTIFICATION_TARGET_CONCURRENCY: '3' } });
    const held: (() => void)[] = [];
    receiver.answer = (response) => held.push(() => response.writeHead(204).end());
    const { id } = await service.subscribe({ target: receiver.url });
    await service.tell(...Array.from({ length: 20 }, (_, index) => milestone({ sessionId: `s-${index}` })));
    await until(() => held.length === 3, 'three are on their way');
    receiver.answer = (response) => response.writeHead(204).end();
    for (const release of held) release();
    await until(async () => (await service.deliveriesOf(id)).filter(({ state }) => state === DELIVERED).length === 20, 'all are told');
    expect(receiver.openMax).toBe(3);
    expect(new Set(receiver.webhookIds).size).toBe(20);
    expect(receiver.received).toHaveLength(20);
  });

  it('is signed with both secrets for a day after a rotation', async () => {
    const { id, secret } = await service.subscribe({ target: receiver.url });
    const rotated = await service.grpc.rotateSecret({ subscriptionId: id, idempotencyKey: 'r' });
    expect(rotated.oldSecretExpiresAt).toBe('2026-11-25T18:00:00.000Z');
    expect((await service.grpc.rotateSecret({ subscriptionId: id, idempotencyKey: 'r' })).secret).toBe(rotated.secret);
    await service.tell(milestone());
    await service.delivery(id, DELIVERED);
    const signaturesOf = (index: number): readonly string[] => String(receiver.received[index]?.headers['webhook-signature']).split(' ');
    const signedWith = (index: number, key: string): string => {
      const { headers, body } = receiver.received[index] as Received;
      const at = new Date(Number(headers['webhook-timestamp']) * 1_000);
      return new Webhook(key).sign(String(headers['webhook-id']), at, body.toString());
    };
    expect(signaturesOf(0)).toEqual([signedWith(0, rotated.secret), signedWith(0, secret)]);
    service.pass(24 * 3_600_000);
    await service.tell(milestone({ milestone: 'ChargingEnded' }));
    await until(() => receiver.received.length === 2, 'the second');
    expect(signaturesOf(1)).toEqual([signedWith(1, rotated.secret)]);
  });

  it('is replayed from a time: everything since then, under the ids it had', async () => {
    const { id } = await service.subscribe({ target: receiver.url, filter: { stationId: 'CP-1' } });
    const at = (minutes: number) => new Date(Date.parse('2026-11-24T18:00:00.000Z') + minutes * 60_000).toISOString();
    await service.tell(...[0, 10, 20].map((minutes) => milestone({ sessionId: `s-${minutes}` }, { time: at(minutes) })));
    await service.tell(milestone({ stationId: 'CP-2' }, { time: at(20) }));
    await until(() => receiver.received.length === 3, 'all are told');
    const before = [...receiver.webhookIds];
    service.pass(30 * 60_000);
    const answer = await service.grpc.replaySubscription({ subscriptionId: id, since: at(10), idempotencyKey: 'r' });
    expect(answer.deliveries).toBe(2);
    await until(() => receiver.received.length === 5, 'two are told again');
    await service.grpc.replaySubscription({ subscriptionId: id, since: at(10), idempotencyKey: 'r' });
    const late = await service.subscribe({ target: receiver.url, filter: { stationId: 'CP-1' } });
    await service.grpc.replaySubscription({ subscriptionId: late.id, since: at(0), idempotencyKey: '' });
    await until(() => receiver.received.length === 8, 'who came late is told what was');
    expect(new Set(receiver.webhookIds.slice(3, 5))).toEqual(new Set(before.slice(1)));
  });

  it('that nothing reached for days is switched off', async () => {
    receiver.answer = (response) => response.writeHead(500).end();
    await service.stop();
    service = await NotificationUnderTest.start({ environment: { NOTIFICATION_RETRY_SECONDS: '1' } });
    const failing = await service.subscribe({ target: receiver.url });
    const dieOn = async (day: number): Promise<void> => {
      const at = Date.parse('2026-11-24T18:00:00.000Z') + day * 86_400_000;
      service.clock.ms = at;
      await service.tell(milestone({ sessionId: `day-${day}` }, { time: new Date(at).toISOString() }));
      await service.delivery(failing.id, PENDING, 1);
      service.pass(1_000);
      await service.delivery(failing.id, DEAD, 2);
    };
    const status = async () => (await service.grpc.getSubscription({ subscriptionId: failing.id })).subscription?.status;
    await dieOn(0);
    await dieOn(4);
    expect(await status()).toBe('Active');
    await dieOn(6);
    await until(async () => (await status()) === 'FailedTooLong', 'switched off');
  });
});
