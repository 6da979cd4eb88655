import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Car, ScaledClock, SimulatedStation } from '@voltlog/simulator-app';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { launchBrowser, whatIsShown } from './harness/browser.js';
import { eventually } from './harness/eventually.js';
import { agrees, STATION_PASSWORD, waitingForTheCar } from './harness/fleet.js';
import { PushService } from './harness/push-service.js';

const STATION = 'PUSH-1';
const SITE = { siteId: 'quay', name: 'Quay', address: 'Kai 1', city: 'Hamburg', countryCode: 'DE', timeZone: 'Europe/Berlin' };
/** Charges 3 kWh past 90 %. */
const CAR = {
  name: 'Scooter',
  batteryWh: 20_000,
  acPowerWMax: 7_400,
  dcPowerWMax: 50_000,
  curve: [
    [0, 1],
    [1, 1],
  ],
  powerWMin: 500,
} as const;
/** What is pushed of the whole journey, each once, in any order: pushes overtake each other on the way. */
const PUSHED = ['BatteryAt', 'ChargingEnded', 'ChargingStarted', 'LimitReached', 'ParkingStarted', 'SessionEnded'];
/** Where to put pictures of each step, for a person to look at. */
const PICTURES = process.env['VOLTLOG_PICTURES'];

let folder: string;
let push: PushService;
let platform: AllInOne;
let browser: Browser;
let station: SimulatedStation;
const clock = new ScaledClock(60);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voltlog-push-'));
  push = await PushService.start();
  writeFileSync(join(folder, 'authority.pem'), push.authority);
  platform = await AllInOne.start({
    GATEWAY_GUEST_CHARGING: 'free-vend',
    NOTIFICATION_ALLOW_PRIVATE_TARGETS: 'true',
    NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem'),
  });
  await platform.api.ok('POST', '/v1/sites', SITE);
  await platform.api.ok('PUT', '/v1/prices/default', { currency: 'EUR', perKwh: '0.49', perMinute: '0', perSession: '0.35' });
  const evses = [{ evseId: 1, powerWMax: 7_400, connectors: [{ connectorId: 1, connectorType: 'sType2' }] }];
  const place = { stationId: STATION, siteId: SITE.siteId, name: 'Säule am Kai', password: STATION_PASSWORD, evses };
  await platform.api.ok('POST', '/v1/stations', place);
  station = new SimulatedStation({
    id: STATION,
    version: '2.0.1',
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    clock,
    settings: waitingForTheCar('2.0.1'),
  });
  await station.connect();
  browser = await launchBrowser();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await whatIsShown(browser));
});
afterAll(async () => {
  await browser?.close();
  await station?.stop();
  clock.dispose();
  await platform?.stop();
  push?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A German phone whose push service is ours; everything else of it is real. */
async function phone(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'de-DE', reducedMotion: 'reduce' });
  await context.grantPermissions(['notifications'], { origin: platform.api.url });
  await context.exposeFunction('subscribedWith', (key: string) => {
    push.applicationServerKey = key;
  });
  await context.addInitScript((subscription) => {
    const told = globalThis as unknown as { subscribedWith(key: string): Promise<void> };
    PushManager.prototype.subscribe = async (options?: PushSubscriptionOptionsInit) => {
      await told.subscribedWith(String(options?.applicationServerKey));
      return { toJSON: () => subscription } as unknown as PushSubscription;
    };
  }, push.subscription);
  return context.newPage();
}

let pictures = 0;
async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  pictures += 1;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await page.screenshot({ path: join(PICTURES, `${String(pictures).padStart(2, '0')}-${name}-${colorScheme}.png`), fullPage: true });
  }
}

interface Shown {
  readonly title: string;
  readonly body: string;
  readonly data: unknown;
}

/** The global scope of the page's service worker. */
interface WorkerScope {
  readonly registration: {
    showNotification(title: string, options: object): Promise<void>;
    getNotifications(): Promise<readonly Shown[]>;
  };
  /** Settles when the worker has shown a notification. */
  shown: Promise<void>;
}

/**
 * Hands a push over to the page's service worker, as the browser does when its push service has one.
 *
 * @returns what is shown of it. It is looked for once the worker has shown it and not before: a notification that Chromium has stored
 * and not yet put on the screen is lost when somebody asks for it, since it takes it for one that was closed.
 */
async function deliver(page: Page, cdp: CDPSession, data: string): Promise<Shown | undefined> {
  const registrationId = await eventually('the service worker is registered', () => registered.at(-1));
  const worker = await eventually('the service worker runs', () => page.context().serviceWorkers()[0]);
  await worker.evaluate(() => {
    const scope = globalThis as unknown as WorkerScope;
    const { registration } = scope;
    const show = registration.showNotification.bind(registration);
    scope.shown = new Promise((resolve) => {
      registration.showNotification = (title, options) => {
        const showing = show(title, options);
        resolve(showing);
        return showing;
      };
    });
  });
  await cdp.send('ServiceWorker.deliverPushMessage', { origin: platform.api.url, registrationId, data });
  return worker.evaluate(async () => {
    const { shown, registration } = globalThis as unknown as WorkerScope;
    await shown;
    const [first] = await registration.getNotifications();
    return first === undefined ? undefined : { title: first.title, body: first.body, data: first.data };
  });
}
const registered: string[] = [];

/** Taps the notification, while no page of the charge is open, as far as a script may: a browser opens a window for a real finger alone. */
async function tapped(page: Page): Promise<string | undefined> {
  const worker = page.context().serviceWorkers()[0];
  return worker?.evaluate(async () => {
    const scope = globalThis as unknown as {
      registration: ServiceWorkerRegistration;
      clients: { matchAll(): Promise<readonly unknown[]>; openWindow(url: string): Promise<null> };
      dispatchEvent(event: Event): boolean;
    };
    const [notification] = await scope.registration.getNotifications();
    const opened = new Promise<string>((resolve) => {
      scope.clients.matchAll = () => Promise.resolve([]);
      scope.clients.openWindow = (url) => {
        resolve(url);
        return Promise.resolve(null);
      };
    });
    const Tap = (globalThis as unknown as { NotificationEvent: new (type: string, init: object) => Event }).NotificationEvent;
    scope.dispatchEvent(new Tap('notificationclick', { notification }));
    return opened;
  });
}

it('scan, hold, start with 3 kWh, be pushed at 90 %, see the notification, stop at the limit, receipt: on a German phone', {
  timeout: 240_000,
}, async () => {
  const page = await phone();
  const cdp = await page.context().newCDPSession(page);
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    for (const { registrationId, isDeleted } of registrations) if (!isDeleted) registered.push(registrationId);
  });
  await cdp.send('ServiceWorker.enable');

  await page.goto(`${platform.api.url}/c/${STATION}*1`);
  await page.getByText('Frei', { exact: true }).waitFor();
  await picture(page, 'scan');
  await page.getByRole('button', { name: 'Reservieren' }).click();
  await picture(page, 'reserve');
  await page.getByRole('button', { name: 'Jetzt reservieren' }).click();
  await page.waitForURL(/\/r\//);
  await page.getByText('Für Sie freigehalten').waitFor();
  await picture(page, 'reserved');
  await page.getByRole('button', { name: 'Hier laden' }).click();
  await page.getByRole('button', { name: 'Laden starten' }).click();
  await page.getByText('Limit setzen').click();
  await page.getByRole('textbox', { name: 'Energie (kWh)' }).fill('3');
  await picture(page, 'start');
  await page.getByRole('button', { name: 'Jetzt starten' }).click();
  await page.waitForURL(/\/s\//);
  await page.getByRole('heading', { name: 'Jetzt einstecken' }).waitFor({ timeout: 30_000 });
  await picture(page, 'plug-in');

  // Before there is a session.
  await page.getByRole('button', { name: 'Benachrichtigen' }).click();
  await page.getByText('Sie werden auf diesem Telefon benachrichtigt.').waitFor();
  station.plugIn(1, new Car(CAR, 0.82));
  await page.getByRole('heading', { name: 'Lädt', exact: true }).waitFor({ timeout: 30_000 });
  await picture(page, 'charging');

  const at90 = await eventually('it is pushed at 90 %', () => push.pushed.find(({ kind }) => kind === 'BatteryAt'), 90_000);
  expect(at90.title.replace(/\s/g, ' ')).toBe('Akku bei 90 %');
  expect(push.problems).toEqual([]);
  const shown = await deliver(page, cdp, JSON.stringify(at90));
  expect(shown).toEqual({ title: at90.title, body: at90.body, data: { url: at90.url } });
  expect(at90.body.replace(/\s/g, ' ')).toBe('Der Akku hat an Säule am Kai (Ladepunkt 1) 90 % erreicht.');

  expect(await tapped(page)).toBe(page.url());

  await page.getByRole('heading', { name: 'Das Laden ist beendet' }).waitFor({ timeout: 120_000 });
  await page.getByRole('heading', { name: 'Beleg' }).waitFor();
  await eventually('the receipt says why', async () =>
    (await page.locator('.receipt').innerText()).includes('Ihr Limit war erreicht.') ? true : undefined,
  );
  await picture(page, 'ended');
  station.unplug(1);
  await page.getByRole('heading', { name: 'Alles erledigt' }).waitFor({ timeout: 30_000 });
  await picture(page, 'done');
  await agrees(() => Promise.resolve(push.pushed.map(({ kind }) => kind).toSorted()), PUSHED, 30_000);
  expect(push.problems).toEqual([]);
  await page.context().close();
});
