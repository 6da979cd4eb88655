import { afterAll, beforeAll, expect, it } from 'vitest';
import { ADMIN_KEY, AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

const STATION = 'quirky';
const STATUS = { connectorId: '1', errorCode: 'NoError', status: 'Available' };

interface QuirkView {
  readonly quirkId: string;
  readonly on: boolean;
  readonly because: string;
  readonly suggested: boolean;
  readonly tolerated: number;
  readonly refused: number;
}

let platform: AllInOne;
beforeAll(async () => {
  platform = await AllInOne.start();
  await registerStation(platform.api, STATION);
});
afterAll(() => platform?.stop());

const connect = () => RawStation.connect({ url: platform.ocppUrl, stationId: STATION, password: STATION_PASSWORD });
const quirk = async () => {
  const { data } = await platform.api.get<{ data: QuirkView[] }>(`/v1/stations/${STATION}/quirks`);
  return data.find(({ quirkId }) => quirkId === 'numbers-as-texts');
};

it('a quirk is suggested by what was refused, switched on while the station is connected, and stays on', { timeout: 60_000 }, async () => {
  const station = await connect();
  expect((await station.ask('StatusNotification', STATUS)).slice(2, 4)).toEqual([
    'TypeConstraintViolation',
    '/connectorId: is not of type integer',
  ]);
  expect(await quirk()).toMatchObject({ on: false, because: 'None', suggested: true, refused: 1 });
  await platform.api.ok('PUT', `/v1/stations/${STATION}/quirks/numbers-as-texts`, { choice: 'On' });
  await eventually('the next message to be accepted', async () =>
    (await station.ask('StatusNotification', STATUS))[0] === 3 ? true : undefined,
  );
  expect(await quirk()).toMatchObject({ on: true, because: 'Operator', suggested: false, tolerated: 1 });
  await station.close();
  await platform.child.stop();
  await platform.restart();
  const again = await connect();
  expect((await again.ask('StatusNotification', STATUS))[0]).toBe(3);
  expect(await quirk()).toMatchObject({ on: true, because: 'Operator', tolerated: 2 });
  await again.close();
});

it('a station is recorded by REST, without its names', { timeout: 60_000 }, async () => {
  const path = `/v1/stations/${STATION}/recordings`;
  const { recordingId } = await platform.api.ok<{ recordingId: string }>('POST', path, { minutes: 1 });
  const station = await connect();
  await station.result('Authorize', { idTag: 'SECRET-CARD' });
  await station.close();
  expect(await platform.api.ok('POST', `${path}/${recordingId}/stop`)).toMatchObject({ state: 'Stopped' });
  const file = await fetch(`${platform.api.url}${path}/${recordingId}/file`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  const text = await file.text();
  expect(text.split('\n')[0]).toContain('"format":"voltlog-recording"');
  expect(text).toContain('"Authorize"');
  expect(text).not.toMatch(/SECRET|quirky/);
  await platform.api.ok('DELETE', `${path}/${recordingId}`);
  expect((await platform.api.get<{ data: object[] }>(path)).data).toEqual([]);
});
