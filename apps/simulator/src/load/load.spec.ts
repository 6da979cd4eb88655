import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { schemaCheck } from '../testing/schemas.js';
import { LatencyHistogram } from './histogram.js';
import { SESSION_WH } from './load-frames.js';
import { openStations } from './open-stations.js';
import { heartbeatLoad, sessionLoad } from './run-load.js';

let csms: FakeCsms;
beforeEach(async () => {
  csms = await startFakeCsms();
});
afterEach(() => csms.close());

describe('the histogram', () => {
  it('gives each quantile to within 4 %, never too low', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 }), (values) => {
        const histogram = new LatencyHistogram();
        for (const value of values) histogram.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        for (const share of [0.5, 0.9, 0.99, 1]) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
          const found = histogram.quantileMs(share);
          expect(found).toBeGreaterThanOrEqual(exact - 0.001);
          expect(found).toBeLessThanOrEqual(exact * 1.04 + 0.001);
        }
      }),
    );
  });
});

describe.each(['1.6', '2.0.1'] as const)('a load of OCPP %s', (version) => {
  it('speaks valid frames, one call in flight for each station, and counts what it delivered', async () => {
    const opened = await openStations({ url: csms.url, n: 5, version, passwordOf: () => 'secret' });
    expect(opened.result).toMatchObject({ booted: 5, retries: 0 });
    const result = await sessionLoad({ stations: opened.stations, seconds: 0.2, tokens: ['T1', 'T2'] });
    opened.close();
    expect(result).toMatchObject({ errors: 0, samples: [] });
    expect(result.calls).toBe(result.sessions * 8);
    expect(result.sessions).toBeGreaterThan(4);
    expect(result.deliveredWh).toBe(result.sessions * SESSION_WH);
    expect(csms.mostInFlight).toBe(1);
    const check = schemaCheck(version);
    expect(csms.calls.map((call) => check('req', call.action, call.payload)).filter((problem) => problem !== undefined)).toEqual([]);
    if (version === '1.6') {
      for (const { payload } of csms.of('MeterValues')) expect(JSON.stringify(payload).match(/"measurand"/g)).toHaveLength(8);
      expect(new Set(csms.of('StopTransaction').map((call) => call.payload['transactionId'])).size).toBe(result.sessions);
    }
  });
});

describe('a load', () => {
  it('opens at the rate it was told and measures from when a call was due', async () => {
    const opened = await openStations({ url: csms.url, n: 20 });
    const result = await heartbeatLoad({ stations: opened.stations, seconds: 0.5, rate: 400 });
    opened.close();
    expect(result.errors).toBe(0);
    expect(result.calls).toBeGreaterThan(190);
    expect(result.calls).toBeLessThanOrEqual(200);
  });

  it('ends its sessions at its rate, not all at once, and measures the calls of its time alone', async () => {
    csms.reply('StartTransaction', () => ({ transactionId: 7, idTagInfo: { status: 'Accepted' } }));
    const opened = await openStations({ url: csms.url, n: 20 });
    const result = await sessionLoad({ stations: opened.stations, tokens: ['T'], seconds: 0.2, rate: 400 });
    opened.close();
    expect(result.errors).toBe(0);
    expect(result.latency.count).toBe(80);
    expect(result.calls).toBe(result.sessions * 8);
    expect(result.calls).toBeGreaterThan(80);
    expect(result.seconds).toBeGreaterThanOrEqual(result.calls / 400);
  });

  it('is a mix from the begin: its stations do not begin together', async () => {
    csms.reply('StartTransaction', () => ({ transactionId: 7, idTagInfo: { status: 'Accepted' } }));
    const opened = await openStations({ url: csms.url, n: 16 });
    await sessionLoad({ stations: opened.stations, tokens: ['T'], seconds: 1, rate: 400 });
    opened.close();
    const actions = csms.calls.map(({ action }) => action).filter((action) => action !== 'BootNotification');
    // Two begin at once and two more within 16 calls; each authorizes again at the earliest after eight.
    expect(actions.slice(0, 16).filter((action) => action === 'Authorize').length).toBeLessThanOrEqual(6);
    expect(new Set(csms.of('Authorize').map(({ stationId }) => stationId)).size).toBe(16);
  });

  it('counts answers that are errors', async () => {
    csms.reply('Heartbeat', () => 'InternalError');
    const opened = await openStations({ url: csms.url, n: 1 });
    const result = await heartbeatLoad({ stations: opened.stations, seconds: 0.05 });
    opened.close();
    expect(result.errors).toBe(result.calls);
    expect(result.samples[0]).toContain('InternalError');
  });

  it('tries again until the server lets a station in', async () => {
    let boots = 0;
    csms.reply('BootNotification', () => {
      boots += 1;
      return { status: boots === 1 ? 'Rejected' : 'Accepted', interval: 1, currentTime: '2026-01-05T08:00:00.000Z' };
    });
    const opened = await openStations({ url: csms.url, n: 1 });
    opened.close();
    expect(opened.result).toMatchObject({ booted: 1, retries: 1 });
  });

  it('goes on without the stations whose sockets break, and says so', async () => {
    const opened = await openStations({ url: csms.url, n: 3 });
    let beats = 0;
    csms.reply('Heartbeat', ({ stationId }) => {
      beats += 1;
      if (beats === 20) csms.sockets.get(stationId)?.terminate();
      return { currentTime: '2026-01-05T08:00:00.000Z' };
    });
    const result = await heartbeatLoad({ stations: opened.stations, seconds: 0.2 });
    opened.close();
    expect(result.errors).toBe(1);
    expect(result.calls).toBeGreaterThan(20);
  });
});
