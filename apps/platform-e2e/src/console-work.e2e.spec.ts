import { createHash } from 'node:crypto';
import { SimulatedStation } from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { type Frame, RawStation } from './harness/raw-station.js';

const WAIT_MS = 60_000;
const REFUSING = ['REFUSING-1', 'REFUSING-2', 'REFUSING-3', 'REFUSING-4'];

let platform: AllInOne;
let shown: ConsolePage;
const simulated: SimulatedStation[] = [];
const raw: RawStation[] = [];

beforeAll(async () => {
  platform = await AllInOne.start({ GATEWAY_FIRMWARE_MB: '20', RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
  for (const stationId of REFUSING) {
    await registerStation(platform.api, stationId);
    await platform.api.ok('PATCH', `/v1/stations/${stationId}`, { tags: ['refusing'] });
    const station = await RawStation.connect({ url: platform.ocppUrl, stationId });
    raw.push(station);
    station.socket.on('message', (text) => {
      const [kind, messageId] = JSON.parse(String(text)) as Frame;
      if (kind === 2) station.send(JSON.stringify([3, messageId, { status: 'Rejected' }]));
    });
  }
  await registerStation(platform.api, 'ACME-1');
  const station = new SimulatedStation({
    id: 'ACME-1',
    version: '2.0.1',
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    reconnectMs: [50, 500],
    identity: { vendor: 'Acme', model: 'AC22' },
    firmware: 'installs',
  });
  simulated.push(station);
  await station.connect();
  await eventually(
    'it is known',
    async () => ((await platform.api.get<{ vendor: string | null }>('/v1/stations/ACME-1')).vendor === 'Acme' ? true : undefined),
    WAIT_MS,
  );
  await platform.api.ok('PUT', '/v1/configuration-templates/ac22', {
    name: 'Slow heartbeats',
    variables: [{ component: 'OCPPCommCtrlr', name: 'HeartbeatInterval', value: '700' }],
  });
  shown = await ConsolePage.open(platform, '#jobs');
}, 180_000);
afterAll(async () => {
  await shown?.close();
  for (const { socket } of raw) socket.terminate();
  for (const station of simulated) await station.stop();
  await platform?.stop();
});

const pick = async (label: string, option: string | RegExp): Promise<void> => {
  await shown.page.getByRole('combobox', { name: label, exact: true }).click();
  await shown.page.getByRole('option', { name: option }).click();
};

describe('jobs', { timeout: 120_000 }, () => {
  it('apply a template to stations with a tag, a vendor, an id', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByLabel('Name').fill('slower');
    await pick('Command', 'apply a template');
    await pick('Template', /^ac22/);
    await page.getByLabel('Vendor').fill('Acme');
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByText('1 stations, 1 of them connected.').waitFor();
    await shown.picture('new-job');
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('button', { name: 'Send to 1 stations' }).click();
    const drawer = page.getByRole('dialog', { name: 'Job', exact: true });
    await drawer.getByText(/^Completed. 1 accepted/).waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('Escape');
  });

  it('pause by themselves when too many fail, say so, and go on when told', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByLabel('Name').fill('clears');
    await pick('Command', 'clear-cache');
    await page.getByLabel(/^Tags/).fill('refusing');
    await page.getByLabel('So many % of those through').fill('50');
    await page.getByLabel('From so many stations on').fill('2');
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByRole('button', { name: 'Send to 4 stations' }).click();
    const drawer = page.getByRole('dialog', { name: 'Job', exact: true });
    await drawer.getByText(/^Paused: .*[234] rejected/).waitFor({ timeout: WAIT_MS });
    await drawer.getByText(/pauses when 50 % of at least 2 have failed/).waitFor();
    await shown.picture('job-paused');
    expect(await shown.flaws()).toEqual([]);
    await drawer.getByRole('button', { name: 'Resume' }).click();
    await drawer.getByText(/^(Completed|Paused: .*). 4 rejected/).waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('Escape');
  });

  it('say what is wrong with the fields of a command', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByLabel('Its fields, JSON').fill('{');
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByRole('button', { name: /^Send to/ }).click();
    await page.getByText('The fields of the command are not JSON.').waitFor();
    await page.keyboard.press('Escape');
  });
});

const content = Buffer.from('firmware');
const image = Buffer.concat([Buffer.from(`version=2.0.0 sha256=${createHash('sha256').update(content).digest('hex')}\n`), content]);

describe('firmware images', { timeout: 180_000 }, () => {
  const choose = async (name: string, buffer: Buffer): Promise<void> => {
    await shown.page.getByRole('button', { name: 'File', exact: true }).waitFor();
    await shown.page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
  };

  it('are brought with the checksum of the manufacturer, or refused when they arrive otherwise', async () => {
    const { page } = shown;
    await page.getByRole('link', { name: 'Firmware' }).click();
    await page.getByText('No image yet').waitFor();
    await page.getByRole('button', { name: 'Bring an image' }).click();
    const dialog = page.getByRole('dialog', { name: 'Bring an image' });
    await choose('ac 22.bin', image);
    await dialog.getByText(/kept as ac_22.bin/).waitFor();
    await page.getByLabel(/^Vendor/).fill('Acme');
    await page.getByLabel(/^Model/).fill('AC22');
    await page.getByLabel(/^Version/).fill('2.0.0');
    await page.getByLabel(/^SHA-256/).fill('0'.repeat(64));
    await page.getByRole('button', { name: 'Bring it' }).click();
    await dialog.getByRole('alert').getByText(`has ${image.length} bytes and the SHA-256`).waitFor();
    await shown.picture('new-image');
    expect(await shown.flaws()).toEqual([]);
    await page.getByLabel(/^SHA-256/).fill(createHash('sha256').update(image).digest('hex'));
    await page.getByRole('button', { name: 'Bring it' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await shown
      .rows('Images')
      .filter({ hasText: 'ac_22.bin' })
      .filter({ hasText: String(image.length) })
      .waitFor();
    await shown.picture('firmware');
    expect(await shown.flaws()).toEqual([]);
  });

  it('tell how much of a large one is sent, why it is refused, and keep nothing of one that is called off', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'Bring an image' }).click();
    const dialog = page.getByRole('dialog', { name: 'Bring an image' });
    await choose('large.bin', Buffer.alloc(40_000_000));
    await page.getByLabel(/^Vendor/).fill('Acme');
    await page.getByLabel(/^Version/).fill('3.0.0');
    await page.getByRole('button', { name: 'Bring it' }).click();
    await dialog
      .getByRole('alert')
      .getByText(/A file may have at most 20 MB here/)
      .waitFor({ timeout: WAIT_MS });
    // So slow that it is on its way for longer than the slowest machine needs to look at it.
    const network = await page.context().newCDPSession(page);
    const speed = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 200_000 };
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', speed);
    await choose('large.bin', Buffer.alloc(19_000_000));
    await page.getByRole('button', { name: 'Bring it' }).click();
    await dialog.getByText(/^[1-9]\d?\s% of 19(\.0)?\sMB sent/).waitFor({ timeout: WAIT_MS });
    await shown.picture('image-under-way');
    expect(await shown.flaws()).toEqual([]);
    await dialog.getByRole('button', { name: 'Call it off' }).click();
    await dialog.getByRole('button', { name: 'Bring it' }).and(page.locator(':enabled')).waitFor();
    await network.send('Network.emulateNetworkConditions', { ...speed, uploadThroughput: -1 });
    await network.detach();
    await page.keyboard.press('Escape');
    expect((await platform.api.get<{ data: unknown[] }>('/v1/firmware-images')).data).toHaveLength(1);
  });

  it('are deleted, and a signature that does not fit is refused', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'Bring an image' }).click();
    await choose('wrong.bin', Buffer.from('wrong'));
    await page.getByLabel(/^Vendor/).fill('Acme');
    await page.getByLabel(/^Version/).fill('0.1');
    await page.getByRole('button', { name: 'Bring it' }).click();
    await shown.rows('Images').filter({ hasText: 'wrong.bin' }).waitFor();
    await page.getByRole('button', { name: 'wrong.bin', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Firmware image' });
    await dialog.getByLabel(/^Signature of/).fill('AAAA');
    await dialog.getByLabel(/^Its signing certificate/).fill('none');
    await dialog.getByRole('button', { name: 'Sign it' }).click();
    await dialog.getByRole('alert').waitFor();
    await shown.picture('image');
    expect(await shown.flaws()).toEqual([]);
    await page.keyboard.press('Escape');
    await shown.really('Delete', 'wrong.bin 0.1');
    await shown.rows('Images').filter({ hasText: 'wrong.bin' }).waitFor({ state: 'hidden' });
  });
});

describe('firmware campaigns', { timeout: 180_000 }, () => {
  it('wait for their window, and are cancelled', async () => {
    const { page } = shown;
    await page.getByRole('link', { name: 'Firmware' }).click();
    await page.getByRole('button', { name: 'New campaign' }).click();
    await page.getByLabel('Name').fill('at night');
    await pick('Image', /ac_22.bin/);
    await page.getByLabel('Window from').fill('01:00');
    // A whole day away from now, whatever day it is.
    const inThreeDays = new Date(Date.now() + 3 * 86_400_000).getUTCDay() || 7;
    await page.getByLabel(['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][inThreeDays] ?? '', { exact: true }).check();
    await page.getByLabel('Time zone of stations whose site has none').fill('UTC');
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByRole('button', { name: 'Update 1 stations' }).click();
    await page.getByText('A window has both a beginning and an end.').waitFor();
    await page.getByLabel(/^Window until/).fill('04:30');
    await page.getByLabel('Until (empty: 7 days)').fill('2999-01-01T10:00');
    await shown.picture('new-campaign');
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByRole('button', { name: 'Update 1 stations' }).click();
    await page
      .getByRole('alert')
      .getByText(/expiresAt must lie within a year/)
      .waitFor();
    await page.getByLabel('Until (empty: 7 days)').fill('');
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByRole('button', { name: 'Update 1 stations' }).click();
    const drawer = page.getByRole('dialog', { name: 'Firmware campaign', exact: true });
    await drawer.getByText(/begins 01:00 to 04:30 \w{3} \(UTC\)/).waitFor();
    await drawer.getByRole('button', { name: 'Cancel' }).click();
    await drawer.getByRole('button', { name: 'Really cancel?' }).click();
    await drawer.getByText(/^Cancelled\. 1 cancelled/).waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('Escape');
  });

  it('bring the image, and tell by what it is known to be there', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'New campaign' }).click();
    await pick('Image', /ac_22.bin/);
    await page.getByRole('button', { name: 'Remove wave 1' }).click();
    // One that cannot publish it leaves the station to the platform.
    await page.getByRole('button', { name: 'Add a local controller' }).click();
    await page.getByLabel(/^Controller 1/).fill('REFUSING-1');
    await page.getByLabel(/^Stations behind controller 1/).fill('ACME-1');
    await shown.picture('campaign-controllers');
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('button', { name: 'Count the stations' }).click();
    await page.getByRole('button', { name: 'Update 1 stations' }).click();
    const drawer = page.getByRole('dialog', { name: 'Firmware campaign', exact: true });
    await drawer.getByText(/^REFUSING-1, for 1 stations: cannot publish it; .* \(/).waitFor({ timeout: WAIT_MS });
    await drawer.getByText(/^Completed. 1 updated/).waitFor({ timeout: 120_000 });
    await shown.rows('Stations').filter({ hasText: 'ACME-1' }).filter({ hasText: 'it booted with it' }).waitFor();
    await shown.picture('campaign');
    expect(await shown.flaws()).toEqual([]);
    await page.keyboard.press('Escape');
    await shown.rows('Firmware campaigns').filter({ hasText: 'Update to 2.0.0' }).waitFor();
    expect(await shown.flaws()).toEqual([]);
    expect(shown.problems.filter((problem) => !/40[0-9]|413|422/.test(problem))).toEqual([]);
  });
});
