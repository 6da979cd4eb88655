import { readFileSync } from 'node:fs';
import { SimulatedStation } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';

const WAIT_MS = 60_000;

let here: AllInOne;
let there: AllInOne;
let shown: ConsolePage;
const stations: SimulatedStation[] = [];

beforeAll(async () => {
  const quick = { DEVICE_PROFILE_FALLBACK_SECONDS: '1', DEVICE_INTENT_LOOK_MS: '100', RATE_LIMIT_BURST: '10000' };
  [here, there] = await Promise.all([AllInOne.start(quick), AllInOne.start(quick)]);
  // The other side refuses the second one, so it comes back.
  await registerStation(there.api, 'MOVE-1');
  for (const [id, version] of [
    ['MOVE-1', '2.0.1'],
    ['MOVE-2', '1.6'],
  ] as const) {
    await registerStation(here.api, id);
    const station = new SimulatedStation({
      id,
      version,
      url: here.ocppUrl,
      password: STATION_PASSWORD,
      security: { profile: 1 },
      reconnectMs: [20, 200],
    });
    stations.push(station);
    await station.connect();
    await eventually(
      `${id} to be known`,
      async () => ((await here.api.get<{ vendor: string | null }>(`/v1/stations/${id}`)).vendor === null ? undefined : true),
      WAIT_MS,
    );
  }
  shown = await ConsolePage.open(here, '#moves');
}, 120_000);
afterAll(async () => {
  await shown?.close();
  await Promise.all(stations.map((station) => station.stop()));
  await Promise.all([here?.stop(), there?.stop()]);
});

it('looks at a move before it begins, and says what is wrong with a line', { timeout: 90_000 }, async () => {
  const { page } = shown;
  await page.getByText('No move yet').waitFor();
  await page.getByRole('button', { name: 'New move' }).click();
  const dialog = page.getByRole('dialog', { name: 'New move' });
  await dialog.getByLabel('Name').fill('to the neighbour');
  await dialog.getByLabel(/^Address for stations/).fill(there.ocppUrl);
  await dialog.getByLabel('Security profile').click();
  await page.getByRole('option', { name: '1', exact: true }).click();
  await dialog.getByLabel(/^Keys of OCPP 1.6/).fill('CentralSystemURL');
  await dialog.getByLabel('Wave 1', { exact: true }).fill('1');
  await dialog.getByLabel('Minutes of pause behind wave 1').fill('0');
  await dialog.getByLabel(/^Stop when so many %/).fill('0');
  await dialog.getByRole('button', { name: 'Look at what it would do' }).click();
  await dialog.getByText('“CentralSystemURL” is no key: write Key = value, or [Vendor].').waitFor();
  await dialog.getByLabel(/^Keys of OCPP 1.6/).fill(`CentralSystemURL = ${there.ocppUrl}`);
  await dialog.getByRole('button', { name: 'Look at what it would do' }).click();
  await shown.rows('What it would do').filter({ hasText: 'MOVE-2' }).waitFor();
  expect(await shown.rows('What it would do').filter({ hasText: 'MOVE-1' }).innerText()).toMatch(/1\s+ocpp2.0.1\s+Connected/);
  await shown.picture('new-move');
  expect(await shown.flaws()).toEqual([]);
});

it('follows it wave by wave: one arrives and is confirmed, one comes back', { timeout: 180_000 }, async () => {
  const { page } = shown;
  await page.getByRole('button', { name: 'Move 2 stations' }).click();
  const drawer = page.getByRole('dialog', { name: 'Move', exact: true });
  await drawer.getByText('Told to go').waitFor({ timeout: WAIT_MS });
  await drawer.getByRole('button', { name: 'Confirm that MOVE-1 has arrived' }).click();
  await shown.rows('Stations').filter({ hasText: 'Moved' }).filter({ hasText: 'Confirmed' }).waitFor({ timeout: WAIT_MS });
  const back = shown.rows('Stations').filter({ hasText: 'MOVE-2' }).filter({ hasText: 'Came back' });
  await back.filter({ hasText: 'Set back' }).waitFor({ timeout: WAIT_MS });
  await drawer.getByText(/^Completed/).waitFor({ timeout: WAIT_MS });
  await shown.picture('move');
  expect(await shown.flaws()).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    drawer.getByRole('button', { name: 'Export for the other side' }).click(),
  ]);
  expect(
    readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n'),
  ).toHaveLength(2);
  await page.keyboard.press('Escape');
  await shown.rows('Moves').filter({ hasText: 'to the neighbour' }).filter({ hasText: '2 of 2' }).waitFor();
  await shown.picture('moves');
  expect(await shown.flaws()).toEqual([]);
});

it('pauses and stops one', { timeout: 90_000 }, async () => {
  const { page } = shown;
  await here.api.ok('POST', '/v1/moves', { name: 'waits', direction: 'In', selection: { stationIds: ['MOVE-1'] }, healthMinutes: 600 });
  await page.getByRole('button', { name: 'waits' }).click();
  const drawer = page.getByRole('dialog', { name: 'Move', exact: true });
  await drawer.getByRole('button', { name: 'Pause' }).click();
  await drawer.getByRole('button', { name: 'Resume' }).click();
  await drawer.getByRole('button', { name: 'Stop it' }).click();
  await drawer.getByRole('button', { name: 'Really stop it?' }).click();
  await drawer.getByText(/^(Cancelling|Cancelled)/).waitFor();
  expect(shown.problems).toEqual([]);
});
