import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { eventually } from './harness/eventually.js';
import { registerStation } from './harness/fleet.js';
import { answering, bootV2, inventory } from './harness/large-model.js';
import { RawStation } from './harness/raw-station.js';

const STATION = 'LARGE-1';
const VARIABLES = 5_000;

let platform: AllInOne;
let shown: ConsolePage;
let page: Page;
let station: RawStation;

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000', CALLS_PER_SECOND_MAX: '10000' });
  await registerStation(platform.api, STATION);
  station = await RawStation.connect({ url: platform.ocppUrl, stationId: STATION, protocols: ['ocpp2.0.1'] });
  answering(station, (requestId) => {
    for (const part of inventory(VARIABLES, 50))
      station.send(JSON.stringify([2, `p${part.seqNo}`, 'NotifyReport', { requestId, generatedAt: new Date().toISOString(), ...part }]));
  });
  await bootV2(station);
  await platform.api.ok('PUT', `/v1/stations/${STATION}/device-model/intent`, {
    variables: [{ component: 'EVSE', evseId: 3, name: 'Value1234', value: '99' }],
  });
  shown = await ConsolePage.open(platform);
  page = shown.page;
});
afterAll(async () => {
  await shown?.close();
  station?.socket.terminate();
  await platform?.stop();
});

const tab = (name: string): Promise<void> => page.getByRole('tab', { name }).click();
const rowsOf = (table: string) => shown.rows(table);

describe("a station's page", () => {
  it('opens from its card', async () => {
    await page
      .getByRole('article', { name: `Station ${STATION}` })
      .getByRole('link')
      .click();
    await page.getByRole('heading', { level: 2, name: STATION }).waitFor();
    expect(page.url()).toContain(`#stations/${STATION}/configuration`);
  });

  it('takes a report of 5 000 variables and shows it bit by bit', async () => {
    await page.getByRole('button', { name: 'Take a report' }).click();
    await page.getByText(`5,000 variables told`).waitFor({ timeout: 60_000 });
    // The head of the table, and a page of rows.
    await eventually('a page of rows', async () => ((await rowsOf('Variables').count()) === 51 ? true : undefined));
    await page.getByRole('button', { name: 'Show more' }).click();
    await eventually('another', async () => ((await rowsOf('Variables').count()) === 101 ? true : undefined));
  });

  it('finds a variable, and what differs from what is intended', async () => {
    await page.getByRole('textbox', { name: 'Search variables' }).fill('Value4321');
    await eventually('one row', async () => ((await rowsOf('Variables').count()) === 2 ? true : undefined));
    await page.getByRole('textbox', { name: 'Search variables' }).fill('');
    await page.getByRole('checkbox', { name: 'Only differences' }).check();
    const row = rowsOf('Variables').filter({ hasText: 'EVSE[3].Value1234' });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/1234\s+99\s+Differs/);
  });

  it('takes an EVSE out of service and plans an outage', async () => {
    await tab('In service');
    await page.getByRole('textbox', { name: 'Because' }).fill('cable damaged');
    await page.getByRole('button', { name: 'Take it out now' }).click();
    await rowsOf('Out of service').filter({ hasText: 'cable damaged' }).waitFor();
    await page.getByLabel('Until (empty: until told otherwise)').fill('2999-01-01T10:00');
    await page.getByRole('button', { name: 'Plan the outage' }).click();
    await rowsOf('Outages').filter({ hasText: 'Whole station' }).waitFor();
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('button', { name: 'Cancel the outage of Whole station' }).click();
    await page.getByText('No outage is planned').waitFor();
  });

  it('has a price of its own, once it is set', async () => {
    await tab('Price');
    await page.getByText(/^No price is set here: that of its site holds/).waitFor();
    await page.getByLabel(/^Currency/).fill('EUR');
    await page.getByLabel('A minute').fill('0.10');
    await page.getByRole('button', { name: 'Set the price' }).click();
    await page.getByText('0.10 EUR a minute.').waitFor();
    // The form goes on from what was set.
    await page.getByLabel('A minute').fill('0.20');
    await page.getByRole('button', { name: 'Set the price' }).click();
    await page.getByText('0.20 EUR a minute.').waitFor();
  });

  it('shows an alert that comes, and takes note of who saw it', async () => {
    await tab('Alerts');
    // It refused what was intended, and to leave service.
    await rowsOf('Alerts').filter({ hasText: 'Configuration' }).waitFor();
    await station.result('SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: new Date().toISOString() });
    await page.getByRole('button', { name: 'Acknowledge TamperDetectionActivated' }).click();
    await rowsOf('Alerts').filter({ hasText: 'Acknowledged' }).waitFor();
    expect(await shown.flaws()).toEqual([]);
    await tab('Reports');
    await rowsOf('Reports').filter({ hasText: 'Security event reported' }).first().waitFor();
    await rowsOf('Inventories').filter({ hasText: 'Complete' }).first().waitFor();
  });

  it.each(['Configuration', 'Monitors', 'In service', 'Price', 'Alerts', 'Reports', 'Display'])(
    'has nothing serious for axe to find in %s, light and dark, and fits a phone',
    async (name) => {
      await tab(name);
      await page.getByRole('tabpanel', { name }).waitFor();
      expect(await shown.flaws()).toEqual([]);
    },
  );

  it('reported no error', () => {
    // That there is no price is told by 404.
    expect(shown.problems.filter((problem) => !problem.includes('404'))).toEqual([]);
  });
});
