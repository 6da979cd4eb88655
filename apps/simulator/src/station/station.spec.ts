import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CAR_MODELS, Car } from '../car/car.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import type { OcppVersion } from './protocol.js';
import { SimulatedStation } from './station.js';
import type { StationOptions } from './station-options.js';

let csms: FakeCsms;
const stations: SimulatedStation[] = [];
/** Everything a station of this spec said that its schema forbids. */
const wrong: string[] = [];

beforeEach(async () => {
  csms = await startFakeCsms();
});

afterEach(async () => {
  for (const station of stations.splice(0)) {
    await station.stop();
    station.clock.dispose();
  }
  await csms.close();
  expect(wrong.splice(0)).toEqual([]);
});

function newStation(version: OcppVersion, options: Partial<StationOptions> = {}): SimulatedStation {
  const station = new SimulatedStation({
    id: 'CS-1',
    version,
    url: csms.url,
    clock: new VirtualClock(),
    reconnectMs: [5, 50],
    onEvent: noteWrongFrames(version, wrong),
    ...options,
  });
  stations.push(station);
  return station;
}

describe.each(['1.6', '2.0.1'] as const)('a station of OCPP %s', (version) => {
  it('charges a car and tells what it delivered', async () => {
    const station = newStation(version);
    await station.connect();
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    expect(await station.authorize('TOKEN-1')).toBe('Accepted');
    station.start(1, 'TOKEN-1');
    await station.clock.pass(30 * 60_000);
    station.stopTransaction(1, 'Local', 'TOKEN-1');
    station.unplug(1);
    await station.idle();
    const [entry] = station.ledger.transactions;
    expect(entry).toMatchObject({ idToken: 'TOKEN-1', start: 'answered', stop: 'answered', deliveredWh: 5500 });
    expect(csms.mostInFlight).toBe(1);
    if (version === '1.6') {
      expect(csms.of('StartTransaction')).toHaveLength(1);
      expect(csms.of('MeterValues')).toHaveLength(29);
      expect(csms.of('StopTransaction')[0]?.payload).toMatchObject({ transactionId: 1, meterStop: 5500, reason: 'Local' });
    } else {
      const events = csms.of('TransactionEvent').map((call) => call.payload);
      expect(events.map((event) => event['seqNo'])).toEqual(Array.from({ length: 31 }, (_, index) => index));
      expect(events.map((event) => event['eventType'])).toEqual(['Started', ...Array(29).fill('Updated'), 'Ended']);
    }
  });
});
