import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { agrees, registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { preparePython, runForeign } from './harness/python.js';

const TOKEN = 'E2E-CARD-1';

let platform: AllInOne;
let python: string;
beforeAll(async () => {
  python = await preparePython();
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000' });
  await registerTokens(platform.api);
});
afterAll(() => platform?.stop());

describe("a station of PyPI's ocpp", () => {
  it.each([
    ['1.6', 'station16.py'],
    ['2.0.1', 'station201.py'],
  ])('OCPP %s: charges, is stopped through the API, and the session reads true', async (version, script) => {
    const stationId = `foreign-${version}`;
    await registerStation(platform.api, stationId);
    const charged = runForeign<{ transactionId: string; energyWh: number }>(python, script, [
      platform.ocppUrl,
      stationId,
      STATION_PASSWORD,
      TOKEN,
    ]);
    const failed = charged.then(
      () => undefined,
      (error: unknown) => error,
    );
    const running = await eventually('it charges', async () => {
      const [session] = await sessionsOf(platform.api, stationId);
      return session !== undefined && session.energyWh >= 1_250 ? session : undefined;
    }).catch(async (error: unknown) => {
      throw (await Promise.race([failed, Promise.resolve(undefined)])) ?? error;
    });
    expect(running).toMatchObject({ state: 'Active', idToken: TOKEN, authorizationStatus: 'Accepted', energyWh: 1_250 });
    const stopped = await platform.api.ok('POST', `/v1/stations/${stationId}/commands/request-stop`, {
      transactionId: running.transactionId,
    });
    expect(stopped).toMatchObject({ status: 'Accepted' });
    const truth = await charged;
    expect(truth.energyWh).toBe(1_263);
    await agrees(
      async () =>
        (await sessionsOf(platform.api, stationId)).map(
          ({ transactionId, state, energyWh, meterStartWh, meterStopWh, stoppedReason, flags, incomplete }) => ({
            transactionId,
            state,
            energyWh,
            meterStartWh,
            meterStopWh,
            stoppedReason,
            flags,
            incomplete,
          }),
        ),
      [
        {
          transactionId: truth.transactionId,
          state: 'Ended',
          energyWh: truth.energyWh,
          meterStartWh: 4_000,
          meterStopWh: 5_263,
          stoppedReason: 'Remote',
          flags: [],
          incomplete: false,
        },
      ],
    );
    const { data } = await platform.api.get<{ data: { vendor: string }[] }>('/v1/stations');
    expect(data.some((station) => station.vendor === 'PyPI')).toBe(true);
  });
});
