import { SimulatedStation } from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';

const WAIT_MS = 60_000;
const PATH = '/v1/configuration-templates/ac22';

let platform: AllInOne;
let shown: ConsolePage;
let station: SimulatedStation;

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
  await registerStation(platform.api, 'ACME-1');
  station = new SimulatedStation({
    id: 'ACME-1',
    version: '2.0.1',
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    reconnectMs: [50, 500],
    identity: { vendor: 'Acme', model: 'AC22' },
  });
  await station.connect();
  await eventually(
    'it is known',
    async () => ((await platform.api.get<{ vendor: string | null }>('/v1/stations/ACME-1')).vendor === 'Acme' ? true : undefined),
    WAIT_MS,
  );
  shown = await ConsolePage.open(platform, '#templates');
}, 120_000);
afterAll(async () => {
  await shown?.close();
  await station?.stop();
  await platform?.stop();
});

describe('templates', { timeout: 120_000 }, () => {
  it('are made by the keyboard, and say what is wrong before', async () => {
    const { page } = shown;
    await page.getByText('No template yet').waitFor();
    expect(await shown.flaws()).toEqual([]);
    await shown.tabTo('New template');
    await page.keyboard.press('Enter');
    const dialog = await shown.dialog('New template');
    await shown.tabTo(/^Template/);
    await page.keyboard.type('ac22');
    await shown.tabTo('Vendor');
    await page.keyboard.type('acme');
    await shown.tabTo('Model');
    await page.keyboard.type('AC*');
    await shown.tabTo('Add a variable');
    await page.keyboard.press('Enter');
    // What was added has the focus.
    await page.keyboard.type('OCPPCommCtrlr');
    await page.keyboard.press('Enter');
    await dialog.getByText('Variable 1 needs a component and a name.').waitFor();
    await shown.tabTo('Variable');
    await page.keyboard.type('HeartbeatInterval');
    await shown.tabTo('Value');
    await page.keyboard.type('700');
    await shown.tabTo('Add a monitor');
    await page.keyboard.press('Enter');
    await page.keyboard.type('EVSE');
    const monitor = dialog.getByRole('group').filter({ hasText: /^EVSE/ }).last();
    await monitor.getByLabel('Variable', { exact: true }).fill('Power');
    await page.keyboard.press('Enter');
    await dialog.getByText('Monitor 1 needs a number: its threshold, or seconds.').waitFor();
    await monitor.getByLabel(/^Threshold/).fill('11000.5');
    await monitor.getByLabel('EVSE; 0: none').fill('1');
    await page.keyboard.press('Enter');
    await shown.rows('Templates').filter({ hasText: 'ac22' }).filter({ hasText: '1 variable, 1 monitor' }).waitFor();
    expect(await platform.api.get(PATH)).toMatchObject({
      vendor: 'acme',
      model: 'AC*',
      variables: [{ component: 'OCPPCommCtrlr', name: 'HeartbeatInterval', value: '700', attributeType: 'Actual' }],
      monitors: [{ component: 'EVSE', evseId: 1, name: 'Power', type: 'UpperThreshold', value: 11_000.5, severity: 5, transaction: false }],
      monitoringBase: null,
      monitoringLevel: null,
      boot: null,
    });
    await shown.picture('templates');
    expect(await shown.flaws()).toEqual([]);
  });

  it('are changed, and what the platform refuses is said in words', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'ac22', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Template', exact: true });
    await dialog.getByLabel('Name', { exact: true }).fill('Slow heartbeats');
    await dialog.getByRole('button', { name: 'Add a root' }).click();
    await dialog.getByLabel(/^Certificate, PEM/).fill('no certificate');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByText('a certificate must be one certificate in PEM').waitFor();
    await dialog.getByRole('button', { name: 'Remove root 1' }).click();
    await dialog.getByText('OCPPCommCtrlr.HeartbeatInterval = 700').click();
    await dialog.getByLabel('Connector; 0: none').fill('4000');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByText(/^variables 1, connectorId: /).waitFor();
    await shown.picture('template');
    expect(await shown.flaws()).toEqual([]);
    await dialog.getByLabel('Connector; 0: none').fill('0');
    await dialog.getByRole('combobox', { name: 'Answer' }).click();
    await page.getByRole('option', { name: /^Accepted/ }).click();
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await shown.rows('Templates').filter({ hasText: 'Slow heartbeats' }).filter({ hasText: 'boot Accepted' }).waitFor();
    expect(await platform.api.get(PATH)).toMatchObject({ name: 'Slow heartbeats', boot: 'Accepted', monitors: [{ value: 11_000.5 }] });
  });

  it('are not overwritten: neither by a change of what was read before, nor by a new one', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'ac22', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Template', exact: true });
    await dialog.getByLabel('Name', { exact: true }).fill('mine');
    const { headers, body } = await platform.api.call('GET', PATH);
    const { templateId: _, version, updatedAt: __, ...rest } = body;
    expect(headers.get('etag')).toBe(`"${String(version)}"`);
    const theirs = { ...rest, name: 'theirs' };
    const etag = { 'if-match': headers.get('etag') ?? '' };
    expect((await platform.api.call('PUT', PATH, theirs, etag)).status).toBe(200);
    expect(await platform.api.call('PUT', PATH, theirs, etag)).toMatchObject({
      status: 412,
      body: { detail: 'it was changed in between: read it again' },
    });
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByText(/^Somebody else changed it meanwhile/).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New template' }).click();
    await page.getByRole('textbox', { name: 'Template' }).fill(' ac22 ');
    await page.getByRole('button', { name: 'Make the template' }).click();
    await page.getByText('there is a template of this id already: read it, and change that').waitFor();
    await page.keyboard.press('Escape');
    await shown.rows('Templates').filter({ hasText: 'theirs' }).waitFor();
  });

  it('are applied by a job, to begin with to the stations that they are about', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'Apply ac22' }).click();
    const dialog = page.getByRole('dialog', { name: 'New job' });
    expect(await dialog.getByLabel('Vendor').inputValue()).toBe('acme');
    await dialog.getByRole('button', { name: 'Count the stations' }).click();
    await dialog.getByText('1 stations, 1 of them connected.').waitFor();
    await dialog.getByRole('button', { name: 'Send to 1 stations' }).click();
    const drawer = page.getByRole('dialog', { name: 'Job', exact: true });
    await drawer.getByText(/^Completed. 1 accepted/).waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('Escape');
    await eventually(
      'the station has the value',
      async () => {
        const model = await platform.api.get<{ data: readonly { reported: string | null }[] }>(
          '/v1/stations/ACME-1/device-model?filter=HeartbeatInterval',
        );
        return model.data[0]?.reported === '700' ? true : undefined;
      },
      WAIT_MS,
    );
  });

  it('are retired', async () => {
    await shown.really('Retire', 'ac22');
    await shown.page.getByText('No template yet').waitFor();
    expect((await platform.api.call('GET', PATH)).status).toBe(404);
    expect(shown.problems.filter((problem) => !/400|404|412/.test(problem))).toEqual([]);
  });
});
