import { expect } from 'vitest';
import type { AllInOne } from './all-in-one.js';
import { eventually } from './eventually.js';
import { agrees, registerStation, type SessionView, sessionsOf } from './fleet.js';

/** What a station of `foreign/` tells at its end. */
export interface Told {
  readonly transactionId: string;
  readonly energyWh: number;
}

/** Every station of `foreign/` delivers this and then waits for the remote stop. */
const UNTIL_STOPPED_WH = 1_250;
const IN_ALL_WH = 1_263;
const METER_START_WH = 4_000;

/**
 * A station that nobody here wrote charges until it is stopped through the API, and its session reads as it told.
 *
 * @param connection what the API must say of its connection while it charges
 * @param start starts the station, which is registered by then
 * @param meanwhile done while it charges
 */
export async function charges<Result extends Told>(
  platform: AllInOne,
  stationId: string,
  idToken: string,
  connection: object,
  start: () => Promise<Result>,
  meanwhile: () => Promise<void> = async () => {},
): Promise<Result> {
  await registerStation(platform.api, stationId);
  const charged = start();
  const failed = charged.then(
    () => undefined,
    (error: unknown) => error,
  );
  const running = await eventually(
    'it charges',
    async () => {
      const [session] = await sessionsOf(platform.api, stationId);
      return session !== undefined && session.energyWh >= UNTIL_STOPPED_WH ? session : undefined;
    },
    45_000,
  ).catch(async (error: unknown) => {
    throw (await Promise.race([failed, Promise.resolve(undefined)])) ?? error;
  });
  expect(running).toMatchObject({ state: 'Active', idToken, authorizationStatus: 'Accepted', energyWh: UNTIL_STOPPED_WH });
  expect(await platform.api.get(`/v1/stations/${stationId}/connection`)).toMatchObject({ connected: true, ...connection });
  await meanwhile();
  const stop = await platform.api.ok('POST', `/v1/stations/${stationId}/commands/request-stop`, { transactionId: running.transactionId });
  expect(stop).toMatchObject({ status: 'Accepted' });
  const told = await charged;
  expect(told.energyWh).toBe(IN_ALL_WH);
  const expected: Partial<SessionView> = {
    transactionId: told.transactionId,
    state: 'Ended',
    energyWh: told.energyWh,
    meterStartWh: METER_START_WH,
    meterStopWh: METER_START_WH + told.energyWh,
    stoppedReason: 'Remote',
    flags: [],
    incomplete: false,
  };
  const names = Object.keys(expected) as (keyof SessionView)[];
  await agrees(
    async () =>
      (await sessionsOf(platform.api, stationId)).map((session) => Object.fromEntries(names.map((name) => [name, session[name]]))),
    [expected],
  );
  return told;
}
