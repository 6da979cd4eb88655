import type { QuietHours } from '@voltlog/notification-contract';
import { given } from '@voltlog/testing';
import { describe, expect, it } from 'vitest';
import { deliveryDecider } from './delivery.decider.js';
import { type AddToDigest, DIGEST_MAX, toldBy, waitsUntil } from './digest.js';
import { notification, requested } from './testing.js';

const AT = '2026-11-24T20:00:00.000Z';
const NOW = Date.parse(AT);
const MORNING = '2026-11-25T07:00:00.000Z';
const NIGHT: QuietHours = { from: '18:00', until: '07:00', timeZone: 'UTC' };
const deliveryId = 'd-1';

const one = (index: number) => notification({ notificationId: `event-${index}`, percent: index });
const add = (index: number, change: Partial<AddToDigest> = {}): AddToDigest => ({
  kind: 'AddToDigest',
  deliveryId,
  subscriptionId: 'sub-1',
  channel: 'Email',
  notification: one(index),
  digestAt: MORNING,
  now: NOW,
  ...change,
});
const digest = (...indexes: readonly number[]) => ({
  ...one(indexes.at(-1) ?? 0),
  notificationId: deliveryId,
  recordedAt: MORNING,
  digest: indexes.map(one),
});
const begun = requested({ channel: 'Email', notification: digest(1), nextAttemptAt: MORNING, at: AT });
const extended = (index: number) => ({
  type: 'voltlog.notification.DigestExtended.v1' as const,
  data: { deliveryId, notification: one(index), at: AT },
});
const started = {
  type: 'voltlog.notification.DeliveryAttemptStarted.v1' as const,
  data: { deliveryId, attempt: 1, at: MORNING },
};

describe('a digest', () => {
  it('is made by the first that waits, grows, and has each once', () => {
    given(deliveryDecider).when(add(1)).then(begun);
    given(deliveryDecider, begun).when(add(2)).then(extended(2));
    given(deliveryDecider, begun).when(add(1)).thenNothing();
    given(deliveryDecider, begun, extended(2)).when(add(2)).thenNothing();
    const state = [begun, extended(2)].reduce(deliveryDecider.evolve, deliveryDecider.initialState);
    expect(state).toMatchObject({ kind: 'Pending', nextAttemptAt: MORNING, notification: digest(1, 2) });
  });

  it('is closed when its time has come or it was begun, but knows what it has', () => {
    given(deliveryDecider, begun)
      .when(add(2, { now: Date.parse(MORNING) - 1 }))
      .then({ ...extended(2), data: { ...extended(2).data, at: '2026-11-25T06:59:59.999Z' } });
    given(deliveryDecider, begun)
      .when(add(2, { now: Date.parse(MORNING) }))
      .thenRefuses('DigestClosed');
    given(deliveryDecider)
      .when(add(1, { now: Date.parse(MORNING) }))
      .thenRefuses('DigestClosed');
    given(deliveryDecider, begun, started).when(add(2)).thenRefuses('DigestClosed');
    given(deliveryDecider, begun, started)
      .when(add(1, { now: Date.parse(MORNING) }))
      .thenNothing();
  });

  it('has so many and no more', () => {
    const others = Array.from({ length: DIGEST_MAX - 2 }, (_, index) => extended(index + 2));
    given(deliveryDecider, begun, ...others)
      .when(add(DIGEST_MAX))
      .then(extended(DIGEST_MAX));
    given(deliveryDecider, begun, ...others, extended(DIGEST_MAX))
      .when(add(DIGEST_MAX + 1))
      .thenRefuses('DigestFull');
  });

  it('has what waits: not what is urgent, nor what comes in the day', () => {
    expect(waitsUntil(one(1), NIGHT, NOW)).toBe(Date.parse(MORNING));
    expect(waitsUntil(one(1), NIGHT, Date.parse(MORNING))).toBeUndefined();
    expect(waitsUntil(notification({ kind: 'Faulted' }), NIGHT, NOW)).toBeUndefined();
    expect(waitsUntil(one(1), undefined, NOW)).toBeUndefined();
    expect([toldBy(one(1)), toldBy(digest(1, 2))]).toEqual([[one(1)], [one(1), one(2)]]);
  });

  it('is why a notification is not sent by itself, until it is asked for by hand', () => {
    const put = {
      type: 'voltlog.notification.DeliveryDropped.v1' as const,
      data: {
        deliveryId,
        reason: 'InDigest' as const,
        at: AT,
        subscriptionId: 'sub-1',
        channel: 'Email' as const,
        notification: one(1),
        digestAt: MORNING,
      },
    };
    const request = { deliveryId, subscriptionId: 'sub-1', channel: 'Email', notification: one(1), now: NOW } as const;
    given(deliveryDecider)
      .when({ kind: 'RequestDelivery', ...request, drop: 'InDigest', digestAt: MORNING })
      .then(put);
    expect(deliveryDecider.evolve({ kind: 'none' }, put)).toMatchObject({ kind: 'Dropped', cause: 'InDigest', digestAt: MORNING });
    given(deliveryDecider, put)
      .when({ kind: 'RequestDelivery', ...request })
      .thenNothing();
    const requeued = {
      type: 'voltlog.notification.DeliveryRequeued.v1' as const,
      data: { deliveryId, by: 'Digest' as const, nextAttemptAt: AT, at: AT },
    };
    given(deliveryDecider, put).when({ kind: 'RequeueDelivery', by: 'Digest', now: NOW }).then(requeued);
    const again = [put, requeued].reduce(deliveryDecider.evolve, deliveryDecider.initialState);
    expect(again).toMatchObject({ kind: 'Pending', nextAttemptAt: AT });
    expect(again).not.toHaveProperty('digestAt');
  });
});
