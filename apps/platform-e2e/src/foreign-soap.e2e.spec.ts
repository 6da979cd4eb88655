import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { agrees, registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { type PreparedJava, prepareJava, runJava } from './harness/java.js';
import { preparePython, runForeign } from './harness/python.js';

const TOKEN = 'E2E-CARD-1';

interface Told {
  readonly transactionId: string;
  readonly energyWh: number;
  readonly faults?: object;
}

let platform: AllInOne;
let java: PreparedJava;
let python: string;
let url: string;
beforeAll(async () => {
  [python, java] = await Promise.all([preparePython(), prepareJava()]);
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000' });
  url = `${platform.ocppUrl.replace(/^ws/, 'http')}/soap`;
  await registerTokens(platform.api);
});
afterAll(() => platform?.stop());

/** It charges until it is stopped through the API, which reaches it at the address of its From header. */
async function charges(stationId: string, start: () => Promise<Told>): Promise<Told> {
  await registerStation(platform.api, stationId);
  const charged = start();
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
  expect(await platform.api.get(`/v1/stations/${stationId}/connection`)).toMatchObject({
    connected: true,
    dialect: '1.6S',
    securityProfile: 1,
  });
  const stop = await platform.api.ok('POST', `/v1/stations/${stationId}/commands/request-stop`, { transactionId: running.transactionId });
  expect(stop).toMatchObject({ status: 'Accepted' });
  const told = await charged;
  await agrees(
    async () =>
      (await sessionsOf(platform.api, stationId)).map(({ transactionId, state, energyWh, meterStopWh, stoppedReason, flags }) => ({
        transactionId,
        state,
        energyWh,
        meterStopWh,
        stoppedReason,
        flags,
      })),
    [
      {
        transactionId: told.transactionId,
        state: 'Ended',
        energyWh: told.energyWh,
        meterStopWh: 5_263,
        stoppedReason: 'Remote',
        flags: [],
      },
    ],
  );
  return told;
}

describe('a station that speaks OCPP 1.6 over SOAP', () => {
  it("of PyPI's zeep on the official WSDLs charges; all that it gets passes their schemas", async () => {
    const args = [url, 'foreign-zeep', STATION_PASSWORD, TOKEN, java.wsdlJar];
    const told = await charges('foreign-zeep', () => runForeign<Told>(python, 'station16s.py', args));
    expect(told.faults).toEqual({ tooLong: ['ProtocolError'], foreign: ['IdentityMismatch'] });
  });

  it("of Maven's eu.chargetime.ocpp:v1_6 charges", async () => {
    const id = 'foreign-maven';
    await charges(id, () => runJava<Told>(java, [url.replace('//', `//${id}:${STATION_PASSWORD}@`), id, TOKEN]));
  });
});
