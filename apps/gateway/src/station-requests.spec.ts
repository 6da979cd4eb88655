import { requestCase, requestPath, STATION_REQUESTS, type StationRequestAction } from '@voltlog/connection-contract';
import { connectionV1, stationRequestsV1 } from '@voltlog/proto';
import { fullRequest } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayUnderTest, startGateway } from './testing/gateway-under-test.js';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.app.close());

const actions = Object.keys(STATION_REQUESTS) as StationRequestAction[];
const post = (action: string, body: object) =>
  gateway.call('POST', `/v1/stations/CP-1/commands/${requestPath(action)}`, { body: body as Record<string, unknown> });
const sent = () => {
  const request = gateway.services.calls.findLast(({ method }) => method === 'sendCommand')?.request as connectionV1.SendCommandRequest;
  return request.command?.$case === 'stationRequest' ? request.command.value : undefined;
};

/** What is empty or not set, as the proto type has it, taken out again. */
const set = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, field: unknown) => (Array.isArray(field) && field.length === 0 ? undefined : field)));

describe('requests in the words of OCPP 2.1', () => {
  it.each(actions)('%s: every field reaches the service, and survives the wire', async (action) => {
    const body = fullRequest(action);
    const { status } = await post(action, body);
    expect(status).toBe(200);
    const request = sent();
    expect(set(request)).toEqual({ request: { $case: requestCase(action), value: body } });
    const wire = stationRequestsV1.StationRequest.encode(request ?? { request: undefined }).finish();
    expect(set(stationRequestsV1.StationRequest.decode(wire))).toEqual(set(request));
  });

  it.each(actions)('%s: a field that it does not have is refused and named', async (action) => {
    const body = fullRequest(action);
    const { status, body: problem } = await post(action, { ...body, customData: { vendorId: 'v' } });
    expect(status).toBe(400);
    expect(JSON.stringify(problem['errors'])).toContain('customData');
  });

  it.each([
    ['SetDisplayMessage', { message: { id: 1, priority: 'Loudest', message: { format: 'UTF8', content: 'hi' } } }, '/message/priority'],
    ['SetDisplayMessage', {}, '/message'],
    ['GetLog', { logType: 'DiagnosticsLog', log: { remoteLocation: 'x'.repeat(2_001) } }, '/log/remoteLocation'],
    ['CostUpdated', { totalCost: 'free', transactionId: 't' }, '/totalCost'],
    ['CostUpdated', { totalCost: 1, transactionId: 'x'.repeat(37) }, '/transactionId'],
    ['GetTariffs', { evseId: -1 }, '/evseId'],
    [
      'GetChargingProfiles',
      { chargingProfile: { chargingLimitSource: ['EMS', 'SO', 'CSO', 'Other', 'EMS'] } },
      '/chargingProfile/chargingLimitSource',
    ],
  ])('%s %j: %s is wrong, and nothing is sent', async (action, body, pointer) => {
    const before = gateway.services.calls.length;
    const { status, body: problem } = await post(action, body);
    expect(status).toBe(400);
    expect((problem['errors'] as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
    expect(gateway.services.calls.length).toBe(before);
  });

  it('gives the number that later messages of the station carry', async () => {
    gateway.services.commandAnswer = { requestId: 77 };
    expect((await post('GetDisplayMessages', {})).body).toMatchObject({ status: 'Accepted', requestId: 77 });
    gateway.services.commandAnswer = {};
    expect((await post('ClearDisplayMessage', { id: 1 })).body).toMatchObject({ requestId: null });
  });

  it('says why a version lacks it', async () => {
    gateway.services.commandAnswer = { status: connectionV1.CommandStatus.NOT_SUPPORTED, reason: '1.6 knows no battery swap' };
    const { status, body } = await post('RequestBatterySwap', { idToken: { idToken: 'A', type: 'Local' } });
    expect([status, body['type'], body['detail']]).toEqual([501, 'urn:voltlog:problem:not-supported', '1.6 knows no battery swap']);
  });
});
