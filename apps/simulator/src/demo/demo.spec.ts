import { afterEach, expect, it } from 'vitest';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { type Demo, startDemo } from './demo.js';

let csms: FakeCsms;
let demo: Demo | undefined;

afterEach(async () => {
  await demo?.stop();
  await csms.close();
});

it('has a car charging at each of three stations and ends them in order', async () => {
  csms = await startFakeCsms();
  demo = startDemo({
    url: csms.url,
    stations: [
      { id: 'DEMO-1', version: '1.6' },
      { id: 'DEMO-2', version: '1.6', password: 'secret' },
      { id: 'DEMO-3', version: '2.0.1' },
    ],
    tokens: ['CARD-1', 'CARD-2'],
    timeScale: 200,
    seed: 1,
  });
  const started = (): number =>
    csms.of('StartTransaction').length + csms.of('TransactionEvent').filter((call) => call.payload['eventType'] === 'Started').length;
  await csms.until(() => started() >= 6 && new Set(csms.calls.map((call) => call.stationId)).size === 3);
  await demo.stop();
  const { transactions, settled } = demo.ledger.summary();
  expect(transactions).toBe(started());
  expect(settled).toBe(transactions);
});

it('keeps an EVSE free until somebody starts there from outside; then a car comes, charges and leaves', async () => {
  csms = await startFakeCsms();
  demo = startDemo({
    url: csms.url,
    stations: [
      { id: 'DEMO-1', version: '1.6' },
      { id: 'DEMO-2', version: '1.6' },
      { id: 'DEMO-3', version: '2.0.1' },
    ],
    tokens: ['CARD-1'],
    timeScale: 200,
    seed: 1,
  });
  const evse = demo.stations[2]?.evse(2);
  const ofEvse = () => demo?.ledger.transactions.filter((entry) => entry.stationId === 'DEMO-3' && entry.evseId === 2) ?? [];
  await csms.until(() => csms.of('TransactionEvent').length >= 3);
  expect([evse?.car, ofEvse()]).toEqual([undefined, []]);
  const idToken = { idToken: 'PHONE-1', type: 'Central' };
  await csms.command('DEMO-3', 'RequestStartTransaction', { evseId: 2, remoteStartId: 7, idToken });
  await expect.poll(() => ofEvse().map((entry) => [entry.idToken, entry.remoteStartId]), { timeout: 10_000 }).toEqual([['PHONE-1', 7]]);
  demo.stations[2]?.stopTransaction(2, 'Remote');
  await expect.poll(() => evse?.car, { timeout: 10_000 }).toBeUndefined();
});

it('has a car leave again from an EVSE that is held for somebody else, and come back', async () => {
  csms = await startFakeCsms();
  demo = startDemo({ url: csms.url, stations: [{ id: 'DEMO-1', version: '1.6' }], tokens: ['CARD-1'], timeScale: 200, seed: 1 });
  await csms.until(() => csms.of('StopTransaction').length >= 1);
  const expiryDate = new Date(Date.now() + 3_600_000).toISOString();
  const reserve = { connectorId: 1, expiryDate, idTag: 'STRANGER', reservationId: 1 };
  await expect
    .poll(() => csms.command('DEMO-1', 'ReserveNow', reserve), { timeout: 10_000 })
    .toMatchObject({ payload: { status: 'Accepted' } });
  const [shown, begun] = [csms.of('Authorize').length, csms.of('StartTransaction').length];
  await csms.until(() => csms.of('Authorize').length >= shown + 2);
  expect(csms.of('StartTransaction')).toHaveLength(begun);
  await csms.command('DEMO-1', 'CancelReservation', { reservationId: 1 });
  await csms.until(() => csms.of('StartTransaction').length > begun);
});

it('tells whoever runs it beside something else that it failed, and goes on with the other stations', async () => {
  csms = await startFakeCsms();
  const failed: string[] = [];
  demo = startDemo({
    url: csms.url,
    stations: [
      { id: 'DEMO-1', version: '1.6' },
      { id: 'DEMO-2', version: '1.6' },
    ],
    tokens: ['CARD-1', 'CARD-2'],
    timeScale: 200,
    seed: 1,
    onFailure: (stationId, error) => failed.push(`${stationId} ${String(error)}`),
  });
  const [first] = demo.stations;
  if (first !== undefined)
    first.plugIn = () => {
      throw new Error('a bug');
    };
  await csms.until(() => csms.of('StartTransaction').some(({ stationId }) => stationId === 'DEMO-2'));
  expect(failed).toEqual(['DEMO-1 Error: a bug']);
});
