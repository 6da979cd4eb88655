import { CAR_MODELS, Car, ScaledClock, SimulatedStation } from '@voltlog/simulator-app';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD, sessionsOf, waitingForTheCar } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

const STATION = 'CONSOLE-1';
const TOKEN = 'E2E-CARD-1';
/** Simulated seconds per real one: a sample each second. */
const TIME_SCALE = 60;

let platform: AllInOne;
let shown: ConsolePage;
let page: Page;
let station: SimulatedStation;
const clock = new ScaledClock(TIME_SCALE);

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000', UNKNOWN_STATIONS: 'quarantine' });
  await registerTokens(platform.api);
  await registerStation(platform.api, STATION);
  station = new SimulatedStation({
    id: STATION,
    version: '1.6',
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    clock,
    settings: waitingForTheCar('1.6'),
  });
  await station.connect();
  shown = await ConsolePage.open(platform);
  page = shown.page;
});
afterAll(async () => {
  await shown?.close();
  await station?.stop();
  clock.dispose();
  await platform?.stop();
});

const card = (): Locator => page.getByRole('article', { name: `Station ${STATION}` });
const figure = async (pattern: RegExp): Promise<string | undefined> => pattern.exec(await card().innerText())?.[0];

describe('the console', () => {
  it('opens with the key of the address, and takes it out of the address', async () => {
    await card().waitFor();
    expect(page.url()).not.toContain(ADMIN_KEY);
    await page.getByRole('status', { name: /Event stream: live/i }).waitFor();
  });

  it('shows a car charge: power, energy that moves, and the events', async () => {
    station.plugIn(1, new Car(CAR_MODELS.family, 0.3));
    station.start(1, TOKEN);
    await eventually('power is shown', () => figure(/\d[\d.,]*\s*kW\b(?!h)/));
    const first = await eventually('energy is shown', () => figure(/\d[\d.,]*\s*k?Wh/));
    await eventually('energy moves', async () => ((await figure(/\d[\d.,]*\s*k?Wh/)) === first ? undefined : true), 20_000);
    const events = page.getByRole('list', { name: 'Events' });
    await eventually('the stream tells of the station', async () => (await events.innerText()).includes(STATION));
    const row = page.getByRole('row').filter({ hasText: STATION });
    await row.first().waitFor();
    expect(await row.first().innerText()).toContain('Open');
  });

  it('stops it by the button, and the session ends', async () => {
    await card()
      .getByRole('button', { name: /^Stop charging/ })
      .click();
    await eventually('the session ends', async () => (await sessionsOf(platform.api, STATION))[0]?.state === 'Ended');
    await eventually('the page shows it', async () =>
      (await page.getByRole('row').filter({ hasText: STATION }).first().innerText()).includes('Ended'),
    );
    const [session] = await sessionsOf(platform.api, STATION);
    expect(session?.energyWh).toBe(station.ledger.of(STATION)[0]?.deliveredWh);
  });

  it('has nothing serious for axe to find', async () => {
    expect(await shown.flaws()).toEqual([]);
  });

  it('has nothing serious in the details of a session either', async () => {
    await page
      .getByRole('button', { name: new RegExp(`^Session .* on ${STATION}`) })
      .first()
      .click();
    await page.getByRole('dialog').waitFor();
    expect(await shown.flaws()).toEqual([]);
  });

  it('sends a command to many stations by a job, and shows what each said', async () => {
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.getByRole('button', { name: 'New job' }).click();
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('textbox', { name: 'Name' }).fill('Clear them');
    await page.getByRole('textbox', { name: 'Its fields, JSON' }).fill('{"type": "OnIdle"}');
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByRole('button', { name: 'Send to 1 stations' }).click();
    const job = page.getByRole('dialog', { name: 'Job' });
    await job.getByRole('cell', { name: STATION }).waitFor();
    await eventually('the job ends', async () => /Completed/.test(await job.innerText()), 20_000);
    expect(await job.innerText()).toMatch(/1 (accepted|rejected|not supported)/);
    expect(await shown.flaws()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('row').filter({ hasText: 'Clear them' }).waitFor();
    expect(await shown.flaws()).toEqual([]);
  });

  it('takes a station out of quarantine by one click', async () => {
    // It is told to wait: nobody registered it.
    const stationId = 'STRANGER-1';
    const unknown = await RawStation.connect({ url: platform.ocppUrl, stationId, password: 'that nobody here knows' });
    const boot = () => unknown.result('BootNotification', { chargePointVendor: 'Nobody', chargePointModel: 'Knows' });
    expect(await boot()).toMatchObject({ status: 'Pending' });
    await page.getByRole('link', { name: 'Operations' }).click();
    const accept = page.getByRole('button', { name: `Accept station ${stationId}` });
    await accept.click();
    const told = page.getByRole('dialog', { name: `The password of ${stationId}` });
    const password = await told.locator('code').innerText();
    await told.getByRole('button', { name: 'Done' }).click();
    await accept.waitFor({ state: 'detached' });
    // It is asked to boot again, and brought a password, since nobody knows the one that it shows; in either order.
    let answered = 0;
    const taken = async (action: string): Promise<Record<string, string>> => {
      const calls = () => unknown.received.filter(([type]) => type === 2);
      return eventually(action, () => {
        for (const [, messageId] of calls().slice(answered)) {
          unknown.send(JSON.stringify([3, messageId, { status: 'Accepted' }]));
          answered += 1;
        }
        return calls().find((call) => call[2] === action)?.[3] as Record<string, string> | undefined;
      });
    };
    expect(await taken('TriggerMessage')).toMatchObject({ requestedMessage: 'BootNotification' });
    expect(await boot()).toMatchObject({ status: 'Accepted' });
    const { key, value = '' } = await taken('ChangeConfiguration');
    expect([key, value]).toEqual(['AuthorizationKey', password]);
    await unknown.close();
    const known = await RawStation.connect({ url: platform.ocppUrl, stationId, password: value });
    await known.close();
  });

  it('asked nobody else for anything and reported no error', () => {
    expect(shown.problems).toEqual([]);
  });
});
