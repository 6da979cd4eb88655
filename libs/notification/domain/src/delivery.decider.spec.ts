import { fold } from '@voltlog/kernel';
import type { DeliveryEvent, QuietHours } from '@voltlog/notification-contract';
import { given } from '@voltlog/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTEMPT_LEASE_MS, type AttemptResult, type DeliveryCommand, deliveryDecider, dueAt } from './delivery.decider.js';
import { notification, requested } from './testing.js';

const AT = '2026-11-24T18:02:12.000Z';
const NOW = Date.parse(AT);
const deliveryId = 'd-1';
const NIGHT: QuietHours = { from: '18:00', until: '07:00', timeZone: 'UTC' };
const SCHEDULE = [5, 300];

const request = (change: object = {}): DeliveryCommand => ({
  kind: 'RequestDelivery',
  deliveryId,
  subscriptionId: 'sub-1',
  channel: 'Webhook',
  notification: notification(),
  now: NOW,
  ...change,
});
const begin = (now = NOW, change: object = {}): DeliveryCommand => ({ kind: 'BeginAttempt', retrySeconds: SCHEDULE, now, ...change });
const finish = (result: Partial<AttemptResult>, change: object = {}): DeliveryCommand => ({
  kind: 'FinishAttempt',
  attempt: 1,
  result: { outcome: 'Delivered', status: 200, latencyMs: 5, ...result },
  retrySeconds: SCHEDULE,
  chance: 0.5,
  now: NOW,
  ...change,
});
const started = (attempt = 1, at = AT) => ({
  type: 'voltlog.notification.DeliveryAttemptStarted.v1' as const,
  data: { deliveryId, attempt, at },
});
const attempted = (attempt: number, nextAttemptAt: string) => ({
  type: 'voltlog.notification.DeliveryAttempted.v1' as const,
  data: { deliveryId, attempt, status: 500, latencyMs: 5, error: 'no', nextAttemptAt, at: AT },
});
const delivered = {
  type: 'voltlog.notification.DeliveryDelivered.v1' as const,
  data: { deliveryId, attempt: 1, status: 200, latencyMs: 5, at: AT },
};
const died = (cause: 'Exhausted' | 'Refused' | 'Gone', attempt = 1, status = 500) => ({
  type: 'voltlog.notification.DeliveryDied.v1' as const,
  data: { deliveryId, attempt, status, latencyMs: 5, error: 'no', cause, at: AT },
});
const NO = { outcome: 'Failed', status: 500, error: 'no' } as const;

describe('a delivery', () => {
  it('is requested once', () => {
    given(deliveryDecider).when(request()).then(requested());
    given(deliveryDecider, requested()).when(request()).thenNothing();
    given(deliveryDecider, requested(), started(), delivered).when(request()).thenNothing();
  });

  it('begins with its request when there is room, but not in quiet hours', () => {
    given(deliveryDecider)
      .when(request({ begin: true }))
      .then(requested(), started());
    given(deliveryDecider)
      .when(request({ begin: true, quietHours: NIGHT }))
      .then(requested({ nextAttemptAt: '2026-11-25T07:00:00.000Z' }));
  });

  it('that is not to be sent is dropped with its reason, and stays so', () => {
    const dropped: DeliveryEvent = {
      type: 'voltlog.notification.DeliveryDropped.v1',
      data: { deliveryId, reason: 'ToldBefore', at: AT, subscriptionId: 'sub-1', channel: 'Webhook', notification: notification() },
    };
    given(deliveryDecider)
      .when(request({ drop: 'ToldBefore' }))
      .then(dropped);
    given(deliveryDecider, dropped).when(request()).thenNothing();
    given(deliveryDecider, dropped).when(begin()).thenRefuses('Settled');
    given(deliveryDecider, dropped).thenState({ kind: 'Dropped', cause: 'ToldBefore' });
  });

  it('waits for the end of quiet hours, unless it is urgent', () => {
    const morning = '2026-11-25T07:00:00.000Z';
    given(deliveryDecider)
      .when(request({ quietHours: NIGHT }))
      .then(requested({ nextAttemptAt: morning }));
    const fault = notification({ kind: 'Faulted' });
    given(deliveryDecider)
      .when(request({ quietHours: NIGHT, notification: fault }))
      .then(requested({ notification: fault }));
    given(deliveryDecider, requested())
      .when(begin(NOW, { quietHours: NIGHT }))
      .then({ type: 'voltlog.notification.DeliveryPostponed.v1', data: { deliveryId, nextAttemptAt: morning, at: AT } });
    given(deliveryDecider, requested(), started())
      .when(finish(NO, { quietHours: NIGHT }))
      .then(attempted(1, morning));
  });

  it('is sent by one at a time, when it is due', () => {
    given(deliveryDecider, requested())
      .when(begin(NOW - 1))
      .thenRefuses('NotDue');
    given(deliveryDecider, requested()).when(begin()).then(started());
    given(deliveryDecider, requested(), started())
      .when(begin(NOW + ATTEMPT_LEASE_MS - 1))
      .thenRefuses('UnderWay');
    given(deliveryDecider).when(begin()).thenRefuses('DeliveryUnknown');
  });

  it('whose sender died is sent again, and the attempt counts', () => {
    const later = NOW + ATTEMPT_LEASE_MS;
    const at = new Date(later).toISOString();
    given(deliveryDecider, requested(), started())
      .when(begin(later))
      .then(
        {
          type: 'voltlog.notification.DeliveryAttempted.v1',
          data: {
            deliveryId,
            attempt: 1,
            status: 0,
            latencyMs: 0,
            error: 'the service ended before the answer came',
            nextAttemptAt: at,
            at,
          },
        },
        started(2, at),
      );
    given(deliveryDecider, requested(), started())
      .when(begin(NOW, { orphan: 1 }))
      .then(
        {
          type: 'voltlog.notification.DeliveryAttempted.v1',
          data: { ...attempted(1, AT).data, status: 0, latencyMs: 0, error: 'the service ended before the answer came' },
        },
        started(2),
      );
    given(deliveryDecider, requested(), started(), attempted(1, AT), started(2))
      .when(begin(NOW, { orphan: 1 }))
      .thenRefuses('UnderWay');
    const last = given(deliveryDecider, requested(), started(), attempted(1, AT), started(2), attempted(2, AT), started(3)).when(
      begin(later),
    );
    expect(last.decision).toMatchObject({
      ok: true,
      events: [{ type: 'voltlog.notification.DeliveryDied.v1', data: { cause: 'Exhausted' } }],
    });
  });

  it('is delivered; a late answer of an attempt that was given up changes nothing', () => {
    given(deliveryDecider, requested(), started()).when(finish({})).then(delivered);
    given(deliveryDecider, requested(), started(), delivered).when(begin()).thenRefuses('Settled');
    given(deliveryDecider, requested(), started(), attempted(1, AT), started(2)).when(finish({})).thenRefuses('Outdated');
    given(deliveryDecider, requested()).when(finish({})).thenRefuses('Outdated');
  });

  it('that failed is tried again by the schedule, later when the receiver asked for it, and is dead after the last', () => {
    given(deliveryDecider, requested(), started()).when(finish(NO)).then(attempted(1, '2026-11-24T18:02:17.000Z'));
    given(deliveryDecider, requested(), started())
      .when(finish({ ...NO, retryAfterMs: 60_000 }))
      .then(attempted(1, '2026-11-24T18:03:12.000Z'));
    const second = given(deliveryDecider, requested(), started(), attempted(1, AT), started(2));
    second.when(finish(NO, { attempt: 2 })).then(attempted(2, '2026-11-24T18:07:12.000Z'));
    second
      .and(attempted(2, AT), started(3))
      .when(finish(NO, { attempt: 3 }))
      .then(died('Exhausted', 3));
  });

  it('that is refused or whose receiver is gone is dead at once', () => {
    given(deliveryDecider, requested(), started())
      .when(finish({ ...NO, outcome: 'Refused' }))
      .then(died('Refused'));
    given(deliveryDecider, requested(), started())
      .when(finish({ ...NO, outcome: 'Gone', status: 410 }))
      .then(died('Gone', 1, 410));
  });

  it('is sent again by hand with all its tries, but not while it is being sent', () => {
    const again = (by: 'Hand' | 'Replay'): DeliveryCommand => ({ kind: 'RequeueDelivery', by, now: NOW });
    const requeued = {
      type: 'voltlog.notification.DeliveryRequeued.v1' as const,
      data: { deliveryId, by: 'Hand' as const, nextAttemptAt: AT, at: AT },
    };
    const dead = given(
      deliveryDecider,
      requested(),
      started(),
      attempted(1, AT),
      started(2),
      attempted(2, AT),
      started(3),
      died('Exhausted', 3),
    );
    dead.when(again('Hand')).then(requeued);
    dead.and(requeued).thenState({ kind: 'Pending', failures: 0, attemptsBegun: 3 });
    dead
      .and(requeued, started(4))
      .when(finish(NO, { attempt: 4 }))
      .then(attempted(4, '2026-11-24T18:02:17.000Z'));
    given(deliveryDecider, requested(), started(), delivered).when(again('Hand')).then(requeued);
    given(deliveryDecider, requested(), started()).when(again('Hand')).thenRefuses('UnderWay');
    given(deliveryDecider, requested(), started()).when(again('Replay')).thenNothing();
    given(deliveryDecider).when(again('Hand')).thenRefuses('DeliveryUnknown');
  });

  it('keeps its last twenty attempts', () => {
    const events = Array.from({ length: 30 }, (_, index) => [started(index + 1), attempted(index + 1, AT)]).flat();
    const { state } = given(deliveryDecider, requested(), ...events);
    if (state.kind === 'none') throw new Error('it is known');
    expect([state.attempts.length, state.attempts[0]?.attempt, state.attempts.at(-1)?.attempt, state.attemptsBegun]).toEqual([
      20, 11, 30, 30,
    ]);
  });

  it('is never sent by two at once, and once delivered never again unasked, whatever happens when', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('request' as const), waitMs: fc.nat(1_000) }),
      fc.record({ do: fc.constant('begin' as const), waitMs: fc.nat(2 * ATTEMPT_LEASE_MS) }),
      fc.record({ do: fc.constantFrom('deliver' as const, 'fail' as const), waitMs: fc.nat(2 * ATTEMPT_LEASE_MS) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let state = deliveryDecider.initialState;
        let now = NOW;
        let owned: { readonly attempt: number; readonly until: number } | undefined;
        let isDelivered = false;
        for (const each of steps) {
          now += each.waitMs;
          const command =
            each.do === 'request'
              ? request({ now })
              : each.do === 'begin'
                ? begin(now)
                : finish(each.do === 'deliver' ? {} : NO, { attempt: owned?.attempt ?? 0, now });
          const decision = deliveryDecider.decide(command, state);
          if (!decision.ok) continue;
          for (const event of decision.events) {
            if (event.type === 'voltlog.notification.DeliveryAttemptStarted.v1') {
              expect(isDelivered).toBe(false);
              if (owned !== undefined) expect(now).toBeGreaterThanOrEqual(owned.until);
              owned = { attempt: event.data.attempt, until: now + ATTEMPT_LEASE_MS };
            }
            if (event.type === 'voltlog.notification.DeliveryDelivered.v1') isDelivered = true;
            if (event.type !== 'voltlog.notification.DeliveryAttemptStarted.v1' && each.do !== 'request' && each.do !== 'begin')
              owned = undefined;
          }
          state = fold(deliveryDecider, decision.events, state);
          expect(dueAt(state) === undefined).toBe(state.kind !== 'Pending');
        }
      }),
    );
  });
});
