import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { ConsolePage } from './harness/console.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens } from './harness/fleet.js';

interface TokenView {
  readonly status: string;
  readonly groupId: string | null;
  readonly expiresAt: string | null;
  readonly siteIds: readonly string[];
  readonly budget: object | null;
  readonly note: string | null;
}

let platform: AllInOne;
let shown: ConsolePage;

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
  await registerTokens(platform.api);
  await registerStation(platform.api, 'HELD-1');
  shown = await ConsolePage.open(platform, '#tokens');
}, 120_000);
afterAll(async () => {
  await shown?.close();
  await platform?.stop();
});

const token = (idToken: string) => platform.api.get<TokenView>(`/v1/tokens/${idToken}`);

describe('tokens', { timeout: 90_000 }, () => {
  it('are made with a budget, by the keyboard alone', async () => {
    const { page } = shown;
    await page.getByRole('heading', { name: 'Tokens' }).waitFor();
    await shown.tabTo('New token');
    await page.keyboard.press('Enter');
    await shown.dialog('New token');
    await page.keyboard.type('CARD-77');
    await shown.tabTo(/^Group;/);
    await page.keyboard.type('family');
    await shown.tabTo(/^Sites; /);
    await page.keyboard.type('depot north');
    await shown.tabTo('kWh a month');
    await page.keyboard.type('300.5');
    await shown.picture('new-token');
    await page.keyboard.press('Enter');
    await shown.rows('Tokens').filter({ hasText: 'CARD-77' }).filter({ hasText: 'family' }).waitFor();
    expect(await token('CARD-77')).toMatchObject({
      status: 'Active',
      siteIds: ['depot', 'north'],
      budget: { energyWhPerMonth: 300_500, costPerMonth: null },
    });
  });

  it('are blocked by one click, found by what they are, and unblocked', async () => {
    const { page } = shown;
    await page.getByRole('button', { name: 'Block CARD-77' }).click();
    await shown.rows('Tokens').filter({ hasText: 'CARD-77' }).filter({ hasText: 'Blocked' }).waitFor();
    await page.getByRole('textbox', { name: 'Token, whole' }).fill('card-none');
    await page.getByText('No token', { exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Token, whole' }).fill('CARD-77');
    await eventually('only it is shown', async () => ((await shown.rows('Tokens').count()) === 2 ? true : undefined));
    await page.getByRole('button', { name: 'Unblock CARD-77' }).click();
    await eventually('it is active', async () => ((await token('CARD-77')).status === 'Active' ? true : undefined));
    await page.getByRole('textbox', { name: 'Token, whole' }).fill('');
    await page.getByRole('textbox', { name: 'Group' }).fill('family');
    await eventually('only its group is shown', async () => ((await shown.rows('Tokens').count()) === 2 ? true : undefined));
    await shown.picture('tokens');
    expect(await shown.flaws()).toEqual([]);
  });

  it('are changed: what was emptied is taken away, what was not stays', async () => {
    const { page } = shown;
    await platform.api.ok('PUT', '/v1/tokens/CARD-77', { expiresAt: '2999-05-06T07:08:09.000Z', note: 'keep' });
    await shown.rows('Tokens').filter({ hasText: 'May' }).waitFor();
    await page.getByRole('button', { name: 'CARD-77', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Token', exact: true });
    await dialog.getByLabel('kWh a month').fill('');
    await dialog.getByLabel(/^Group;/).fill('');
    expect(await shown.flaws()).toEqual([]);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await token('CARD-77')).toMatchObject({
      groupId: null,
      budget: null,
      note: 'keep',
      expiresAt: '2999-05-06T07:08:09.000Z',
      siteIds: ['depot', 'north'],
    });
  });

  it('say what is wrong with a number', async () => {
    const { page } = shown;
    await page.getByRole('textbox', { name: 'Group' }).fill('');
    await page.getByRole('button', { name: 'CARD-77', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Token', exact: true });
    await dialog.getByLabel('kWh a day').fill('ten');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('“ten” is no number.').waitFor();
    await page.keyboard.press('Escape');
  });
});

describe('contracts', { timeout: 90_000 }, () => {
  it('are made, blocked and unblocked without losing what else they say', async () => {
    const { page } = shown;
    await page.getByRole('link', { name: 'Contracts' }).click();
    await page.getByRole('button', { name: 'New contract' }).click();
    const dialog = page.getByRole('dialog', { name: 'New contract' });
    await dialog.getByLabel(/^Contract/).fill('C-2041');
    await dialog.getByLabel('Name').fill('Bakery');
    await dialog.getByLabel('kWh a day').fill('50');
    await dialog.getByLabel('Cost of the session').fill('30.00');
    await dialog.getByLabel('Currency of that').fill('eur');
    expect(await shown.flaws()).toEqual([]);
    await dialog.getByRole('button', { name: 'Make the contract' }).click();
    await page.getByRole('button', { name: 'Block C-2041' }).click();
    await shown.rows('Contracts').filter({ hasText: 'Bakery' }).filter({ hasText: 'Blocked' }).waitFor();
    const limits = { budget: { energyWhPerDay: 50_000 }, sessionLimit: { cost: { amount: '30.00', currency: 'EUR' } } };
    expect(await platform.api.get('/v1/contracts/C-2041')).toMatchObject({ status: 'Blocked', name: 'Bakery', ...limits });
    await page.getByRole('button', { name: 'Unblock C-2041' }).click();
    await shown
      .rows('Contracts')
      .filter({ hasText: 'Active' })
      .filter({ hasText: /50.00.kWh a day/ })
      .waitFor();
    await page.getByRole('button', { name: 'C-2041', exact: true }).click();
    await page.getByText(/^Used this month: 0.00.kWh in 0 sessions/).waitFor();
    await page.keyboard.press('Escape');
    expect(await platform.api.get('/v1/contracts/C-2041')).toMatchObject({ status: 'Active', ...limits });
    await shown.picture('contracts');
    expect(await shown.flaws()).toEqual([]);
  });
});

describe('reservations', { timeout: 90_000 }, () => {
  it('are made, refused in words where the EVSE is held, and cancelled', async () => {
    const { page } = shown;
    await page.getByRole('link', { name: 'Reservations' }).click();
    // CARD-77 may charge at other sites alone.
    for (const token of ['E2E-CARD-1', 'CARD-77', 'E2E-CARD-2']) {
      await page.getByRole('button', { name: 'New reservation' }).click();
      const dialog = page.getByRole('dialog', { name: 'New reservation' });
      await dialog.getByLabel('Station', { exact: true }).fill('HELD-1');
      await dialog.getByLabel(/^For the token/).fill(token);
      await dialog.getByRole('button', { name: 'Hold it' }).click();
      if (token === 'E2E-CARD-1') await dialog.waitFor({ state: 'detached' });
      else await dialog.getByRole('alert').waitFor();
      if (token === 'CARD-77') await page.keyboard.press('Escape');
    }
    expect(await shown.flaws()).toEqual([]);
    await page.keyboard.press('Escape');
    await shown.picture('reservations');
    await shown.really('Cancel', 'the reservation of HELD-1 for E2E-CARD-1');
    await page.getByText('No reservation', { exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'State' }).click();
    await page.getByRole('option', { name: 'Cancelled' }).click();
    await shown.rows('Reservations').filter({ hasText: 'E2E-CARD-1' }).filter({ hasText: 'By operator' }).waitFor();
    expect(await shown.flaws()).toEqual([]);
  });
});

describe('sites', { timeout: 90_000 }, () => {
  it('are made, changed and retired', async () => {
    const { page } = shown;
    await page.getByRole('link', { name: 'Sites' }).click();
    await page.getByRole('button', { name: 'New site' }).click();
    await page.getByLabel(/^Id; empty/).fill('depot-north');
    await page.getByLabel(/^Name/).fill('Depot north');
    await page.getByLabel(/^Latitude/).fill('52.37');
    await page.getByRole('button', { name: 'Make the site' }).click();
    await page.getByRole('button', { name: 'depot-north', exact: true }).click();
    await page.getByLabel('City').fill('Amsterdam');
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await shown.rows('Sites').filter({ hasText: 'Amsterdam' }).waitFor();
    expect(await platform.api.get('/v1/sites/depot-north')).toMatchObject({ latitude: 52.37, city: 'Amsterdam' });
    await page.getByRole('button', { name: 'Price depot-north' }).click();
    const price = page.getByRole('dialog', { name: 'Price of site depot-north' });
    await price.getByText('No price is set here: the one for where no other is set holds.').waitFor();
    await price.getByLabel(/^Currency/).fill('eur');
    await price.getByLabel(/^A kWh/).fill('0,45');
    await price.getByRole('button', { name: 'Set the price' }).click();
    await price.getByText('“0,45” is no number.').waitFor();
    await shown.picture('price');
    expect(await shown.flaws()).toEqual([]);
    await price.getByLabel(/^A kWh/).fill('0.45');
    await price.getByLabel('A session').fill('0.35');
    await price.getByLabel('A session').press('Enter');
    await price.waitFor({ state: 'detached' });
    const path = '/v1/prices/site:depot-north';
    expect(await platform.api.get(path)).toMatchObject({ currency: 'EUR', perKwh: '0.45', perMinute: '0', perSession: '0.35' });
    await page.getByRole('button', { name: 'Price depot-north' }).click();
    await price.getByText('0.45 EUR a kWh, 0.35 EUR a session.').waitFor();
    await platform.api.ok('PUT', path, { currency: 'EUR', perKwh: '0.60' });
    await price.getByLabel(/^A kWh/).fill('0.50');
    await price.getByRole('button', { name: 'Set the price' }).click();
    await price.getByText(/^Somebody else changed it meanwhile/).waitFor();
    await price.getByText('0.60 EUR a kWh.').waitFor();
    await page.keyboard.press('Escape');
    expect(await platform.api.get(path)).toMatchObject({ perKwh: '0.60' });
    await page.getByRole('button', { name: 'Price depot-north' }).click();
    await price.getByRole('button', { name: 'Take the price away' }).click();
    await price.getByRole('button', { name: 'Really take the price away?' }).click();
    await price.waitFor({ state: 'detached' });
    expect((await platform.api.call('GET', path)).status).toBe(404);
    await shown.really('Retire', 'depot-north');
    await shown.rows('Sites').filter({ hasText: 'Retired' }).waitFor();
    await shown.picture('sites');
    expect(await shown.flaws()).toEqual([]);
  });
});

describe('API keys', { timeout: 90_000 }, () => {
  it('are made, shown once, and revoked', async () => {
    const { page } = shown;
    await page.getByRole('link', { name: 'API keys' }).click();
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel(/^Name; who/).fill('reporting');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const key = await page.getByRole('dialog').locator('code').innerText();
    expect((await fetch(`${platform.api.url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    expect(await shown.flaws()).toEqual([]);
    await page.getByRole('button', { name: 'Done' }).click();
    await shown.really('Revoke', 'reporting');
    await shown.rows('API keys').filter({ hasText: 'reporting' }).filter({ hasText: 'Revoked' }).waitFor();
    expect((await fetch(`${platform.api.url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
    await shown.picture('keys');
    expect(await shown.flaws()).toEqual([]);
    // A token that nobody knows was looked for, and an EVSE that is held was not given.
    expect(shown.problems.filter((problem) => !/\b(40[049]|412)\b/.test(problem))).toEqual([]);
  });
});
