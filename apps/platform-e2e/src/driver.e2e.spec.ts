import AxeBuilder from '@axe-core/playwright';
import { CAR_MODELS, Car, type OcppVersion, ScaledClock, SimulatedStation } from '@voltlog/simulator-app';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { launchBrowser } from './harness/browser.js';
import { eventually } from './harness/eventually.js';
import { STATION_PASSWORD, sessionsOf, waitingForTheCar } from './harness/fleet.js';

/** Simulated seconds per real one: a sample each second. */
const TIME_SCALE = 60;
const KEY_CODE = 'E2E02580';
const PHONE = { width: 390, height: 844 };
const SITE = {
  siteId: 'harbour',
  name: 'Harbour car park',
  address: 'Quay 1',
  city: 'Amsterdam',
  countryCode: 'NL',
  timeZone: 'Europe/Amsterdam',
};

let platform: AllInOne;
let browser: Browser;
const clock = new ScaledClock(TIME_SCALE);
const stations = new Map<string, SimulatedStation>();
const problems: string[] = [];

beforeAll(async () => {
  platform = await AllInOne.start({ GATEWAY_GUEST_CHARGING: 'free-vend', RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
  await platform.api.ok('POST', '/v1/sites', SITE);
  await platform.api.ok('PUT', `/v1/tokens/${KEY_CODE}`, { type: 'KeyCode', status: 'Active' });
  await platform.api.ok('PUT', '/v1/prices/site:harbour', { currency: 'EUR', perKwh: '0.49', perMinute: '0', perSession: '0.35' });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  for (const station of stations.values()) await station.stop();
  clock.dispose();
  await platform?.stop();
});

async function stationOf(id: string, version: OcppVersion, name: string): Promise<SimulatedStation> {
  const evses = [{ evseId: 1, powerWMax: 11_000, connectors: [{ connectorId: 1, connectorType: 'sType2' }] }];
  await platform.api.ok('POST', '/v1/stations', { stationId: id, siteId: SITE.siteId, name, password: STATION_PASSWORD, evses });
  const station = new SimulatedStation({
    id,
    version,
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    clock,
    settings: waitingForTheCar(version),
  });
  await station.connect();
  stations.set(id, station);
  return station;
}

/** A phone of its own, with nothing kept on it. */
async function phone(locale = 'en-GB'): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, locale, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.on('console', (message) => (message.type() === 'error' ? problems.push(message.text()) : undefined));
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => (request.url().startsWith(platform.api.url) ? undefined : problems.push(`asked for ${request.url()}`)));
  return page;
}

/** What the QR code of an EVSE says, read from the label that the API gives. */
async function scan(stationId: string): Promise<string> {
  const { body } = await platform.api.call('GET', `/v1/stations/${stationId}/evses/1/qr-code.svg`);
  expect(String(body['text'])).toContain('<svg');
  return `${platform.api.url}/c/${stationId}*1`;
}

const figure = async (page: Page, name: string): Promise<number> => {
  const text = await page.locator('.figures > div').filter({ hasText: name }).locator('dd').innerText();
  return Number(/[\d.,]+/.exec(text)?.[0].replace(',', '.'));
};

async function axeFindsNothing(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  }
}

describe.each(['1.6', '2.0.1'] as const)('from scan to receipt, OCPP %s', (version) => {
  const id = `DRIVER-${version.replaceAll('.', '')}`;
  let page: Page;
  let station: SimulatedStation;
  beforeAll(async () => {
    station = await stationOf(id, version, `Charger ${version}`);
    page = await phone();
  });
  afterAll(() => page?.context().close());

  it('shows what was scanned, with the price before anything is started', async () => {
    await page.goto(await scan(id));
    await page.getByRole('heading', { name: `Charger ${version}` }).waitFor();
    await page.getByText('Free', { exact: true }).waitFor();
    expect(await page.locator('.prices').innerText()).toMatch(/per kWh\s+€0\.49\s+per charge\s+€0\.35/);
    await axeFindsNothing(page);
  });

  it('starts as a guest in two taps, and waits for the cable', async () => {
    await page.getByRole('button', { name: 'Start charging' }).click();
    await axeFindsNothing(page);
    await page.getByRole('button', { name: 'Start now' }).click();
    await page.waitForURL(/\/s\/[\w-]{43}$/);
    await page.getByRole('heading', { name: 'Plug in now' }).waitFor();
    await axeFindsNothing(page);
  });

  it('charges when the car is plugged in; energy, cost and battery move', async () => {
    station.plugIn(1, new Car(CAR_MODELS.family, 0.3));
    await page.getByRole('heading', { name: 'Charging', exact: true }).waitFor({ timeout: 30_000 });
    const first = await eventually(
      'energy is shown',
      async () => ((await figure(page, 'Energy')) > 0 ? figure(page, 'Energy') : undefined),
      30_000,
    );
    await eventually('energy moves', async () => ((await figure(page, 'Energy')) > first ? true : undefined), 30_000);
    await eventually('cost is shown', async () => ((await figure(page, 'Cost so far')) > 0 ? true : undefined));
    await axeFindsNothing(page);
    const [session] = await sessionsOf(platform.api, id);
    expect(session).toMatchObject({ state: 'Active', idToken: expect.stringMatching(/^G[A-Z2-7]{19}$/) });
  });

  it('the EVSE is in use for others, and the link opens the same charge on another phone', async () => {
    const other = await phone('de-DE');
    await other.goto(await scan(id));
    await other.getByText('Belegt', { exact: true }).waitFor();
    expect(await other.getByRole('button', { name: 'Laden starten' }).count()).toBe(0);
    await other.goto(page.url());
    await other.getByRole('heading', { name: 'Lädt', exact: true }).waitFor();
    await other.context().close();
  });

  it('sets a limit while charging', async () => {
    await page.getByRole('button', { name: 'Set a limit' }).click();
    await page.getByRole('textbox', { name: 'Energy (kWh)' }).fill('40');
    await axeFindsNothing(page);
    await page.getByRole('button', { name: 'Save limit' }).click();
    await page.getByText('Limit: 40 kWh').waitFor();
  });

  it('goes on after the page was closed: a scan finds the charge again', async () => {
    await page.goto(await scan(id));
    await page.getByRole('button', { name: 'Show my charge' }).click();
    await page.getByRole('heading', { name: 'Charging', exact: true }).waitFor();
  });

  it('stops, and the receipt agrees with the meter to the Wh', async () => {
    await page.getByRole('button', { name: 'Stop charging' }).click();
    await axeFindsNothing(page);
    await page.getByRole('button', { name: 'Stop now' }).click();
    await page.getByRole('heading', { name: 'Charging has ended' }).waitFor({ timeout: 30_000 });
    const delivered = station.ledger.of(id)[0]?.deliveredWh ?? 0;
    await page.getByRole('heading', { name: 'Receipt' }).waitFor();
    await eventually('the receipt is final', async () =>
      (await page.locator('.receipt').innerText()).includes(`${(delivered / 1_000).toFixed(3)}\u00a0kWh`),
    );
    const total = await page.locator('.receipt .total dd').innerText();
    expect(Number(total.replace('€', ''))).toBeCloseTo((delivered / 1_000) * 0.49 + 0.35, 1);
    await axeFindsNothing(page);
    station.unplug(1);
    await page.getByRole('heading', { name: 'All done' }).waitFor({ timeout: 30_000 });
    await axeFindsNothing(page);
  });
});

describe('by keyboard alone, with a key code', () => {
  it('scan, type the code, start, stop, receipt', async () => {
    const station = await stationOf('DRIVER-KEYS', '2.0.1', 'Charger by the wall');
    station.plugIn(1, new Car(CAR_MODELS.city, 0.5));
    const page = await phone();
    await page.goto(await scan('DRIVER-KEYS'));
    await page.getByText('Cable is in', { exact: true }).waitFor();
    await tabTo(page, 'Start charging');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await eventually('Escape closes', async () => (await page.getByRole('dialog').count()) === 0);
    await eventually('the focus is back', async () => (await focused(page)) === 'Start charging');
    await page.keyboard.press('Enter');
    await tabTo(page, 'As a guest');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.type('WRONG1');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'cannot be used here' }).waitFor();
    await tabTo(page, 'Key code');
    await page.keyboard.press('Control+a');
    await page.keyboard.type(KEY_CODE);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/s\//);
    await page.getByRole('heading', { name: 'Charging', exact: true }).waitFor({ timeout: 30_000 });
    await tabTo(page, 'Stop charging');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Stop now');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Receipt' }).waitFor({ timeout: 30_000 });
    expect(await page.locator('.receipt').innerText()).toContain('80');
    await page.context().close();
  });
});

describe('a reservation', () => {
  it('is held for one phone and not for another, and begins the charge', async () => {
    const station = await stationOf('DRIVER-HELD', '2.0.1', 'Charger to hold');
    const page = await phone();
    await page.goto(await scan('DRIVER-HELD'));
    await page.getByRole('button', { name: 'Reserve' }).click();
    await axeFindsNothing(page);
    await page.getByRole('button', { name: 'Reserve now' }).click();
    await page.waitForURL(/\/r\/[\w-]{43}$/);
    await page.getByText('Held for you', { exact: true }).waitFor();
    await axeFindsNothing(page);
    const other = await phone();
    await other.goto(await scan('DRIVER-HELD'));
    await other.getByText('Reserved', { exact: true }).waitFor();
    expect(await other.getByRole('button', { name: 'Start charging' }).count()).toBe(0);
    await other.context().close();
    await page.getByRole('button', { name: 'Start charging here' }).click();
    await page.getByText('Reserved for you', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Start charging' }).click();
    expect(await page.getByRole('radio', { name: 'With my reservation' }).isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Start now' }).click();
    await page.getByRole('heading', { name: 'Plug in now' }).waitFor();
    station.plugIn(1, new Car(CAR_MODELS.city, 0.5));
    await page.getByRole('heading', { name: 'Charging', exact: true }).waitFor({ timeout: 30_000 });
    await page.context().close();
  });

  it('is given back', async () => {
    await stationOf('DRIVER-BACK', '1.6', 'Charger to give back');
    const page = await phone();
    await page.goto(await scan('DRIVER-BACK'));
    await page.getByRole('button', { name: 'Reserve' }).click();
    await page.getByRole('button', { name: 'Reserve now' }).click();
    await page.getByRole('button', { name: 'Give it back' }).click();
    await page.getByText('The reservation is given back.').waitFor();
    await page.getByRole('button', { name: 'Go to the charging point' }).click();
    await page.getByText('Free', { exact: true }).waitFor();
    await page.context().close();
  });
});

describe('the driver page', () => {
  it('is told why when the station cannot be reached', async () => {
    const station = await stationOf('DRIVER-OFF', '1.6', 'Charger that is off');
    await station.goOffline();
    const page = await phone();
    await page.goto(await scan('DRIVER-OFF'));
    await page.getByText('Station offline', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Start charging' }).count()).toBe(0);
    await page.context().close();
  });

  it('asked nobody else for anything and reported no error', () => {
    expect(problems.filter((problem) => !problem.includes('status of 403'))).toEqual([]);
  });
});

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : element?.textContent;
    return label?.trim() ?? '';
  });

/** Presses Tab until the focus is on what begins with these words. */
async function tabTo(page: Page, words: string): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if ((await focused(page)).startsWith(words)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way to ${words} by Tab`);
}
