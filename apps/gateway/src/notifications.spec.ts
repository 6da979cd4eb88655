import { notificationV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayUnderTest, startGateway } from './testing/gateway-under-test.js';

let gateway: GatewayUnderTest;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.app.close());

const WEBHOOK = { channel: 'Webhook', target: 'https://partner.example/hook' };

describe('subscriptions', () => {
  it('are made with all that can be said, and show their secret once', async () => {
    const { status, body, headers } = await gateway.call('POST', '/v1/subscriptions', {
      body: {
        ...WEBHOOK,
        filter: { kinds: ['BatteryAt'], idToken: 'TAG1' },
        language: 'de',
        timeZone: 'Europe/Berlin',
        quietHours: { from: '22:00', until: '07:00', timeZone: 'Europe/Berlin' },
        ownerKind: 'Partner',
        ownerId: 'NL-ABC',
        expiresAt: '2026-12-01T00:00:00+01:00',
      },
      headers: { 'idempotency-key': 'k' },
    });
    expect(status).toBe(201);
    expect(headers['location']).toBe('/v1/subscriptions/sub-1');
    expect(headers['etag']).toBe('"2"');
    expect(body).toMatchObject({
      subscriptionId: 'sub-1',
      channel: 'Webhook',
      status: 'Active',
      secret: 'whsec_shown-once',
      quietHours: null,
    });
    expect(gateway.services.lastCall('putSubscription')).toMatchObject({
      subscription: {
        subscriptionId: '',
        channel: notificationV1.Channel.WEBHOOK,
        filter: { kinds: ['BatteryAt'], idToken: 'TAG1', siteId: '' },
        quietHours: { from: '22:00', until: '07:00', timeZone: 'Europe/Berlin' },
        expiresAt: '2026-11-30T23:00:00.000Z',
      },
      idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it('are read, changed by who read them, listed and deleted', async () => {
    expect((await gateway.call('GET', '/v1/subscriptions/sub-9')).body).not.toHaveProperty('secret');
    const change = { body: { channel: 'Email', target: 'a@example.org' }, headers: { 'if-match': '"2"' } };
    expect((await gateway.call('PUT', '/v1/subscriptions/sub-9', change)).status).toBe(200);
    expect(gateway.services.lastCall('putSubscription')).toMatchObject({
      subscription: { subscriptionId: 'sub-9', channel: notificationV1.Channel.EMAIL, language: 'en', timeZone: 'UTC' },
      expectedVersion: 2,
    });
    const list = await gateway.call('GET', '/v1/subscriptions?ownerKind=Partner&ownerId=x&channel=Webhook&limit=5');
    expect(list.body).toMatchObject({
      data: [{ subscriptionId: 'sub-1', ownerId: null, filter: { idToken: 'TAG1', siteId: null } }],
      nextCursor: 'more',
    });
    expect(gateway.services.lastCall('listSubscriptions')).toMatchObject({ ownerKind: 'Partner', ownerId: 'x', pageSize: 5 });
    expect((await gateway.call('DELETE', '/v1/subscriptions/sub-9')).body).toEqual({ subscriptionId: 'sub-9' });
  });

  it('get a new secret, and a replay', async () => {
    expect((await gateway.call('POST', '/v1/subscriptions/sub-1/rotate-secret')).body).toEqual({
      secret: 'whsec_new',
      oldSecretExpiresAt: '2026-11-23T10:00:00.000Z',
    });
    const replay = await gateway.call('POST', '/v1/subscriptions/sub-1/replay', { body: { since: '2026-11-23T09:00:00Z' } });
    expect([replay.status, replay.body]).toEqual([202, { deliveries: 7 }]);
    expect(gateway.services.lastCall('replaySubscription')).toMatchObject({ subscriptionId: 'sub-1', since: '2026-11-23T09:00:00.000Z' });
  });

  it.each([
    [{ ...WEBHOOK, channel: 'Pigeon' }, '/channel'],
    [{ channel: 'Webhook' }, '/target'],
    [{ ...WEBHOOK, target: 'x'.repeat(2_049) }, '/target'],
    [{ ...WEBHOOK, language: 'it' }, '/language'],
    [{ ...WEBHOOK, filter: { kinds: ['Exploded'] } }, '/filter/kinds/0'],
    [{ ...WEBHOOK, filter: { colour: 'red' } }, '/filter/colour'],
    [{ ...WEBHOOK, quietHours: { from: '25:00', until: '07:00', timeZone: 'UTC' } }, '/quietHours/from'],
    [{ ...WEBHOOK, ownerKind: 'Cat' }, '/ownerKind'],
    [{ ...WEBHOOK, expiresAt: 'tomorrow' }, '/expiresAt'],
    [{ ...WEBHOOK, secret: 'mine' }, '/secret'],
  ])('%o is refused at %s', async (body, pointer) => {
    const answer = await gateway.call('POST', '/v1/subscriptions', { body });
    const pointers = (answer.body['errors'] as { pointer: string }[]).map((error) => error.pointer);
    expect([answer.status, [...new Set(pointers)]]).toEqual([400, [pointer]]);
  });

  it('are for operators: they hold addresses', async () => {
    const { body } = await gateway.call('POST', '/v1/api-keys', { body: { name: 'reads', role: 'viewer' } });
    const key = String(body['key']);
    for (const url of ['/v1/subscriptions', '/v1/subscriptions/sub-1', '/v1/deliveries', '/v1/deliveries/d-1', '/v1/outbox-emails'])
      expect([url, (await gateway.call('GET', url, { key })).status]).toEqual([url, 403]);
    expect((await gateway.call('GET', '/v1/push-key', { key })).body).toEqual({ publicKey: 'BPush' });
  });
});

describe('deliveries', () => {
  it('are listed, read, and sent again', async () => {
    const list = await gateway.call('GET', '/v1/deliveries?subscriptionId=sub-1&state=Dead&sessionId=s-1');
    expect(list.body).toMatchObject({
      data: [
        { deliveryId: 'd-1', state: 'Dead', reservationId: null, body: { type: 'BatteryAt' }, attempts: [{ status: 500, latencyMs: 12 }] },
      ],
      nextCursor: null,
    });
    expect(gateway.services.lastCall('listDeliveries')).toMatchObject({
      subscriptionId: 'sub-1',
      sessionId: 's-1',
      state: notificationV1.DeliveryState.DEAD,
    });
    expect((await gateway.call('GET', '/v1/deliveries?state=Lost')).status).toBe(400);
    expect((await gateway.call('GET', '/v1/deliveries/d-7')).body).toMatchObject({ deliveryId: 'd-7' });
    const again = await gateway.call('POST', '/v1/deliveries/d-7/redeliver');
    expect([again.status, again.body['deliveryId']]).toEqual([202, 'd-7']);
  });
});

describe('the outbox', () => {
  it('lists e-mails, and has a page that asks for them with a key', async () => {
    expect((await gateway.call('GET', '/v1/outbox-emails')).body).toMatchObject({ data: [{ emailId: 'd-1', html: '<p>Hi</p>' }] });
    const page = await gateway.call('GET', '/outbox', { key: null });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(String(page.body['text'])).toContain('sandbox=""');
    for (const [file, type] of [
      ['outbox.js', 'text/javascript'],
      ['outbox.css', 'text/css'],
    ] as const)
      expect((await gateway.call('GET', `/outbox/${file}`, { key: null })).headers['content-type']).toContain(type);
  });
});
