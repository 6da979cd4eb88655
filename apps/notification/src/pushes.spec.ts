import { createPublicKey, verify } from 'node:crypto';
import { notificationV1 } from '@voltlog/proto';
import { PushBrowser, Receiver, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { milestone, NotificationUnderTest } from './testing/harness.js';

const { DELIVERED, DEAD, PENDING } = notificationV1.DeliveryState;

let service: NotificationUnderTest;
let pushService: Receiver;
let browser: PushBrowser;
beforeEach(async () => {
  service = await NotificationUnderTest.start({ environment: { NOTIFICATION_VAPID_SUBJECT: 'mailto:ops@ladenetz.example' } });
  pushService = await Receiver.start((response) => response.writeHead(201).end());
  browser = new PushBrowser();
});
afterEach(async () => {
  await service.stop();
  await pushService.stop();
});

const subscribe = (change: object = {}) =>
  service.subscribe({
    channel: notificationV1.Channel.WEB_PUSH,
    target: pushService.url,
    pushKeys: browser.keys,
    language: 'nl',
    ...change,
  });

const matched = (sessionId: string, startRequestId: string) =>
  milestone(
    { startRequestId, sessionId, stationId: 'CP-1', at: '2026-11-24T18:00:00.000Z' },
    { type: 'voltlog.session.StartRequestMatched.v1' },
  );

describe('a push of one start', () => {
  it.each(['the session was told of before', 'it was known first'])(
    'tells of the session it became, once, and of no other: %s',
    async (when) => {
      const { id } = await subscribe({ filter: { startRequestId: 'sr-1' } });
      const began = milestone({ idToken: { idToken: 'TAG', type: 'Local' } });
      const others = milestone({ sessionId: 's-2', idToken: { idToken: 'TAG', type: 'Local' }, startRequestId: 'sr-2' });
      const match = matched('s-1', 'sr-1');
      const order = when === 'it was known first' ? [match, began] : [began, match];
      for (const event of [...order, others, milestone({ sessionId: 's-3' })]) await service.tell(event);
      for (const event of order) await service.tell(event);
      await service.tell(milestone({ milestone: 'ChargingEnded', startRequestId: 'sr-1' }));
      await until(async () => (await service.deliveriesOf(id)).length === 2, 'both are on their way');
      await until(() => pushService.received.length === 2, 'both are told');
      expect(pushService.received.map(({ body }) => (JSON.parse(browser.decrypt(body)) as { kind: string }).kind)).toEqual([
        'ChargingStarted',
        'ChargingEnded',
      ]);
    },
  );
});

describe('a push', () => {
  it('can be read by its browser alone, and is signed with the key that browsers are given', async () => {
    const { id, secret } = await subscribe();
    expect(secret).toBe('');
    await service.tell(milestone({ milestone: 'BatteryFull' }));
    await service.delivery(id, DELIVERED, 1);
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = pushService.received;
    expect(headers).toMatchObject({
      'content-encoding': 'aes128gcm',
      ttl: '14400',
      urgency: 'normal',
      topic: expect.stringMatching(/^[\w-]{32}$/),
    });
    expect(JSON.parse(browser.decrypt(body))).toEqual({
      title: 'Accu vol',
      body: 'De accu van uw auto bij CP-1 (Laadpunt 1) is vol.',
      url: '/c/CP-1*1',
      kind: 'BatteryFull',
      tag: expect.stringMatching(/^[\w-]{32}$/),
    });
    expect(() => new PushBrowser().decrypt(body)).toThrow();

    const { publicKey } = await service.grpc.getPushKey({});
    const { t = '', k = '' } = Object.fromEntries(
      String(pushService.received[0]?.headers.authorization)
        .replace('vapid ', '')
        .split(', ')
        .map((part) => part.split('=', 2)),
    ) as { t?: string; k?: string };
    expect(k).toBe(publicKey);
    const [header = '', claims = '', signature = ''] = t.split('.');
    const point = Buffer.from(publicKey, 'base64url');
    const key = createPublicKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') },
    });
    const isSigned = verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    expect(isSigned).toBe(true);
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      aud: `http://127.0.0.1:${pushService.port}`,
      sub: 'mailto:ops@ladenetz.example',
    });
    // RFC 8292 §2: a day at most.
    const { exp = 0 } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp?: number };
    const hoursLeft = (exp * 1_000 - Date.now()) / 3_600_000;
    expect([JSON.parse(Buffer.from(header, 'base64url').toString()), hoursLeft > 1 && hoursLeft <= 24]).toEqual([
      { typ: 'JWT', alg: 'ES256' },
      true,
    ]);
  });

  it('that is urgent says so', async () => {
    const { id } = await subscribe({ filter: { sessionId: 's-1' } });
    await service.tell(milestone({ milestone: 'Faulted' }));
    await service.delivery(id, DELIVERED);
    expect(pushService.received[0]?.headers['urgency']).toBe('high');
  });

  it.each([404, 410])('to a browser that is gone (%i) switches the subscription off', async (status) => {
    pushService.answer = (response) => response.writeHead(status).end();
    const { id } = await subscribe();
    await service.tell(milestone());
    await service.delivery(id, DEAD, 1);
    await expect.poll(async () => (await service.grpc.getSubscription({ subscriptionId: id })).subscription?.status).toBe('Gone');
  });

  it('is tried again when the push service is busy, and given up when it is too large', async () => {
    pushService.answer = (response) => response.writeHead(429, { 'retry-after': '60' }).end();
    const busy = await subscribe();
    await service.tell(milestone());
    expect((await service.delivery(busy.id, PENDING, 1)).nextAttemptAt).toBe('2026-11-24T18:01:00.000Z');
    pushService.answer = (response) => response.writeHead(413).end();
    service.pass(60_000);
    await service.delivery(busy.id, DEAD, 2);
  });

  it('keeps its keys encrypted, shows them to nobody, and survives a change without them', async () => {
    const { id } = await subscribe();
    const stored = JSON.stringify(await service.store.streams.load([`subscription:${id}`]).then((streams) => [...streams]));
    expect(stored).not.toContain(browser.keys.auth);
    const { subscription } = await service.grpc.getSubscription({ subscriptionId: id });
    expect(subscription?.pushKeys).toBeUndefined();
    await service.grpc.putSubscription({
      subscription: notificationV1.Subscription.fromPartial({ ...subscription, language: 'en', pushKeys: undefined }),
      expectedVersion: 1,
      idempotencyKey: '',
    });
    await service.tell(milestone());
    await service.delivery(id, DELIVERED);
    expect(browser.decrypt(pushService.received[0]?.body ?? Buffer.alloc(0))).toContain('Charging started');
  });

  it.each([
    [{ pushKeys: undefined }, /missing/],
    [{ pushKeys: { p256dh: 'short', auth: 'AAAAAAAAAAAAAAAAAAAAAA' } }, /65 bytes/],
    [{ pushKeys: { p256dh: 'A'.repeat(87), auth: 'short' } }, /65 bytes/],
  ])('%o is refused', async (change, problem) => {
    await expect(subscribe(change)).rejects.toThrow(problem);
  });

  it('has one pair of keys for ever, over restarts', async () => {
    const { publicKey } = await service.grpc.getPushKey({});
    const again = await NotificationUnderTest.start({ log: service.log, store: service.store, clock: service.clock });
    expect(await again.grpc.getPushKey({})).toEqual({ publicKey });
    await again.parts.stop();
  });
});
