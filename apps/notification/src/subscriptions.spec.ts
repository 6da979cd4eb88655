import { notificationV1 } from '@voltlog/proto';
import { openTestContext, Receiver } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notificationProjections } from './projections/rebuild.js';
import { milestone, NotificationUnderTest } from './testing/harness.js';

const { WEBHOOK, EMAIL } = notificationV1.Channel;
const HOOK = 'https://partner.example/hook';

let service: NotificationUnderTest;
beforeEach(async () => {
  service = await NotificationUnderTest.start({ environment: { NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'false' } });
});
afterEach(() => service.stop());

const put = (change: notificationV1.DeepPartial<notificationV1.Subscription>, idempotencyKey = '', expectedVersion = 0) =>
  service.grpc.putSubscription({
    subscription: notificationV1.Subscription.fromPartial({ channel: WEBHOOK, target: HOOK, ...change }),
    expectedVersion,
    idempotencyKey,
  });

describe('a subscription', () => {
  it('is made once under one idempotency key, and shows the same secret again to who asks with it', async () => {
    const first = await put({}, 'k');
    expect(first.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await put({}, 'k')).toEqual(first);
    const other = await put({}, 'k2');
    expect(other.subscription?.subscriptionId).not.toBe(first.subscription?.subscriptionId);
    expect(other.secret).not.toBe(first.secret);
  });

  it('is never stored or published with a readable secret', async () => {
    const { subscription, secret } = await put({});
    const id = subscription?.subscriptionId ?? '';
    const stored = JSON.stringify([
      [...(await service.store.streams.load([`subscription:${id}`]))],
      await service.parts.collections.subscriptions.get(id),
      await service.grpc.getSubscription({ subscriptionId: id }),
    ]);
    expect(stored).toContain(HOOK);
    expect(stored).not.toContain(secret.slice('whsec_'.length));
  });

  it('is changed by who read its newest version', async () => {
    const { subscription } = await put({});
    const change = { subscriptionId: subscription?.subscriptionId ?? '', language: 'fr' };
    expect((await put(change, '', 1)).subscription).toMatchObject({ language: 'fr', version: 2 });
    await expect(put({ ...change, language: 'nl' }, '', 1)).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(put({ subscriptionId: 'nobody' })).rejects.toMatchObject({ reason: 'SubscriptionUnknown' });
    await expect(put({ ...change, channel: EMAIL, target: 'a@example.org' })).rejects.toMatchObject({ reason: 'ChannelFixed' });
  });

  it('is listed by owner and channel until it is deleted, and is told nothing afterwards', async () => {
    const { subscription } = await put({ ownerKind: 'Partner', ownerId: 'NL-ABC' });
    await put({ channel: EMAIL, target: 'a@example.org' });
    const subscriptionId = subscription?.subscriptionId ?? '';
    const list = async (change: notificationV1.DeepPartial<notificationV1.ListSubscriptionsRequest>) =>
      (await service.grpc.listSubscriptions(notificationV1.ListSubscriptionsRequest.fromPartial(change))).subscriptions.length;
    expect([
      await list({}),
      await list({ ownerKind: 'Partner' }),
      await list({ ownerId: 'NL-ABC' }),
      await list({ channel: EMAIL }),
    ]).toEqual([2, 1, 1, 1]);
    await service.grpc.deleteSubscription({ subscriptionId, idempotencyKey: '' });
    await service.grpc.deleteSubscription({ subscriptionId, idempotencyKey: '' });
    expect(await list({ ownerKind: 'Partner' })).toBe(0);
    await expect(service.grpc.getSubscription({ subscriptionId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(put({ subscriptionId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(service.grpc.deleteSubscription({ subscriptionId: 'nobody', idempotencyKey: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await service.tell(milestone());
    expect(await service.deliveriesOf(subscriptionId)).toEqual([]);
    expect((await service.parts.collections.subscriptions.get(subscriptionId))?.target).toBe('');
  });

  it('hears nothing of what happened before it was made, and nothing after its end', async () => {
    const early = await put({ channel: EMAIL, target: 'a@example.org', expiresAt: '2026-11-24T18:00:10.000Z' });
    const id = early.subscription?.subscriptionId ?? '';
    await service.tell(milestone({}, { time: '2026-11-24T17:59:54.999Z' }));
    expect(await service.deliveriesOf(id)).toEqual([]);
    await service.tell(milestone({}, { time: '2026-11-24T17:59:55.000Z' }));
    await expect.poll(() => service.deliveriesOf(id)).toHaveLength(1);
    service.clock.ms += 10_000;
    await service.tell(milestone({ milestone: 'SessionEnded' }, { time: '2026-11-24T18:00:10.000Z' }));
    expect(await service.deliveriesOf(id)).toHaveLength(1);
  });

  it.each([
    [{ channel: notificationV1.Channel.UNSPECIFIED }, /channel/],
    [{ target: 'http://partner.example/hook' }, /https/],
    [{ target: 'https://127.0.0.1/hook' }, /public/],
    [{ target: `https://partner.example/${'x'.repeat(2_048)}` }, /2048/],
    [{ language: 'it' }, /language/],
    [{ timeZone: 'Europe/Atlantis' }, /timeZone/],
    [{ ownerKind: 'Cat' }, /ownerKind/],
    [{ ownerId: 'x'.repeat(256) }, /ownerId/],
    [{ filter: { kinds: ['Exploded'] } }, /Exploded/],
    [{ filter: { siteId: 'a\u0000b' } }, /filter.siteId/],
    [{ quietHours: { from: '22:00', until: '22:00', timeZone: 'UTC' } }, /quietHours/],
    [{ expiresAt: 'tomorrow' }, /expiresAt/],
    [{ expiresAt: '2026-11-23T18:00:00.000Z' }, /expiresAt must lie in the future/],
  ])('%o is refused', async (change, problem) => {
    await expect(put(change)).rejects.toThrow(problem);
  });

  it('cannot have its secret rotated, be replayed or redelivered when there is none', async () => {
    const mail = await put({ channel: EMAIL, target: 'a@example.org' });
    const subscriptionId = mail.subscription?.subscriptionId ?? '';
    await expect(service.grpc.rotateSecret({ subscriptionId, idempotencyKey: '' })).rejects.toMatchObject({ reason: 'NoSecret' });
    await expect(service.grpc.rotateSecret({ subscriptionId: 'nobody', idempotencyKey: '' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(service.grpc.replaySubscription({ subscriptionId, since: undefined, idempotencyKey: '' })).rejects.toThrow(/since/);
    await expect(service.grpc.redeliver({ deliveryId: 'nobody', idempotencyKey: '' })).rejects.toMatchObject({ reason: 'DeliveryUnknown' });
    await expect(service.grpc.redeliver({ deliveryId: 'x', idempotencyKey: 'k'.repeat(256) })).rejects.toThrow(/idempotencyKey/);
  });
});

describe('a key that is configured later', () => {
  it('opens what was sealed before, and seals what comes', async () => {
    const receiver = await Receiver.start();
    await service.stop();
    service = await NotificationUnderTest.start();
    const early = await service.subscribe({ target: receiver.url });
    const restart = async (keys: string): Promise<NotificationUnderTest> => {
      await service.parts.stop();
      const { log, store, clock } = service;
      return NotificationUnderTest.start({ log, store, clock, environment: { NOTIFICATION_SECRET_KEY: keys } });
    };
    const [first, second] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')];
    service = await restart(first);
    const late = await service.subscribe({ target: receiver.url });
    service = await restart(`${second},${first}`);
    await service.tell(milestone());
    for (const { id } of [early, late]) await service.delivery(id, notificationV1.DeliveryState.DELIVERED);
    await receiver.stop();
  });
});

describe('a webhook whose name leads to a private address', () => {
  it('is refused when it is called, and the delivery says why', async () => {
    const inside = await Receiver.start();
    await service.stop();
    service = await NotificationUnderTest.start({
      environment: { NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'false' },
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    const { subscription } = await put({ target: `https://partner.example:${inside.port}/hook` });
    await service.tell(milestone());
    const delivery = await service.delivery(subscription?.subscriptionId ?? '', notificationV1.DeliveryState.PENDING, 1);
    expect(delivery.attempts[0]).toMatchObject({ status: 0, error: 'the target is not at a public address' });
    expect(inside.received).toEqual([]);
    await inside.stop();
  });
});

describe('the read models', () => {
  it('can be rebuilt from the streams', async () => {
    const { subscription } = await put({ channel: EMAIL, target: 'a@example.org' });
    const id = subscription?.subscriptionId ?? '';
    await service.tell(milestone());
    await service.delivery(id, notificationV1.DeliveryState.DELIVERED);
    const live = [await service.grpc.getSubscription({ subscriptionId: id }), await service.deliveriesOf(id)];
    await service.parts.collections.subscriptions.delete([id]);
    for (const name of ['subscriptions', 'deliveries'])
      await notificationProjections[name]?.rebuild({ log: service.log, store: service.store }, () => {});
    const context = await openTestContext('notification', { log: service.log, store: service.store });
    const again = await NotificationUnderTest.start({ log: service.log, store: service.store, clock: context.clock });
    expect([await again.grpc.getSubscription({ subscriptionId: id }), await again.deliveriesOf(id)]).toEqual(live);
    await again.parts.stop();
  });
});
