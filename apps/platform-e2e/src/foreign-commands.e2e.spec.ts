import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { preparePython, runForeign } from './harness/python.js';

type Heard = readonly [action: string, fields: Readonly<Record<string, unknown>>][];
interface Report {
  readonly type: string;
  readonly action: string;
  readonly requestId: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

let platform: AllInOne;
let python: string;
beforeAll(async () => {
  python = await preparePython();
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000' });
  await platform.api.ok('PUT', '/v1/data-transfer-vendors/org.example', {
    messages: [{ messageId: 'Greet', status: 'Accepted', data: 'hello' }],
  });
});
afterAll(() => platform?.stop());

/** Starts a station of the package, and hands out what it takes to talk to it. */
async function station(version: string) {
  const stationId = `commanded-${version}`;
  await registerStation(platform.api, stationId);
  const heard = runForeign<Heard>(python, 'commands.py', [version, platform.ocppUrl, stationId, STATION_PASSWORD]);
  const failed = heard.then(
    () => undefined,
    (error: unknown) => error,
  );
  const within = <Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> =>
    eventually(what, look).catch(async (error: unknown) => {
      throw (await Promise.race([failed, Promise.resolve(undefined)])) ?? error;
    });
  const reports = async (query = ''): Promise<readonly Report[]> =>
    (await platform.api.get<{ data: readonly Report[] }>(`/v1/stations/${stationId}/reports${query}`)).data;
  await within('the station greets', async () => ((await reports('?type=DataTransferReceived')).length > 0 ? true : undefined));
  return {
    heard,
    stationId,
    send: (command: string, body: object) =>
      platform.api.ok<{ status: string; requestId: number | null }>('POST', `/v1/stations/${stationId}/commands/${command}`, body),
    refused: (command: string, body: object) => platform.api.call('POST', `/v1/stations/${stationId}/commands/${command}`, body),
    report: (type: string, requestId?: number | null) =>
      within(`a report ${type}`, async () => (await reports(`?type=${type}${requestId == null ? '' : `&requestId=${requestId}`}`))[0]),
  };
}

const PROFILE = {
  id: 7,
  stackLevel: 1,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Relative',
  chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] }],
};
const GREETED = ['DataTransfer answered', { status: 'Accepted', data: 'hello' }];

describe("a station of PyPI's ocpp takes commands and reports", () => {
  it('OCPP 1.6: a charging profile, diagnostics, signed firmware; and is told what it has no word for', async () => {
    const { heard, send, refused, report } = await station('1.6');
    expect(await send('set-charging-profile', { evseId: 1, chargingProfile: PROFILE })).toMatchObject({ status: 'Accepted' });
    const log = { remoteLocation: 'https://logs.example.org/1' };
    expect(await send('get-log', { logType: 'DiagnosticsLog', log })).toMatchObject({ status: 'Accepted', requestId: null });
    await report('LogStatusReported');
    const firmware = {
      location: 'https://fw.example.org/1',
      retrieveDateTime: '2026-12-01T00:00:00Z',
      signingCertificate: 'PEM',
      signature: 'c2ln',
    };
    const { requestId } = await send('update-firmware', { firmware });
    expect((await report('FirmwareStatusReported', requestId)).data).toMatchObject({ status: 'Downloading', requestId });
    expect(
      await refused('set-display-message', { message: { id: 1, priority: 'InFront', message: { format: 'UTF8', content: 'hi' } } }),
    ).toMatchObject({
      status: 501,
    });
    await send('reset', { type: 'OnIdle' });
    const {
      chargingSchedule: [schedule],
    } = PROFILE;
    expect(await heard).toEqual([
      GREETED,
      [
        'SetChargingProfile',
        {
          connector_id: 1,
          cs_charging_profiles: expect.objectContaining({
            charging_profile_id: 7,
            charging_profile_purpose: 'TxDefaultProfile',
            charging_schedule: { charging_rate_unit: 'A', charging_schedule_period: [{ start_period: 0, limit: 16 }] },
          }),
        },
      ],
      ['GetDiagnostics', { location: log.remoteLocation }],
      ['SignedUpdateFirmware', expect.objectContaining({ request_id: requestId })],
    ]);
    expect(schedule?.id).toBe(1);
  });

  it.each(['2.0.1', '2.1'])('OCPP %s: display messages, customer information, logs', async (version) => {
    const { heard, stationId, send, report } = await station(version);
    const message = { id: 4, priority: 'InFront', message: { format: 'UTF8', language: 'en', content: 'Welcome' } };
    expect(await send('set-display-message', { message })).toMatchObject({ status: 'Accepted' });
    const { requestId } = await send('get-display-messages', {});
    expect((await report('DisplayMessagesReported', requestId)).data['messages']).toMatchObject([message]);
    const display = () => platform.api.get<{ listedAt: string | null; messages: unknown[] }>(`/v1/stations/${stationId}/display-messages`);
    expect(await eventually('the full list', async () => ((await display()).listedAt === null ? undefined : display()))).toMatchObject({
      messages: [{ id: 4, texts: [{ language: 'en', content: 'Welcome' }] }],
    });
    const log = await send('get-log', { logType: 'SecurityLog', log: { remoteLocation: 'https://logs.example.org/1' } });
    expect((await report('LogStatusReported', log.requestId)).data).toMatchObject({ status: 'Uploaded' });

    // Erasure goes to every station, and each one's answer is kept.
    const erasure = await platform.api.ok<{ jobId: string }>('POST', '/v1/customer-erasures', { idToken: 'FORGET-ME' });
    const part = await eventually('the station has answered', async () => {
      const { data } = await platform.api.get<{ data: { stationId: string; state: string }[] }>(`/v1/jobs/${erasure.jobId}/stations`);
      return data.find((each) => each.stationId === stationId && each.state === 'Accepted');
    });
    expect(part).toMatchObject({ state: 'Accepted' });
    expect((await report('CustomerInformationReported')).data).toMatchObject({ data: 'cleared', toBeContinued: false });

    const swapped: unknown[] = [];
    if (version === '2.1') {
      await send('set-default-tariff', { evseId: 0, tariff: { tariffId: 'T1', currency: 'EUR', energy: { prices: [{ priceKwh: 0.3 }] } } });
      const swap = await send('request-battery-swap', { idToken: { idToken: 'SWAP', type: 'Local' } });
      expect((await report('BatterySwapReported', swap.requestId)).data).toMatchObject({ batteries: [{ serialNumber: 'B-1' }] });
      await report('EventStreamOpened');
      expect((await report('EventStreamReported')).data).toMatchObject({ streamId: 3, values: [{ value: '230.4' }] });
      swapped.push(
        ['SetDefaultTariff', expect.objectContaining({ evse_id: 0 })],
        ['RequestBatterySwap', expect.objectContaining({ request_id: swap.requestId })],
      );
    }
    await send('reset', { type: 'OnIdle' });
    expect(await heard).toEqual([
      GREETED,
      ['SetDisplayMessage', { message }],
      ['GetDisplayMessages', { request_id: requestId }],
      ['GetLog', expect.objectContaining({ request_id: log.requestId })],
      [
        'CustomerInformation',
        expect.objectContaining({ clear: true, report: false, id_token: { id_token: 'FORGET-ME', type: 'ISO14443' } }),
      ],
      ...swapped,
    ]);
  });
});
