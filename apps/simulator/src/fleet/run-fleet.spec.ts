import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import { type FleetOptions, type FleetResult, runFleet } from './run-fleet.js';

let csms: FakeCsms;
beforeEach(async () => {
  csms = await startFakeCsms();
});
afterEach(() => csms.close());

async function fleetOf(options: Partial<FleetOptions>): Promise<FleetResult> {
  const clock = new VirtualClock();
  const result = await runFleet({
    url: csms.url,
    count: 6,
    tokens: ['T1', 'T2', 'T3'],
    seed: 7,
    seconds: 6 * 3600,
    clock,
    reconnectMs: [2, 20],
    ...options,
  });
  clock.dispose();
  return result;
}

describe('a fleet', () => {
  it('charges for six hours of its own time with valid frames, and everything is answered', async () => {
    const wrong: string[] = [];
    const observers = { '1.6': noteWrongFrames('1.6', wrong), '2.0.1': noteWrongFrames('2.0.1', wrong) };
    const result = await fleetOf({ onEvent: (event) => observers[Number(event.stationId.slice(-1)) % 2 === 1 ? '1.6' : '2.0.1'](event) });
    expect(wrong).toEqual([]);
    expect(result).toMatchObject({ stations: 6, neverAccepted: 0, unsettled: 0, running: 0, abandonedMessages: 0 });
    expect(result.transactions).toBeGreaterThan(30);
    expect(csms.mostInFlight).toBe(1);
  });

  it('reports to the CSMS what it delivered, through lost answers and offline times', async () => {
    const result = await fleetOf({ versions: ['1.6'], offlineShare: 0.5, lostAnswerShare: 0.5, seconds: 3 * 3600 });
    expect(result.disconnects).toBeGreaterThan(0);
    expect(result.unsettled).toBe(0);
    const starts = new Map(
      csms
        .of('StartTransaction')
        .map(({ stationId, payload }) => [`${stationId} ${payload['connectorId']} ${payload['timestamp']}`, payload['meterStart']]),
    );
    for (const entry of result.ledger.transactions) {
      expect(starts.get(`${entry.stationId} ${entry.connectorId} ${new Date(entry.startedAt).toISOString()}`)).toBe(entry.meterStartWh);
      const stop = csms.of('StopTransaction').findLast((call) => call.payload['transactionId'] === entry.transactionId);
      expect(Number(stop?.payload['meterStop']) - entry.meterStartWh).toBe(entry.deliveredWh);
    }
    expect(starts.size).toBe(result.transactions);
  });

  it('does the same for the same seed', async () => {
    const seen = async (seed: number): Promise<unknown> => {
      const { ledger } = await fleetOf({ count: 2, seconds: 3 * 3600, lostAnswerShare: 0, offlineShare: 0, seed });
      return ledger.of('SIM-0001').map((entry) => [entry.idToken, entry.startedAt, entry.deliveredWh]);
    };
    const first = await seen(3);
    expect(await seen(3)).toEqual(first);
    expect(await seen(4)).not.toEqual(first);
  });

  it('ends early and in order', async () => {
    const abort = new AbortController();
    const running = runFleet({
      url: csms.url,
      count: 2,
      tokens: ['T1'],
      seed: 1,
      seconds: 1e6,
      pauseSeconds: 1,
      timeScale: 100,
      signal: abort.signal,
    });
    await csms.until(() => csms.of('StartTransaction').length > 0 && csms.of('TransactionEvent').length > 0);
    abort.abort();
    expect(await running).toMatchObject({ running: 0, unsettled: 0 });
  });
});
