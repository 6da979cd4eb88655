import { given } from '@voltlog/testing';
import { describe, expect, it } from 'vitest';
import { isLive, type PutSubscription, subscriptionDecider } from './subscription.decider.js';
import { attributes } from './testing.js';

const NOW = Date.parse('2026-11-24T18:00:00.000Z');
const AT = '2026-11-24T18:00:00.000Z';
const subscriptionId = 'sub-1';
const put = (change: Partial<PutSubscription> = {}): PutSubscription => ({
  kind: 'PutSubscription',
  subscriptionId,
  attributes: attributes(),
  mayCreate: true,
  expectedVersion: 0,
  now: NOW,
  ...change,
});
const created = {
  type: 'voltlog.notification.SubscriptionCreated.v1' as const,
  data: { subscriptionId, ...attributes(), sealedSecret: 'sealed', at: AT },
};
const off = { type: 'voltlog.notification.SubscriptionSwitchedOff.v1' as const, data: { subscriptionId, reason: 'Gone' as const, at: AT } };
const deleted = { type: 'voltlog.notification.SubscriptionDeleted.v1' as const, data: { subscriptionId, at: AT } };
const changedTo = (change: Parameters<typeof attributes>[0]) => ({
  type: 'voltlog.notification.SubscriptionChanged.v1' as const,
  data: { subscriptionId, ...attributes(change), at: AT },
});

describe('a subscription', () => {
  it('is made with its secret', () => {
    given(subscriptionDecider)
      .when(put({ sealedSecret: 'sealed' }))
      .then(created);
    given(subscriptionDecider)
      .when(put({ mayCreate: false }))
      .thenRefuses('SubscriptionUnknown');
    given(subscriptionDecider)
      .when(put({ expectedVersion: 1 }))
      .thenRefuses('VersionMismatch');
  });

  it('is changed as a whole and keeps its secret; the same again changes nothing', () => {
    const french = put({ attributes: attributes({ language: 'fr' }), sealedSecret: 'another' });
    given(subscriptionDecider, created)
      .when(french)
      .then(changedTo({ language: 'fr' }));
    given(subscriptionDecider, created, changedTo({ language: 'fr' })).thenState({ sealedSecret: 'sealed', language: 'fr', version: 2 });
    given(subscriptionDecider, created).when(put()).thenNothing();
  });

  it('loses what the change does not name', () => {
    const limited = { ...created, data: { ...created.data, expiresAt: '2027-01-01T00:00:00.000Z' } };
    const { state } = given(subscriptionDecider, limited, changedTo({}));
    expect(state).not.toHaveProperty('expiresAt');
  });

  it('is changed only by who read its newest version, and keeps its channel', () => {
    given(subscriptionDecider, created)
      .when(put({ expectedVersion: 2 }))
      .thenRefuses('VersionMismatch');
    given(subscriptionDecider, created)
      .when(put({ expectedVersion: 1, attributes: attributes({ language: 'nl' }) }))
      .then(changedTo({ language: 'nl' }));
    given(subscriptionDecider, created)
      .when(put({ attributes: attributes({ channel: 'Email' }) }))
      .thenRefuses('ChannelFixed');
  });

  it('keeps the keys of a push subscription that are not given again', () => {
    const push = { channel: 'WebPush' as const, sealedPushKeys: 'keys' };
    const made = { ...created, data: { subscriptionId, ...attributes(push), at: AT } };
    given(subscriptionDecider, made)
      .when(put({ attributes: attributes({ channel: 'WebPush' }) }))
      .thenNothing();
    const other = attributes({ channel: 'WebPush', sealedPushKeys: 'others' });
    given(subscriptionDecider, made)
      .when(put({ attributes: other }))
      .then(changedTo(other));
  });

  it('signs with both secrets for a day after a rotation', () => {
    const rotate = { kind: 'RotateSecret' as const, sealedSecret: 'new', now: NOW };
    const rotated = {
      type: 'voltlog.notification.SubscriptionSecretRotated.v1' as const,
      data: { subscriptionId, sealedSecret: 'new', previousUntil: '2026-11-25T18:00:00.000Z', at: AT },
    };
    given(subscriptionDecider, created).when(rotate).then(rotated);
    given(subscriptionDecider, created, rotated).thenState({
      sealedSecret: 'new',
      previousSecret: { sealed: 'sealed', until: '2026-11-25T18:00:00.000Z' },
    });
    given(subscriptionDecider).when(rotate).thenRefuses('SubscriptionUnknown');
    given(subscriptionDecider, changedTo({})).when(rotate).thenRefuses('SubscriptionUnknown');
    const mail = { ...created, data: { subscriptionId, ...attributes({ channel: 'Email' }), at: AT } };
    given(subscriptionDecider, mail).when(rotate).thenRefuses('NoSecret');
  });

  it('is switched off once, and on again by the next change', () => {
    const switchOff = { kind: 'SwitchOff' as const, reason: 'Gone' as const, now: NOW };
    given(subscriptionDecider, created).when(switchOff).then(off);
    given(subscriptionDecider, created, off).when(switchOff).thenNothing();
    given(subscriptionDecider).when(switchOff).thenNothing();
    given(subscriptionDecider, created, off).when(put()).then(changedTo({}));
    given(subscriptionDecider, created, off, changedTo({})).thenState({ status: 'Active', version: 3 });
  });

  it('is deleted once and for all', () => {
    const remove = { kind: 'DeleteSubscription' as const, now: NOW };
    given(subscriptionDecider, created).when(remove).then(deleted);
    given(subscriptionDecider, created, deleted).when(remove).thenNothing();
    given(subscriptionDecider, created, deleted).when(put()).thenRefuses('SubscriptionUnknown');
  });

  it('is told while it is active and its end has not come', () => {
    const ending = { ...created, data: { ...created.data, expiresAt: '2026-11-24T18:00:00.001Z' } };
    expect(isLive(given(subscriptionDecider, created).state, NOW)).toBe(true);
    expect(isLive(given(subscriptionDecider, ending).state, NOW)).toBe(true);
    expect(isLive(given(subscriptionDecider, ending).state, NOW + 1)).toBe(false);
    expect(isLive(given(subscriptionDecider, created, off).state, NOW)).toBe(false);
    expect(isLive(given(subscriptionDecider).state, NOW)).toBe(false);
  });
});
