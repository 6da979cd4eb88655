import { OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { LEASE_MS, RENEW_MS } from './idempotency.interceptor.js';
import { open, seal, sealingKey } from './seal.js';

let gateway: GatewayUnderTest;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.app.close());

const register = (stationId: string, idempotencyKey: string, key?: string) =>
  gateway.call('POST', '/v1/stations', {
    body: { stationId },
    headers: { 'idempotency-key': idempotencyKey },
    ...(key === undefined ? {} : { key }),
  });

describe('Idempotency-Key', () => {
  it('the same write again gives the first answer, also what is shown once, and acts no second time', async () => {
    const first = await register('CP-5', 'k1');
    const again = await register('CP-5', 'k1');
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect([again.headers['idempotency-replayed'], again.headers['location']]).toEqual(['true', '/v1/stations/CP-5']);
    expect(gateway.services.registrations).toBe(1);
  });

  it('another body with the same key is 422; another key, route or caller is another write', async () => {
    await register('CP-5', 'k1');
    expect(await register('CP-6', 'k1')).toMatchObject({ status: 422, body: { type: 'urn:voltlog:problem:idempotency-key-reused' } });
    expect((await register('CP-6', 'k2')).status).toBe(201);
    const made = await gateway.call('POST', '/v1/api-keys', { body: { name: 'b', role: 'admin' } });
    expect((await register('CP-7', 'k1', String(made.body['key']))).status).toBe(201);
  });

  it('a second one while the first is under way is 409', async () => {
    let openGate = (): void => undefined;
    gateway.services.gate = new Promise((resolve) => {
      openGate = resolve;
    });
    const first = register('CP-5', 'k1');
    await expect.poll(() => gateway.services.lastCall('registerStation')).toBeDefined();
    expect(await register('CP-5', 'k1')).toMatchObject({ status: 409, body: { type: 'urn:voltlog:problem:idempotency-key-in-use' } });
    openGate();
    expect((await first).status).toBe(201);
  });

  it('the key of a process that died is free again soon, and of a write under way never', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      gateway.services.gate = new Promise(() => undefined);
      void register('CP-5', 'k1');
      await expect.poll(() => gateway.services.lastCall('registerStation')).toBeDefined();
      gateway.services.gate = Promise.resolve();
      const passed = async (): Promise<unknown> => {
        gateway.clock.ms += RENEW_MS;
        vi.advanceTimersByTime(RENEW_MS);
        return (await register('CP-5', 'k1')).status;
      };
      for (let ms = 0; ms < 2 * LEASE_MS; ms += RENEW_MS) expect(await passed()).toBe(409);
      // The process that took it says nothing any more.
      vi.clearAllTimers();
      gateway.clock.ms += LEASE_MS - 1;
      expect(await register('CP-5', 'k1')).toMatchObject({ status: 409, headers: { 'retry-after': '1' } });
      gateway.clock.ms += 1;
      expect((await register('CP-5', 'k1')).status).toBe(201);
    } finally {
      vi.useRealTimers();
    }
  });

  it('a refusal is kept too; what surely did not happen may be tried again', async () => {
    const stop = () =>
      gateway.call('POST', '/v1/stations/CP-1/commands/request-stop', {
        body: { transactionId: '1' },
        headers: { 'idempotency-key': 'k' },
      });
    gateway.services.commandAnswer = { status: connectionV1.CommandStatus.BUSY };
    expect((await stop()).status).toBe(429);
    gateway.services.commandAnswer = { status: connectionV1.CommandStatus.TIMED_OUT };
    expect((await stop()).status).toBe(504);
    gateway.services.commandAnswer = {};
    expect(await stop()).toMatchObject({ status: 504, body: { type: 'urn:voltlog:problem:station-timeout', stationId: 'CP-1' } });
  });

  it('a command is not sent again under its key when its service went away, since it may have been sent', async () => {
    const reset = () =>
      gateway.call('POST', '/v1/stations/CP-1/commands/reset', { body: { type: 'OnIdle' }, headers: { 'idempotency-key': 'k9' } });
    gateway.services.connectionError = new OperatingError('ServiceUnavailable', 'away');
    expect((await reset()).status).toBe(503);
    gateway.services.connectionError = undefined;
    const again = await reset();
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([503, 'true']);
  });

  it('a write that happened is answered, also when its answer cannot be kept', async () => {
    let openGate = (): void => undefined;
    gateway.services.gate = new Promise((resolve) => {
      openGate = resolve;
    });
    const first = register('CP-5', 'k1');
    await expect.poll(() => gateway.services.lastCall('registerStation')).toBeDefined();
    await gateway.store.close();
    openGate();
    expect((await first).status).toBe(201);
  });

  it('services are told the same key for the same write, and another for another body or caller', async () => {
    const put = async (status: string, key: string, apiKey?: string) => {
      await gateway.call('PUT', '/v1/tokens/TAG1', {
        body: { status },
        headers: { 'idempotency-key': key },
        ...(apiKey === undefined ? {} : { key: apiKey }),
      });
      return (gateway.services.lastCall('putToken') as { idempotencyKey: string }).idempotencyKey;
    };
    const first = await put('Blocked', 'k1');
    gateway.clock.ms += 25 * 3_600_000;
    expect(await put('Blocked', 'k1')).toBe(first);
    gateway.clock.ms += 25 * 3_600_000;
    const unblocked = await put('Active', 'k1');
    const made = await gateway.call('POST', '/v1/api-keys', { body: { name: 'b', role: 'admin' } });
    const others = await put('Blocked', 'k1', String(made.body['key']));
    expect(new Set([first, unblocked, others, await put('Blocked', 'k2')]).size).toBe(4);
  });

  it('an answer is forgotten after a day', async () => {
    await register('CP-5', 'k1');
    gateway.clock.ms += 25 * 3_600_000;
    expect((await register('CP-5', 'k1')).status).toBe(409);
    expect(gateway.services.registrations).toBe(2);
  });

  it('keys over the limit are refused', async () => {
    expect((await register('CP-5', 'k'.repeat(128))).status).toBe(201);
    expect((await register('CP-6', 'k'.repeat(129))).status).toBe(400);
  });

  it('an answer can be read only with the key that asked', () => {
    const sealed = seal({ password: 'secret' }, sealingKey('Bearer a', 'k'));
    expect(sealed).not.toContain('secret');
    expect(open(sealed, sealingKey('Bearer a', 'k'))).toEqual({ password: 'secret' });
    expect(() => open(sealed, sealingKey('Bearer b', 'k'))).toThrow();
  });
});
