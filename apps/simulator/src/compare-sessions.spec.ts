import { expect, it } from 'vitest';
import { compareSessions, type SessionView } from './compare-sessions.js';
import { Ledger, type LedgerEntry } from './ledger.js';

function charged(ledger: Ledger, transactionId: number, deliveredWh: number): LedgerEntry {
  const entry = ledger.open({
    stationId: 'A',
    version: '1.6',
    transactionId,
    evseId: 1,
    connectorId: 1,
    idToken: 'T',
    startedAt: 0,
    meterStartWh: 0,
    offlineStart: false,
    remoteStartId: undefined,
  });
  entry.deliveredWh = deliveredWh;
  entry.stoppedAt = 1;
  return entry;
}

const session = (transactionId: string, energyWh: number, stationId = 'A'): SessionView => ({
  stationId,
  transactionId,
  energyWh,
  endedAt: '2026-01-05T08:00:00.000Z',
});

it('finds nothing where both agree', () => {
  const ledger = new Ledger();
  charged(ledger, 1, 500);
  const none = { lost: [], doubled: [], wrongEnergy: [], wrongEnd: [], invented: [] };
  expect(compareSessions(ledger.transactions, [session('1', 500), session('9', 3, 'of another station')])).toEqual(none);
});

it('finds what is lost, doubled, wrong, still running and invented', () => {
  const ledger = new Ledger();
  for (const id of [1, 2, 3, 4]) charged(ledger, id, 500);
  const found = compareSessions(ledger.transactions, [
    session('2', 500),
    session('2', 500),
    session('3', 499),
    { ...session('4', 500), endedAt: null },
    session('5', 500),
  ]);
  expect(found.lost.map((entry) => entry.transactionId)).toEqual([1]);
  expect(found.doubled).toHaveLength(1);
  expect(found.wrongEnergy.map(({ entry }) => entry.transactionId)).toEqual([3]);
  expect(found.wrongEnd.map(({ entry }) => entry.transactionId)).toEqual([4]);
  expect(found.invented.map((invented) => invented.transactionId)).toEqual(['5']);
});
