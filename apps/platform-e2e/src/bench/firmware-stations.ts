// Simulated stations that update their firmware for real: for tools/bench/firmware.mjs.
//   node dist/bench/firmware-stations.js <ocpp url> <count> <password>
import { ScaledClock, SimulatedStation } from '@voltlog/simulator-app';

const [url = '', count = '0', password = ''] = process.argv.slice(2);
/** Connecting at once. */
const AT_ONCE = 50;

const clock = new ScaledClock(1);
const stations = Array.from(
  { length: Number(count) },
  (_, index) =>
    new SimulatedStation({
      id: `FW-${String(index + 1).padStart(5, '0')}`,
      version: index % 2 === 0 ? '1.6' : '2.0.1',
      url,
      password,
      clock,
      reconnectMs: [200, 3_000],
      identity: { vendor: 'Bench', model: 'Updated' },
    }),
);
for (let at = 0; at < stations.length; at += AT_ONCE)
  await Promise.all(stations.slice(at, at + AT_ONCE).map((station) => station.connect()));
process.stdout.write(`${stations.length} stations connected\n`);
process.on('SIGTERM', () => process.exit(0));
