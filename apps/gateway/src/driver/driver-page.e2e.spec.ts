import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { reservationV1, sessionV1 } from '@voltlog/proto';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriverServices } from '../testing/driver-services.js';
import { station } from '../testing/fake-services.js';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';

/** A folder to keep pictures in, for a person to look at. */
const PICTURES = process.env['DRIVER_PICTURES'];
const PHONE = { width: 390, height: 844 };
const LANGUAGES = ['en', 'de', 'nl', 'fr'] as const;
const SCHEMES = ['light', 'dark'] as const;
/** WCAG 2.2: the pages fit a phone of this width without scrolling sideways (1.4.10 Reflow). */
const REFLOW_WIDTH = 320;

let gateway: GatewayUnderTest<DriverServices>;
let browser: Browser;
let base: string;
let contractUrl: string;
const contexts: BrowserContext[] = [];
const problems: string[] = [];

beforeAll(async () => {
  gateway = await startGateway({ GATEWAY_ADMIN_KEY: ADMIN_KEY, GATEWAY_GUEST_CHARGING: 'free-vend' }, new DriverServices());
  // Every screen is reached by its own start; the limits by address have their own tests.
  gateway.clock.ms = Date.now();
  gateway.services.price = sessionV1.Price.fromPartial({ currency: 'EUR', perKwh: '0.49', perMinute: '0.05', perSession: '0.35' });
  gateway.services.sites.set('park', {
    siteId: 'park',
    name: 'Harbour car park',
    address: 'Quay 1',
    city: 'Amsterdam',
    countryCode: 'NL',
    latitude: 0,
    longitude: 0,
    timeZone: 'Europe/Amsterdam',
    retired: false,
    version: 1,
  });
  free();
  await gateway.app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(gateway.app.getHttpServer().address() as AddressInfo).port}`;
  const made = await gateway.call('POST', '/v1/tokens/RFID1/links', { body: { label: 'Company car' } });
  contractUrl = new URL(String(made.body['link'])).pathname;
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
  });
});
afterAll(async () => {
  for (const context of contexts) await context.close();
  await browser?.close();
  await gateway?.app.close();
});

function free(change: Parameters<typeof station>[1] = {}): void {
  gateway.services.stations.set('CP-1', station('CP-1', { name: 'Charger by the north entrance', siteId: 'park', ...change }));
}

async function phone(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, deviceScaleFactor: 2, locale: 'en-GB', ...options });
  contexts.push(context);
  const page = await context.newPage();
  page.on('console', (message) =>
    message.type() === 'error' && !/status of (404|403|503)/.test(message.text()) ? problems.push(message.text()) : undefined,
  );
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => (request.url().startsWith(base) ? undefined : problems.push(`asked for ${request.url()}`)));
  return page;
}

/** Starts as a guest without the page, and puts the charge where it is to be. */
async function charge(prepare: (startRequestId: string) => void): Promise<string> {
  gateway.services.running.clear();
  gateway.clock.ms += 10_000;
  const { body } = await gateway.call('POST', '/driver/v1/evses/CP-1*1/start', {
    key: null,
    body: { guest: true },
    headers: { 'voltlog-driver': '1' },
  });
  prepare(String(body['startRequestId']));
  return `/s/${String(body['key'])}`;
}

/** Reserves with the key code, without the page. */
async function hold(change: Partial<reservationV1.Reservation> = {}): Promise<string> {
  gateway.services.running.clear();
  gateway.clock.ms += 60_000;
  const { body } = await gateway.call('POST', '/driver/v1/evses/CP-1*1/reserve', {
    key: null,
    body: { keyCode: 'CODE4242', minutes: 30 },
    headers: { 'voltlog-driver': '1' },
  });
  for (const [id, held] of gateway.services.held) gateway.services.held.set(id, { ...held, ...change });
  return `/r/${String(body['key'])}`;
}

const at = (minutes: number): string => new Date(gateway.clock.ms - minutes * 60_000).toISOString();
const milestones = (): sessionV1.Milestone[] => [
  { kind: 'ChargingStarted', at: at(42), stateOfChargePercent: undefined, dimension: '' },
  { kind: 'BatteryAt', at: at(5), stateOfChargePercent: 60, dimension: '' },
];
const running =
  (change: Partial<sessionV1.Session> = {}) =>
  (startRequestId: string) =>
    gateway.services.begin(startRequestId, {
      startedAt: at(42),
      durationSeconds: 42 * 60,
      lastReadingAt: at(0),
      energyWh: 14_372,
      powerW: 10_840,
      stateOfChargePercent: 64,
      cost: { amount: '7.49', currency: 'EUR' },
      limit: sessionV1.SessionLimit.fromPartial({ energyWh: 20_000, cost: { amount: '10.00', currency: 'EUR' } }),
      milestones: milestones(),
      ...change,
    });
const over = (change: Partial<sessionV1.Session> = {}) =>
  running({ state: sessionV1.SessionState.ENDED, endedAt: at(1), powerW: 0, limit: undefined, stoppedReason: 'Remote', ...change });

/** Every screen there is: what to prepare, where it is, and what shows that it is there. */
type Screen = readonly [name: string, open: () => Promise<string>, act?: ((page: Page) => Promise<void>) | undefined];
const SCREENS: readonly Screen[] = [
  ['free', () => Promise.resolve(void gateway.services.running.clear()).then(() => '/c/CP-1*1')],
  ['in-use', async () => (await charge(running()), '/c/CP-1*1')],
  ['offline', () => Promise.resolve(free({ connected: false })).then(() => '/c/CP-1*1')],
  [
    'start',
    () => Promise.resolve(void gateway.services.running.clear()).then(() => '/c/CP-1*1'),
    async (page) => {
      await page.locator('main .button.primary').click();
      await page.locator('dialog input[type=radio]').last().check();
      await page.locator('dialog summary').click();
      await page.locator('dialog form .button.primary').click();
      await page.locator('dialog .key-code .problem').waitFor();
    },
  ],
  ['plug-in', () => charge(() => undefined)],
  ['charging', () => charge(running())],
  ['charging-power', () => charge(running({ stateOfChargePercent: undefined, limit: undefined, cost: undefined }))],
  ['suspended', () => charge(running({ chargingState: 'SuspendedEVSE', powerW: 0 }))],
  [
    'charging-offline',
    async () => {
      const path = await charge(running({ lastReadingAt: at(7) }));
      free({ connected: false });
      return path;
    },
  ],
  ['full', () => charge(running({ chargingState: 'SuspendedEV', stateOfChargePercent: 100, powerW: 0 }))],
  ['limit', () => charge(running()), (page) => page.locator('.actions .button').nth(1).click()],
  ['stop', () => charge(running()), (page) => page.locator('.actions .button.danger').click()],
  ['receipt', () => charge(over({ unpluggedAt: at(0) })), (page) => page.locator('.receipt').waitFor()],
  ['refused', () => charge((id) => gateway.services.answer(id, { state: sessionV1.StartRequestState.REFUSED, reason: 'Offline' }))],
  ['lapsed', () => charge((id) => gateway.services.answer(id, { state: sessionV1.StartRequestState.LAPSED }))],
  ['reservation', () => hold()],
  ['reservation-blocked', () => hold({ stationHold: reservationV1.StationHold.REFUSED, stationStatus: 'Occupied' })],
  ['reservation-taken', () => hold({ state: reservationV1.ReservationState.CANCELLED, endReason: 'TakenByOther' })],
  [
    'reserve',
    () => Promise.resolve(void gateway.services.running.clear()).then(() => '/c/CP-1*1'),
    (page) => page.locator('.actions .button').nth(1).click(),
  ],
  ['contract', () => Promise.resolve(contractUrl)],
  ['unknown-evse', () => Promise.resolve('/c/NOBODY*1')],
  ['unknown-link', () => Promise.resolve(`/s/${'x'.repeat(43)}`)],
];

async function show(page: Page, open: () => Promise<string>, act: Screen[2]): Promise<void> {
  free();
  gateway.services.held.clear();
  const path = await open();
  await page.goto(base + path);
  await page.locator('main h1:not(.sr)').waitFor();
  await act?.(page);
}

describe.each(SCREENS.map(([name, open, act]) => ({ name, open, act })))('the screen $name', ({ name, open, act }) => {
  it('has nothing for axe to find, in light and in dark', async () => {
    const page = await phone({ reducedMotion: 'reduce' });
    await show(page, open, act);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      if (PICTURES !== undefined)
        await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}.png`), fullPage: act === undefined });
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
    }
    await page.context().close();
  });

  it('fits a narrow phone in each language, with targets large enough for a thumb', async () => {
    const page = await phone({ reducedMotion: 'reduce' });
    await show(page, open, act);
    for (const language of LANGUAGES) {
      await page.setViewportSize(PHONE);
      await page.evaluate((code) => localStorage.setItem('voltlog.driver', JSON.stringify({ language: code })), language);
      await page.reload();
      await page.locator('main h1:not(.sr)').waitFor();
      await act?.(page);
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
      if (PICTURES !== undefined && language !== 'en')
        await page.screenshot({ path: join(PICTURES, `${name}-${language}.png`), fullPage: act === undefined });
      await page.setViewportSize({ width: REFLOW_WIDTH, height: PHONE.height });
      expect([language, await tooWide(page)]).toEqual([language, []]);
      expect([language, await tooSmall(page)]).toEqual([language, []]);
    }
    await page.context().close();
  });
});

describe('the driver page', () => {
  it('says so when the gateway goes away, keeps the figures, and goes on when it is back', async () => {
    const page = await phone();
    await page.goto(base + (await charge(running())));
    await page.getByRole('heading', { name: 'Charging' }).waitFor();
    await page.context().setOffline(true);
    await page.getByText(/No connection\. Charging goes on/).waitFor({ timeout: 60_000 });
    expect(await page.getByText('14.37').count()).toBe(1);
    gateway.services.move({ energyWh: 15_000 });
    await page.context().setOffline(false);
    await page.getByText('15.00').waitFor({ timeout: 30_000 });
    await page.getByText(/No connection\. Charging goes on/).waitFor({ state: 'detached' });
  });

  it('keeps a contract on the phone, and it is chosen at the next EVSE: two taps', async () => {
    const page = await phone();
    gateway.services.running.clear();
    free();
    gateway.clock.ms += 60_000;
    await page.goto(base + contractUrl);
    await page.getByRole('button', { name: 'Keep on this phone' }).click();
    await page.goto(`${base}/c/CP-1*1`);
    await page.getByRole('button', { name: 'Start charging' }).click();
    expect(await page.getByRole('radio', { name: 'With Company car' }).isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Start now' }).click();
    await page.waitForURL(/\/s\//);
    expect(gateway.services.lastCall('requestStart')).toMatchObject({ idToken: { idToken: 'RFID1' } });
  });

  it('a reservation outlives a start that nobody plugged in for: the driver starts again with it', async () => {
    const page = await phone();
    gateway.services.running.clear();
    gateway.services.held.clear();
    free();
    gateway.clock.ms += 600_000;
    await page.goto(`${base}/c/CP-1*1`);
    await page.getByRole('button', { name: 'Reserve' }).click();
    await page.getByRole('radio', { name: 'With a key code' }).check();
    await page.getByRole('textbox', { name: 'Key code' }).fill('CODE4242');
    await page.getByRole('button', { name: 'Reserve now' }).click();
    await page.getByRole('button', { name: 'Start charging here' }).click();
    await page.getByRole('button', { name: 'Start charging' }).click();
    await page.getByRole('button', { name: 'Start now' }).click();
    await page.waitForURL(/\/s\//);
    gateway.services.answer(`sr-${gateway.services.startRequests.size}`, { state: sessionV1.StartRequestState.LAPSED });
    await page.reload();
    await page.getByRole('heading', { name: 'Nobody plugged in' }).waitFor();
    await page.getByRole('button', { name: 'Start again' }).click();
    await page.getByText('Reserved for you', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Start charging' }).click();
    expect(await page.getByRole('radio', { name: 'With my reservation' }).isChecked()).toBe(true);
  });

  it('asked nobody else for anything and reported no error', () => {
    expect(problems).toEqual([]);
  });
});

/** What stands out over the right edge. */
const tooWide = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('main *, header *, dialog[open] *')]
      .filter((element) => !element.closest('.sr, .skip') && element.getBoundingClientRect().right > window.innerWidth + 0.5)
      .map((element) => `${element.tagName} ${element.textContent?.slice(0, 40)}`),
  );

/** Targets below 44 CSS pixels; a radio button counts with its label. */
const tooSmall = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('button, select, summary, input:not([type=radio]), label.payer')]
      .filter((element) => element.getClientRects().length > 0)
      .filter((element) => element.getBoundingClientRect().height < 44 || element.getBoundingClientRect().width < 44)
      .map((element) => `${element.tagName} ${element.textContent?.slice(0, 40)}`),
  );
