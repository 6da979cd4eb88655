import { reservationV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';

let gateway: GatewayUnderTest;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.app.close());

const POLICY = {
  enabled: true,
  leadSecondsMax: 3_600,
  lengthSecondsMax: 3_600,
  lengthSecondsDefault: 900,
  activePerTokenMax: 2,
  expiringNoticeSeconds: 60,
  openingHours: [{ weekday: 1, from: '06:00', until: '24:00' }],
};

describe('reservations', () => {
  it('are made, in UTC whatever the offset, with a place to find them', async () => {
    const body = { stationId: 'CP-1', evseId: 1, idToken: 'TAG1', startsAt: '2026-11-23T12:00:00+02:00' };
    const answer = await gateway.call('POST', '/v1/reservations', { body, headers: { 'idempotency-key': 'k' } });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe('/v1/reservations/R-1');
    expect(answer.body).toMatchObject({
      reservationId: 'R-1',
      state: 'Active',
      stationHold: 'NotSupported',
      endReason: null,
      siteId: null,
    });
    expect(gateway.services.lastCall('reserve')).toMatchObject({
      idToken: { idToken: 'TAG1', type: 'ISO14443' },
      startsAt: '2026-11-23T10:00:00.000Z',
      expiresAt: undefined,
      idempotencyKey: expect.stringMatching(/^[\da-f]{32}$/),
    });
  });

  it('that cannot be are refused with the word for why', async () => {
    const taken = await gateway.call('POST', '/v1/reservations', { body: { stationId: 'CP-1', evseId: 2, idToken: 'TAG1' } });
    expect([taken.status, taken.body['type']]).toEqual([409, 'urn:voltlog:problem:evse-reserved']);
    for (const body of [
      { idToken: 'T' },
      { siteId: 'depot', evseId: 1, idToken: 'T' },
      { stationId: 'CP-1' },
      { stationId: 'CP-1', idToken: '', groupId: 'FLEET' },
      { stationId: 'CP-1', idToken: 'T', startsAt: 'soon' },
    ])
      expect((await gateway.call('POST', '/v1/reservations', { body })).status, JSON.stringify(body)).toBe(400);
  });

  it('are made for a group alone', async () => {
    const answer = await gateway.call('POST', '/v1/reservations', { body: { stationId: 'CP-1', evseId: 1, groupId: 'FLEET' } });
    expect([answer.status, answer.body['idToken'], answer.body['idTokenType']]).toEqual([201, null, null]);
    expect(answer.body['groupId']).toBe('FLEET');
    expect(gateway.services.lastCall('reserve')).toMatchObject({ idToken: undefined, groupId: 'FLEET' });
    await gateway.call('GET', '/v1/reservations?groupId=FLEET');
    expect(gateway.services.lastCall('listReservations')).toMatchObject({ groupId: 'FLEET', idToken: '' });
  });

  it('are listed, read and cancelled', async () => {
    const list = await gateway.call('GET', '/v1/reservations?state=Active&stationId=CP-1&limit=1');
    expect(list.body).toMatchObject({ data: [{ reservationId: 'R-1' }], nextCursor: 'more' });
    expect(gateway.services.lastCall('listReservations')).toMatchObject({ pageSize: 1, state: reservationV1.ReservationState.ACTIVE });
    const one = await gateway.call('GET', '/v1/reservations/R-1');
    expect([one.status, one.headers['etag']]).toEqual([200, '"2"']);
    const gone = await gateway.call('POST', '/v1/reservations/R-1/cancel', { body: { reason: 'ByDriver' } });
    expect(gone.body).toMatchObject({ state: 'Cancelled', endReason: 'ByDriver' });
    expect((await gateway.call('POST', '/v1/reservations/R-1/cancel', { body: { reason: 'NoShow' } })).status).toBe(400);
  });

  it('follow a policy that an admin sets', async () => {
    expect((await gateway.call('GET', '/v1/reservation-policy')).body).toMatchObject({ siteId: null, own: false, activePerTokenMax: 1 });
    const put = await gateway.call('PUT', '/v1/reservation-policy', { body: POLICY, headers: { 'if-match': '"3"' } });
    expect(put.body).toMatchObject({ ...POLICY, own: true, version: 1 });
    expect(gateway.services.lastCall('putPolicy')).toMatchObject({ expectedVersion: 3, policy: { siteId: '' } });
    expect((await gateway.call('PUT', '/v1/sites/nowhere/reservation-policy', { body: POLICY })).status).toBe(404);
    const wrong = { ...POLICY, openingHours: [{ weekday: 8, from: '6', until: '24:00' }] };
    expect((await gateway.call('PUT', '/v1/reservation-policy', { body: wrong })).status).toBe(400);
  });
});
