import { OperatingError, RequestError } from '@voltlog/kernel';
import { deviceV1, sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServices, session, station } from './testing/fake-services.js';
import { type GatewayUnderTest, startGateway } from './testing/gateway-under-test.js';

const AT = '2026-11-23T10:00:00.000Z';

/** Answers what was asked for; one session runs, `s-2` has ended. */
class ChargingServices extends FakeServices {
  protected override sessions(): Partial<sessionV1.SessionService> {
    const note = (method: string, request: unknown): void => void this.calls.push({ method, request });
    const running = (sessionId: string): void => {
      if (sessionId === 's-2') throw new RequestError('FAILED_PRECONDITION', 'session s-2 has ended', 'SessionEnded');
    };
    return {
      ...super.sessions(),
      requestStart: async (request) => {
        note('requestStart', request);
        const { stationId, evseId, idToken, limit } = request;
        const startRequest = sessionV1.StartRequest.fromPartial({
          startRequestId: 'sr-1',
          state: sessionV1.StartRequestState.ACCEPTED,
          createdAt: AT,
          updatedAt: AT,
        });
        const away = stationId === 'CP-1' ? {} : { state: sessionV1.StartRequestState.REFUSED, reason: 'Offline' };
        return { startRequest: { ...startRequest, ...away, stationId, evseId, idToken, limit } };
      },
      getStartRequest: async ({ startRequestId }) => {
        throw new RequestError('NOT_FOUND', `no start request ${startRequestId}`, 'UnknownStartRequest');
      },
      cancelStart: async (request) => {
        note('cancelStart', request);
        const startRequest = { startRequestId: request.startRequestId, state: sessionV1.StartRequestState.CANCELLED, createdAt: AT };
        return { startRequest: sessionV1.StartRequest.fromPartial(startRequest) };
      },
      requestStop: async (request) => {
        note('requestStop', request);
        running(request.sessionId);
        return { session: session(request.sessionId), stationStatus: 'Accepted' };
      },
      setLimit: async (request) => {
        note('setLimit', request);
        running(request.sessionId);
        return { session: session(request.sessionId, { limit: request.limit }) };
      },
      getReceipt: async ({ sessionId }) => ({
        receipt: sessionV1.Receipt.fromPartial({
          session: session(sessionId, {
            milestones: [{ kind: 'LimitReached', at: AT, stateOfChargePercent: undefined, dimension: 'energy' }],
          }),
          total: { amount: '1.50', currency: 'EUR' },
          curve: [{ at: AT, energyWh: 5 }],
        }),
      }),
      getPrice: async ({ scope, stationId }) => ({
        price:
          scope === 'default' || stationId === 'CP-1'
            ? { scope: 'default', currency: 'EUR', perKwh: '0.45', perMinute: '0', perSession: '0', version: 3 }
            : undefined,
      }),
      removePrice: async (request) => {
        note('removePrice', request);
        if (request.expectedVersion === 2) throw new RequestError('ABORTED', 'changed', 'VersionMismatch');
        return {};
      },
      putPrice: async (request) => {
        note('putPrice', request);
        if (request.mustBeNew) throw new RequestError('ABORTED', 'a price is set already', 'PriceExists');
        if (request.expectedVersion === 2) throw new RequestError('ABORTED', 'changed', 'VersionMismatch');
        return { price: request.price === undefined ? undefined : { ...request.price, version: 4 } };
      },
    };
  }
}

let gateway: GatewayUnderTest<ChargingServices>;
beforeEach(async () => {
  gateway = await startGateway({ GATEWAY_ADMIN_KEY: `voltlog_live_admin01_${'a'.repeat(43)}` }, new ChargingServices());
});
afterEach(() => gateway.app.close());

describe('charging', () => {
  it('starts on request, with a limit', async () => {
    const body = { stationId: 'CP-1', evseId: 1, idToken: 'TAG1', limit: { energyWh: 5_000, cost: { amount: '12.50', currency: 'EUR' } } };
    const { status, headers, body: made } = await gateway.call('POST', '/v1/start-requests', { body });
    expect([status, headers['location']]).toEqual([201, '/v1/start-requests/sr-1']);
    expect(made).toMatchObject({ state: 'Accepted', sessionId: null, limit: { energyWh: 5_000, durationSeconds: null } });
    expect(gateway.services.lastCall('requestStart')).toMatchObject({
      idToken: { idToken: 'TAG1', type: 'Central' },
      limit: { cost: { amount: '12.50' } },
    });
    expect((await gateway.call('GET', '/v1/start-requests/x')).status).toBe(404);
    const cancelled = await gateway.call('POST', '/v1/start-requests/sr-1/cancel', { body: {} });
    expect(cancelled).toMatchObject({ status: 200, body: { startRequestId: 'sr-1', state: 'Cancelled' } });
    expect(gateway.services.lastCall('cancelStart')).toMatchObject({ requestedBy: 'Operator' });
  });

  it('does not say of a station that nobody knows that it is offline', async () => {
    const order = (stationId: string) => gateway.call('POST', '/v1/start-requests', { body: { stationId, idToken: 'T' } });
    gateway.services.stations.set('CP-AWAY', station('CP-AWAY'));
    expect(await order('CP-AWAY')).toMatchObject({ status: 201, body: { state: 'Refused', reason: 'Offline' } });
    expect(await order('CP-NONE')).toMatchObject({ status: 404, body: { type: 'urn:voltlog:problem:station-unknown' } });
  });

  it('asks nothing of a station for an EVSE that it does not have', async () => {
    const order = (stationId: string, evseId: number) =>
      gateway.call('POST', '/v1/start-requests', { body: { stationId, evseId, idToken: 'T' } });
    const unknown = { status: 404, body: { type: 'urn:voltlog:problem:evse-unknown', detail: 'Station CP-1 has no EVSE 2.' } };
    expect(await order('CP-1', 2)).toMatchObject(unknown);
    expect(gateway.services.lastCall('requestStart')).toBeUndefined();
    gateway.services.stations.set('CP-NEW', station('CP-NEW', { evses: [] }));
    for (const [stationId, evseId] of [
      ['CP-1', 1],
      ['CP-1', 0],
      ['CP-NEW', 2],
    ] as const)
      expect((await order(stationId, evseId)).status).toBe(201);
    gateway.services.deviceError = new OperatingError('ServiceUnreachable', 'nobody is there');
    expect((await order('CP-1', 2)).status).toBe(201);
  });

  it.each([
    { energyWh: 0 },
    { durationSeconds: 1.5 },
    { stateOfChargePercent: 101 },
    { cost: { amount: '12,50', currency: 'EUR' } },
    { cost: { amount: '1', currency: 'eur' } },
    { watts: 1 },
  ])('refuses the limit %j', async (limit) => {
    expect((await gateway.call('PUT', '/v1/sessions/s-1/limit', { body: limit })).status).toBe(400);
    expect((await gateway.call('POST', '/v1/start-requests', { body: { stationId: 'CP-1', idToken: 'T', limit } })).status).toBe(400);
  });

  it('stops a session and says what the station said; one that ended is a conflict', async () => {
    const stopped = await gateway.call('POST', '/v1/sessions/s-1/stop', { body: {}, headers: { 'idempotency-key': 'k' } });
    expect(stopped).toMatchObject({ status: 200, body: { stationStatus: 'Accepted', session: { sessionId: 's-1' } } });
    expect(gateway.services.lastCall('requestStop')).toMatchObject({
      requestedBy: 'Operator',
      idempotencyKey: expect.stringMatching(/^.{32}$/),
    });
    const ended = await gateway.call('POST', '/v1/sessions/s-2/stop', { body: {} });
    expect([ended.status, ended.body['type']]).toEqual([409, 'urn:voltlog:problem:session-ended']);
  });

  it('refuses a cost in a currency that nothing is counted in', async () => {
    const refused = { status: 422, body: { type: 'urn:voltlog:problem:other-currency' } };
    const cost = { amount: '5.00', currency: 'CHF' };
    const order = (stationId: string, currency: string) =>
      gateway.call('POST', '/v1/start-requests', { body: { stationId, evseId: 1, idToken: 'T', limit: { cost: { ...cost, currency } } } });
    expect(await gateway.call('PUT', '/v1/sessions/s-1/limit', { body: { cost } })).toMatchObject(refused);
    expect(await order('CP-1', 'CHF')).toMatchObject(refused);
    expect(await order('CP-9', 'EUR')).toMatchObject(refused);
    expect(gateway.services.calls).toEqual([]);
    expect((await gateway.call('PUT', '/v1/sessions/s-1/limit', { body: { cost: { ...cost, currency: 'EUR' } } })).status).toBe(200);
    expect((await order('CP-1', 'EUR')).status).toBe(201);
  });

  it('sets a limit, and an empty one takes it away', async () => {
    const set = await gateway.call('PUT', '/v1/sessions/s-1/limit', { body: { durationSeconds: 3_600 } });
    expect(set).toMatchObject({ status: 200, body: { limit: { durationSeconds: 3_600, energyWh: null, cost: null } } });
    expect((await gateway.call('PUT', '/v1/sessions/s-1/limit', { body: {} })).status).toBe(200);
    expect(gateway.services.lastCall('setLimit')).toMatchObject({
      requestedBy: 'Operator',
      limit: { energyWh: undefined, durationSeconds: undefined },
    });
    expect((await gateway.call('PUT', '/v1/sessions/s-2/limit', { body: {} })).status).toBe(409);
  });

  it('gives a receipt', async () => {
    expect((await gateway.call('GET', '/v1/sessions/s-1/receipt')).body).toMatchObject({
      session: { milestones: [{ kind: 'LimitReached', dimension: 'energy' }] },
      price: null,
      total: { amount: '1.50', currency: 'EUR' },
      curve: [{ energyWh: 5, powerW: null }],
    });
  });

  it('reads and sets prices at the version that was read', async () => {
    const read = await gateway.call('GET', '/v1/prices/default');
    expect([read.status, read.headers['etag'], read.body['perKwh']]).toEqual([200, '"3"', '0.45']);
    expect((await gateway.call('GET', '/v1/prices/site:S')).status).toBe(404);
    const body = { currency: 'EUR', perKwh: '0.50' };
    const put = await gateway.call('PUT', '/v1/prices/station:CP-1', { body, headers: { 'if-match': '"3"' } });
    expect([put.status, put.headers['etag']]).toEqual([200, '"4"']);
    expect(gateway.services.lastCall('putPrice')).toMatchObject({
      price: { scope: 'station:CP-1', perKwh: '0.50', perMinute: '0', perSession: '0' },
      expectedVersion: 3,
    });
    expect((await gateway.call('PUT', '/v1/prices/default', { body, headers: { 'if-match': '"2"' } })).status).toBe(412);
    const there = await gateway.call('PUT', '/v1/prices/default', { body, headers: { 'if-none-match': '*' } });
    expect([there.status, there.headers['content-type'], there.body['type']]).toEqual([
      412,
      expect.stringContaining('application/problem+json'),
      'urn:voltlog:problem:price-exists',
    ]);
    expect(gateway.services.lastCall('putPrice')).toMatchObject({ mustBeNew: true, expectedVersion: 0 });
    expect((await gateway.call('PUT', '/v1/prices/default', { body, headers: { 'if-none-match': '"3"' } })).status).toBe(400);
    expect((await gateway.call('PUT', '/v1/prices/everywhere', { body })).status).toBe(400);
    expect((await gateway.call('PUT', '/v1/prices/default', { body: { currency: 'EUR', perKwh: '-1' } })).status).toBe(400);
  });

  it('puts a price back as it was read, and takes it away at the version that was read', async () => {
    const { body } = await gateway.call('GET', '/v1/prices/default');
    expect((await gateway.call('PUT', '/v1/prices/station:CP-1', { body })).status).toBe(200);
    expect(gateway.services.lastCall('putPrice')).toMatchObject({ price: { scope: 'station:CP-1', perKwh: '0.45', version: 0 } });
    const take = (version: number) => gateway.call('DELETE', '/v1/prices/default', { headers: { 'if-match': `"${version}"` } });
    expect((await take(3)).status).toBe(200);
    expect(gateway.services.lastCall('removePrice')).toMatchObject({ scope: 'default', expectedVersion: 3 });
    expect((await take(2)).status).toBe(412);
  });

  it.each([
    ['station:CP-1', 200, undefined],
    ['station:CP-2', 404, 'urn:voltlog:problem:station-unknown'],
    ['site:harbour', 200, undefined],
    ['site:north:1', 200, undefined],
    ['site:north', 404, 'urn:voltlog:problem:site-unknown'],
  ])('sets a price for what there is alone: %s %i', async (scope, status, type) => {
    for (const siteId of ['harbour', 'north:1']) gateway.services.sites.set(siteId, deviceV1.Site.fromPartial({ siteId }));
    const put = await gateway.call('PUT', `/v1/prices/${scope}`, { body: { currency: 'EUR', perKwh: '0.50' } });
    expect([put.status, put.body['type']]).toEqual([status, type]);
    expect(gateway.services.lastCall('putPrice') !== undefined).toBe(status === 200);
  });
});
