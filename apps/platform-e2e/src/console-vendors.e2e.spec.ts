import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { registerStation } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';

interface VendorView {
  readonly vendorId: string;
  readonly messages: readonly { readonly messageId: string; readonly data: unknown }[];
  readonly otherwise: string;
}

let platform: AllInOne;
let shown: ConsolePage;
let station: RawStation;

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
  await registerStation(platform.api, 'TALKS-1');
  station = await RawStation.connect({ url: platform.ocppUrl, stationId: 'TALKS-1' });
  shown = await ConsolePage.open(platform, '#vendors');
}, 120_000);
afterAll(async () => {
  station?.socket.terminate();
  await shown?.close();
  await platform?.stop();
});

const vendors = async () => (await platform.api.get<{ data: readonly VendorView[] }>('/v1/data-transfer-vendors')).data;

describe('vendors of DataTransfer', { timeout: 120_000 }, () => {
  it('are made with what their messages are answered, and stations are answered so', async () => {
    const { page } = shown;
    const greeting = { vendorId: 'org.example', messageId: 'Greet', data: 'hi' };
    expect(await station.result('DataTransfer', greeting)).toEqual({ status: 'UnknownVendorId' });
    await page.getByText('No vendor is known').waitFor();
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('button', { name: 'New vendor' }).click();
    await page.getByLabel(/^Vendor, /).fill('org.example');
    await page.getByRole('button', { name: 'Add a message' }).click();
    await page.getByLabel(/^Message id/).fill('Greet');
    await page.getByLabel(/^Data of the answer/).fill('hello');
    await page.getByRole('button', { name: 'Know this vendor' }).click();
    await page.getByText('The data of the answer to “Greet” is not JSON. Text has quotes around it.').waitFor();
    await shown.picture('vendor');
    expect(await shown.flaws()).toEqual([]);
    await page.getByLabel(/^Data of the answer/).fill('"hello"');
    await page.getByRole('button', { name: 'Know this vendor' }).click();
    await shown.rows('Vendors').filter({ hasText: 'org.example' }).filter({ hasText: 'Greet: Accepted' }).waitFor();
    await shown.picture('vendors');
    expect(await shown.flaws()).toEqual([]);
    expect(await vendors()).toMatchObject([
      { vendorId: 'org.example', messages: [{ messageId: 'Greet', data: 'hello' }], otherwise: 'UnknownMessageId' },
    ]);
    expect(await station.result('DataTransfer', greeting)).toEqual({ status: 'Accepted', data: 'hello' });
  });

  it('are given a webhook, whose secret is shown once, are tried, and get another secret later', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'org.example', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Vendor', exact: true });
    await dialog
      .getByLabel(/^Webhook/)
      .last()
      .fill('nowhere');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog
      .getByLabel(/^Webhook/)
      .last()
      .fill('http://127.0.0.1:9/ask');
    const held = Promise.withResolvers<void>();
    await page.route('**/v1/data-transfer-vendors/org.example', async (route) => {
      await held.promise;
      await route.continue();
    });
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    // The secret that comes of it would be lost.
    await expect.poll(() => dialog.getByRole('button', { name: 'Close' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    held.resolve();
    await dialog.getByText(/^whsec_/).waitFor();
    await page.unroute('**/v1/data-transfer-vendors/org.example');
    await shown.picture('vendor-secret');
    await dialog.getByRole('button', { name: 'Done' }).click();
    await shown.rows('Vendors').filter({ hasText: 'http://127.0.0.1:9/ask' }).waitFor();
    await page.getByRole('button', { name: 'org.example', exact: true }).click();
    // Nobody listens there.
    await dialog.getByLabel(/^Message tried/).fill('Else');
    await dialog.getByLabel(/^Data sent/).fill('{"kWh":1}');
    await dialog.getByRole('button', { name: 'Try what is saved' }).click();
    await dialog.getByText('UnknownMessageId, as it is said above, since the webhook gave no answer').waitFor();
    await dialog.getByLabel(/^Message tried/).fill('Greet');
    await dialog.getByRole('button', { name: 'Try what is saved' }).click();
    await dialog.getByText('Accepted "hello", as it is said above', { exact: true }).waitFor();
    await shown.picture('vendor-tried');
    expect(await shown.flaws()).toEqual([]);
    await dialog.getByLabel(/^Data of the answer/).fill('"later"');
    await dialog.getByRole('button', { name: 'Make a new secret' }).click();
    await dialog.getByRole('button', { name: 'Really make a new secret?' }).click();
    await dialog.getByText(/^whsec_/).waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    expect(await vendors()).toMatchObject([{ messages: [{ messageId: 'Greet', data: 'hello' }] }]);
    // What was typed before is still there.
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await shown.rows('Vendors').filter({ hasText: 'org.example' }).waitFor();
    await expect.poll(vendors).toMatchObject([{ messages: [{ messageId: 'Greet', data: 'later' }] }]);
    await dialog.waitFor({ state: 'detached' });
  });

  it('are not overwritten where somebody else changed them meanwhile', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'org.example', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Vendor', exact: true });
    await dialog.getByLabel(/^Data of the answer/).fill('"mine"');
    const theirs = { messages: [{ messageId: 'Greet', status: 'Accepted', data: 'theirs' }] };
    const path = '/v1/data-transfer-vendors/org.example';
    const etag = (await platform.api.call('GET', path)).headers.get('etag') ?? '';
    expect((await platform.api.call('PUT', path, theirs, { 'if-match': etag })).status).toBe(200);
    expect(await platform.api.call('PUT', path, theirs, { 'if-match': etag })).toMatchObject({
      status: 412,
      body: { type: 'urn:voltlog:problem:version-mismatch', detail: 'vendor org.example was changed in between: read it again' },
    });
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByText(/^Somebody else changed it meanwhile/).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'org.example', exact: true }).click();
    expect(await dialog.getByLabel(/^Data of the answer/).inputValue()).toBe('"theirs"');
    await dialog.getByLabel(/^Data of the answer/).fill('"later"');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  });

  it('are not made a second time', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'New vendor' }).click();
    await page.getByLabel(/^Vendor, /).fill(' org.example ');
    await page.getByRole('button', { name: 'Know this vendor' }).click();
    await page.getByText('vendor org.example is known already: read it, and change that').waitFor();
    await page.keyboard.press('Escape');
    expect(await vendors()).toMatchObject([{ messages: [{ messageId: 'Greet', data: 'later' }] }]);
  });

  it('are deleted', async () => {
    await shown.really('Delete', 'org.example');
    await shown.page.getByText('No vendor is known').waitFor();
    expect(await vendors()).toEqual([]);
    expect(shown.problems.filter((problem) => !/400|412/.test(problem))).toEqual([]);
  });
});
