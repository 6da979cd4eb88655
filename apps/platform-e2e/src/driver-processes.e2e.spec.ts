import { CAR_MODELS, Car, ScaledClock, SimulatedStation } from '@voltlog/simulator-app';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser } from './harness/browser.js';
import { STATION_PASSWORD, sessionsOf, waitingForTheCar } from './harness/fleet.js';
import { type Infrastructure, Processes, startInfrastructure } from './harness/processes.js';

const STATION = 'DRIVER-PROC';
const PRICE = { currency: 'EUR', perKwh: '0.49', perMinute: '0', perSession: '0.35' };

let infrastructure: Infrastructure;
let platform: Processes;
let browser: Browser;
let station: SimulatedStation;
const clock = new ScaledClock(60);

beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(infrastructure, { GATEWAY_GUEST_CHARGING: 'free-vend' });
  await platform.api.ok('PUT', '/v1/prices/default', PRICE);
  const evses = [{ evseId: 1, powerWMax: 11_000, connectors: [{ connectorId: 1, connectorType: 'sType2' }] }];
  await platform.api.ok('POST', '/v1/stations', { stationId: STATION, name: 'Charger far away', password: STATION_PASSWORD, evses });
  station = new SimulatedStation({
    id: STATION,
    version: '2.0.1',
    url: platform.ocppUrls[1],
    password: STATION_PASSWORD,
    clock,
    settings: waitingForTheCar('2.0.1'),
  });
  await station.connect();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await station?.stop();
  clock.dispose();
  await platform?.stop();
  await infrastructure?.stop();
});

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor({ timeout: 60_000 });
async function start(page: Page): Promise<void> {
  await page.goto(`${platform.api.url}/c/${STATION}*1`);
  await page.getByRole('button', { name: 'Start charging' }).click();
  await page.getByRole('button', { name: 'Start now' }).click();
  await heading(page, 'Plug in now');
}

it('each service its own process: a start is taken back, another becomes a charge, the gateway dies, the driver stops', {
  timeout: 300_000,
}, async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await start(page);
  await page.getByRole('button', { name: 'Cancel the start' }).click();
  await heading(page, 'Cancelled');
  // Somebody plugs in all the same: the station begins, and is stopped.
  station.plugIn(1, new Car(CAR_MODELS.city, 0.5));
  await heading(page, 'Charging has ended');
  station.unplug(1);
  await heading(page, 'All done');

  await start(page);
  station.plugIn(1, new Car(CAR_MODELS.city, 0.5));
  await heading(page, 'Charging');
  await platform.api.ok('PUT', '/v1/prices/default', { ...PRICE, perKwh: '0.99' });
  await platform.kill9('gateway');
  await page.getByText('No connection.', { exact: false }).waitFor({ timeout: 60_000 });
  await platform.restart('gateway');
  await page.getByText('No connection.', { exact: false }).waitFor({ state: 'detached', timeout: 60_000 });
  await page.getByRole('button', { name: 'Stop charging' }).click();
  await page.getByRole('button', { name: 'Stop now' }).click();
  await heading(page, 'Charging has ended');
  await page.getByText('You stopped it.').first().waitFor();
  const delivered = station.ledger.of(STATION).at(-1)?.deliveredWh ?? 0;
  await page
    .locator('.receipt')
    .filter({ hasText: `${(delivered / 1_000).toFixed(3)}\u00a0kWh` })
    .waitFor({ timeout: 60_000 });
  const total = Number((await page.locator('.receipt .total dd').innerText()).replace('€', ''));
  expect(total).toBeCloseTo((delivered / 1_000) * 0.49 + 0.35, 1);
  const sessions = await sessionsOf(platform.api, STATION);
  expect(sessions.map(({ state }) => state)).toEqual(['Ended', 'Ended']);
  await context.close();
});
