import { afterEach, describe, expect, it } from 'vitest';
import { BoundedMap } from '../bounded-map.js';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { allows, makeKey, parseKey } from './api-key.js';
import { RateLimit } from './rate-limit.js';

let gateway: GatewayUnderTest;
afterEach(() => gateway?.app.close());

describe('API keys', () => {
  it('the first start makes one admin key and tells it once', async () => {
    gateway = await startGateway({});
    const key = gateway.announced.get('admin-key') ?? '';
    expect((await gateway.call('GET', '/v1/me', { key })).body).toMatchObject({
      role: 'admin',
      platform: { ocppUrl: 'ws://localhost:9220/ocpp/' },
    });
  });

  it('a fixed admin key is taken and not told', async () => {
    gateway = await startGateway();
    expect(gateway.announced.size).toBe(0);
    expect((await gateway.call('GET', '/v1/me')).status).toBe(200);
  });

  it('a changed secret, an unknown id, another scheme and no header open nothing', async () => {
    gateway = await startGateway();
    for (const key of [ADMIN_KEY.replace(/a$/, 'b'), makeKey().key, 'nonsense', '']) {
      const { status, headers, body } = await gateway.call('GET', '/v1/me', { key });
      expect([status, headers['www-authenticate'], body['type']]).toEqual([
        401,
        'Bearer realm="voltlog"',
        'urn:voltlog:problem:unauthenticated',
      ]);
    }
    expect((await gateway.call('GET', '/v1/me', { key: null, headers: { authorization: `Basic ${ADMIN_KEY}` } })).status).toBe(401);
    expect((await gateway.call('GET', `/v1/me?access_token=${ADMIN_KEY}`, { key: null })).status).toBe(401);
  });

  it.each(['/v1/me', '/%761/me', '//v1/me', '/v1//me', '/x/../v1/me', '/V1/me', '/v1/me/', '/v1/%6de'])(
    '%s gives nothing without a key',
    async (url) => {
      gateway = await startGateway();
      const { status, body } = await gateway.call('GET', url, { key: null });
      expect([401, 404]).toContain(status);
      expect(JSON.stringify(body)).not.toContain('ocppUrl');
    },
  );

  it('a key does what its role may, is shown once, and ends when revoked', async () => {
    gateway = await startGateway();
    const made = await gateway.call('POST', '/v1/api-keys', { body: { name: 'desk', role: 'operator' } });
    const key = String(made.body['key']);
    expect(made.status).toBe(201);
    expect((await gateway.call('POST', '/v1/stations/CP-1/commands/reset', { key, body: {} })).status).toBe(200);
    expect((await gateway.call('POST', '/v1/stations', { key, body: { stationId: 'CP-7' } })).status).toBe(403);
    const listed = await gateway.call('GET', '/v1/api-keys');
    expect(JSON.stringify(listed.body)).not.toContain(parseKey(key)?.secret);
    expect(listed.body).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ name: 'desk', role: 'operator', revokedAt: null })]),
    });
    expect((await gateway.call('DELETE', `/v1/api-keys/${String(made.body['keyId'])}`)).status).toBe(200);
    expect((await gateway.call('GET', '/v1/me', { key })).status).toBe(401);
  });

  it('a key cannot revoke itself, so nobody is locked out by a slip', async () => {
    gateway = await startGateway();
    expect(await gateway.call('DELETE', '/v1/api-keys/admin01')).toMatchObject({
      status: 409,
      body: { type: 'urn:voltlog:problem:own-key' },
    });
    expect((await gateway.call('DELETE', '/v1/api-keys/nobody')).status).toBe(404);
  });

  it('roles are ordered', () => {
    expect([allows('admin', 'viewer'), allows('operator', 'operator'), allows('operator', 'admin'), allows('viewer', 'operator')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('rate limits', () => {
  it('a key gets its burst, then waits, then goes on', async () => {
    gateway = await startGateway({ GATEWAY_ADMIN_KEY: ADMIN_KEY, RATE_LIMIT_BURST: '3', RATE_LIMIT_PER_SECOND: '1' });
    for (let i = 0; i < 3; i += 1) expect((await gateway.call('GET', '/v1/me')).status).toBe(200);
    const refused = await gateway.call('GET', '/v1/me');
    expect([refused.status, refused.headers['retry-after'], refused.headers['ratelimit-policy']]).toEqual([429, '1', '"default";q=3;w=3']);
    gateway.clock.ms += 1_000;
    expect((await gateway.call('GET', '/v1/me')).status).toBe(200);
  });

  it('guessing keys is slowed down by address, while a right key goes on', async () => {
    gateway = await startGateway();
    const statuses = new Set<number>();
    for (let i = 0; i < 40; i += 1) statuses.add((await gateway.call('GET', '/v1/me', { key: makeKey().key })).status);
    expect([...statuses]).toEqual([401, 429]);
    expect((await gateway.call('GET', '/v1/me')).status).toBe(200);
  });

  it('never gives more than the burst after a long rest, and bounds what it remembers', () => {
    const limit = new RateLimit(2, 1);
    limit.take('a', 0);
    expect(limit.take('a', 1e9).remaining).toBe(1);
    const bounded = new BoundedMap<number>(2);
    bounded.set('a', 1);
    bounded.set('b', 2);
    bounded.get('a');
    bounded.set('c', 3);
    expect([bounded.get('a'), bounded.get('b'), bounded.get('c'), bounded.size]).toEqual([1, undefined, 3, 2]);
  });
});
