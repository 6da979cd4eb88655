import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { SimulatedStation } from '@voltlog/simulator-app';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { type Frame, RawStation } from './harness/raw-station.js';

const STATION = 'WORKSHOP-1';

let platform: AllInOne;
let shown: ConsolePage;
let station: RawStation;
/** The address that the station was told last. */
let address = '';

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
  await registerStation(platform.api, STATION);
  station = await RawStation.connect({ url: platform.ocppUrl, stationId: STATION });
  station.socket.on('message', (text) => {
    const [kind, messageId, action, payload] = JSON.parse(String(text)) as Frame;
    if (kind !== 2) return;
    address = (payload as { location?: string }).location ?? address;
    station.send(JSON.stringify([3, messageId, action === 'GetDiagnostics' ? { fileName: 'my.log' } : {}]));
  });
  await station.result('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'Raw' });
  shown = await ConsolePage.open(platform, `#stations/${STATION}/logs`);
}, 120_000);
afterAll(async () => {
  await shown?.close();
  station?.socket.terminate();
  await platform?.stop();
});
afterEach(() => {
  expect(shown.problems).toEqual([]);
});

describe("a station's logs", { timeout: 90_000 }, () => {
  it('are asked for by the keyboard alone', async () => {
    await shown.page.getByRole('tab', { name: 'Logs', selected: true }).waitFor();
    await shown.tabTo('Ask for the log');
    await shown.page.keyboard.press('Enter');
    await shown.rows('Logs').filter({ hasText: 'Diagnostics' }).filter({ hasText: 'Waiting' }).waitFor();
    expect(address).toContain('/files/uploads/');
  });

  it('are seen coming in, and are downloaded as they came', async () => {
    let more = (): void => {};
    const body = Readable.from(
      (async function* () {
        yield 'x'.repeat(250_000);
        await new Promise<void>((resolve) => {
          more = resolve;
        });
        yield 'y'.repeat(250_000);
      })(),
    );
    const sent = fetch(`${address}/my.log`, { method: 'PUT', body: Readable.toWeb(body) as BodyInit, duplex: 'half' } as RequestInit);
    const row = shown.rows('Logs').filter({ hasText: 'Receiving' });
    await eventually('part of it is told', async () => /2\d\d\.\d\skB/.test(await row.innerText()), 30_000);
    await shown.picture('logs');
    more();
    expect((await sent).status).toBe(201);
    await shown.rows('Logs').filter({ hasText: 'Received' }).filter({ hasText: '500.0' }).waitFor();
    const [download] = await Promise.all([
      shown.page.waitForEvent('download'),
      shown.page.getByRole('button', { name: 'Download my.log' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('my.log');
    expect(readFileSync(await download.path(), 'utf8')).toBe('x'.repeat(250_000) + 'y'.repeat(250_000));
  });

  it('are given up while nothing has come', async () => {
    await shown.page.getByRole('combobox', { name: 'Log' }).waitFor();
    await shown.page.getByRole('button', { name: 'Ask for the log' }).click();
    await shown.page.getByRole('button', { name: /^Give up/ }).click();
    await shown.page.getByRole('button', { name: /^Give up/ }).waitFor({ state: 'detached' });
    expect((await fetch(address, { method: 'PUT', body: 'too late' })).status).toBe(410);
    expect(await shown.flaws()).toEqual([]);
  });

  it('are listed for all stations, and tell why one failed', async () => {
    await shown.page.getByRole('combobox', { name: 'Log' }).click();
    await shown.page.getByRole('option', { name: /Data collector/ }).click();
    await shown.page.getByRole('button', { name: 'Ask for the log' }).click();
    await shown.rows('Logs').filter({ hasText: 'Failed' }).first().waitFor();
    await shown.page.getByRole('link', { name: 'Logs', exact: true }).click();
    await shown.page.getByRole('heading', { name: 'Logs of stations' }).waitFor();
    await shown.rows('Logs').filter({ hasText: STATION }).filter({ hasText: 'Received' }).waitFor();
    await shown.picture('logs-of-all');
    expect(await shown.flaws()).toEqual([]);
  });
});

describe("a station's recordings", { timeout: 90_000 }, () => {
  it('are begun, counted, stopped and exported without names', async () => {
    await shown.show(`#stations/${STATION}/recordings`);
    await shown.page.getByRole('button', { name: 'Record', exact: true }).click();
    await shown.rows('Recordings').filter({ hasText: 'Recording' }).filter({ hasText: '10.5 MB' }).waitFor();
    await eventually(
      'a message is recorded',
      async () => {
        await station.result('Authorize', { idTag: 'SECRET-CARD' });
        const [recording] = (await platform.api.get<{ data: { lines: number }[] }>(`/v1/stations/${STATION}/recordings`)).data;
        return (recording?.lines ?? 0) > 2 ? true : undefined;
      },
      30_000,
    );
    const messages = shown.rows('Recordings').last().getByRole('cell').nth(3);
    await eventually('its lines are told', async () => (Number(await messages.innerText()) > 0 ? true : undefined));
    await shown.picture('recordings');
    await shown.page.getByRole('button', { name: /^Stop the recording/ }).click();
    await shown.rows('Recordings').filter({ hasText: 'Stopped' }).waitFor();
    const [download] = await Promise.all([
      shown.page.waitForEvent('download'),
      shown.page.getByRole('button', { name: /^Export the recording/ }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^recording-\d{12}\.ndjson$/);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text).toContain('"Authorize"');
    expect(text).not.toMatch(/SECRET-CARD|WORKSHOP-1/);
    expect(await shown.flaws()).toEqual([]);
    await shown.really('Delete', 'the recording');
    await shown.page.getByText('Nothing was recorded').waitFor();
  });
});

describe("a station's quirks", { timeout: 90_000 }, () => {
  it('tell what they mean, are suggested by what was refused, and are switched on', async () => {
    const status = { connectorId: '1', errorCode: 'NoError', status: 'Available' };
    expect((await station.ask('StatusNotification', status))[0]).toBe(4);
    await shown.show(`#stations/${STATION}/quirks`);
    const quirk = shown.page.getByRole('region', { name: 'numbers-as-texts' });
    await quirk.getByText(/suggested/).waitFor();
    expect(await quirk.innerText()).toMatch(/text/);
    await quirk.getByText('On', { exact: true }).click();
    await eventually('it is tolerated', async () => ((await station.ask('StatusNotification', status))[0] === 3 ? true : undefined));
    await quirk.getByText(/1 tolerated, \d+ refused/).waitFor();
    await shown.picture('quirks');
    expect(await shown.flaws()).toEqual([]);
  });
});

describe("a station's configuration", { timeout: 120_000 }, () => {
  const HEARTBEAT = 'OCPPCommCtrlr.HeartbeatInterval';
  let simulated: SimulatedStation;
  beforeAll(async () => {
    await registerStation(platform.api, 'CONFIG-1');
    simulated = new SimulatedStation({ id: 'CONFIG-1', version: '2.0.1', url: platform.ocppUrl, password: STATION_PASSWORD });
    await simulated.connect();
    await shown.show('#stations/CONFIG-1/configuration');
    await shown.page.getByRole('button', { name: 'Take a report' }).click();
    await shown.page.getByRole('textbox', { name: 'Search variables' }).fill('HeartbeatInterval');
  });
  afterAll(() => simulated?.stop());

  it('is changed by what is intended, and shown as the station tells it then', async () => {
    const row = shown.rows('Variables').filter({ hasText: HEARTBEAT });
    await shown.page.getByRole('button', { name: `Intend ${HEARTBEAT}` }).click();
    const value = shown.page.getByRole('textbox', { name: 'Value' });
    await value.fill('601');
    await shown.picture('intent');
    expect(await shown.flaws()).toEqual([]);
    await value.press('Enter');
    await row.filter({ hasText: /601.*601/s }).waitFor({ timeout: 60_000 });
    expect(await row.innerText()).not.toMatch(/Differs|Not told/);
    await shown.picture('configuration');
  });

  it('keeps what is intended when a value for another variable is', async () => {
    await shown.page.getByRole('button', { name: 'Intend a value', exact: true }).click();
    await shown.page.getByLabel(/^Component/).fill('NoSuchCtrlr');
    await shown.page.getByLabel(/^Variable( \*)?$/).fill('Nothing');
    await shown.page.getByLabel('Value', { exact: true }).fill('1');
    await shown.page.getByRole('button', { name: 'Intend it' }).click();
    await shown.page.getByText(/2 intended, 1 differs/).waitFor({ timeout: 60_000 });
    await shown.page.getByText('NoSuchCtrlr.Nothing = 1: unknown component').waitFor({ timeout: 60_000 });
    await shown.page.getByRole('button', { name: 'Reconcile now' }).click();
    expect(await shown.flaws()).toEqual([]);
  });

  it('is no longer held against the station when nothing is intended', async () => {
    await shown.page.getByRole('button', { name: `Change ${HEARTBEAT}` }).click();
    await shown.page.getByRole('button', { name: /^Intend nothing for it/ }).click();
    await shown.page.getByText(/1 intended, 1 differs/).waitFor({ timeout: 60_000 });
    const { data } = await platform.api.get<{ data: { intended: unknown; reported: string }[] }>(
      '/v1/stations/CONFIG-1/device-model?filter=HeartbeatInterval',
    );
    expect(data[0]).toMatchObject({ intended: null, reported: '601' });
  });
});
