// Measures how long it takes from a station's frame to the webhook it causes, on the embedded platform, and prints p50 and p99.
//   node tools/launcher.mjs build && node tools/bench/notifications.mjs [--stations 20] [--rounds 10] [--pause 1000]
// Each station starts and ends a transaction per round (OCPP 1.6); a frame's time is when it is written to the socket, a webhook's when its
// last byte has arrived at a receiver of the same machine.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { launch } from './processes.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({
  options: {
    stations: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '10' },
    pause: { type: 'string', default: '1000' },
  },
});
const KEY = `voltlog_live_bench_${randomBytes(24).toString('hex')}`;
const PASSWORD = 'bench-station-password';
const WAIT_MS_MAX = 30_000;

const sent = new Map();
const latencies = { ChargingStarted: [], ChargingEnded: [] };
const ids = new Set();
let repeated = 0;
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const at = performance.now();
    response.writeHead(204).end();
    const { type, data } = JSON.parse(Buffer.concat(chunks).toString());
    if (ids.has(request.headers['webhook-id'])) repeated += 1;
    ids.add(request.headers['webhook-id']);
    const began = sent.get(`${type} ${data.stationId}`);
    if (began !== undefined) latencies[type]?.push(at - began);
    sent.delete(`${type} ${data.stationId}`);
  });
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));

const data = mkdtempSync(join(tmpdir(), 'voltlog-bench-'));
const server = await launch(
  join(root, 'dist/voltlog/main.js'),
  ['start', '--no-demo', '--data', data, '--log-level', 'error'],
  /Stop with Ctrl\+C/,
  { OCPP_PORT: '0', HTTP_PORT: '0', GATEWAY_ADMIN_KEY: KEY, RATE_LIMIT_BURST: '1000000', RATE_LIMIT_PER_SECOND: '1000000' },
);
try {
  const api = /API\s+(http:\S+?)\/docs/.exec(server.output())[1];
  const ocpp = /Stations\s+(ws:\S+?)\/\{/.exec(server.output())[1];
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const request = { method, headers, body: JSON.stringify(body) };
    const answer = await fetch(api + path, request);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  await call('PUT', '/v1/tokens/BENCH', { status: 'Active' });
  const target = `http://127.0.0.1:${receiver.address().port}/`;
  await call('POST', '/v1/subscriptions', { channel: 'Webhook', target, filter: { kinds: Object.keys(latencies) } });
  const stations = [];
  for (let index = 0; index < Number(values.stations); index += 1) {
    const stationId = `NOTIFY-${index}`;
    await call('POST', '/v1/stations', { stationId, password: PASSWORD, evses: [{ evseId: 1, connectors: [{ connectorId: 1 }] }] });
    stations.push(await connect(`${ocpp}/${stationId}`, stationId));
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    await Promise.all(stations.map((station) => visit(station)));
    await pause(Number(values.pause));
  }
  const end = Date.now() + WAIT_MS_MAX;
  while (sent.size > 0 && Date.now() < end) await pause(50);
  for (const [kind, all] of Object.entries(latencies)) report(kind, all);
  process.stdout.write(`webhooks: ${ids.size} of ${2 * stations.length * Number(values.rounds)}, ${repeated} repeated\n`);
  for (const { socket } of stations) socket.terminate();
} finally {
  await server.stop();
  receiver.close();
  rmSync(data, { recursive: true, force: true });
}

async function connect(url, stationId) {
  const authorization = `Basic ${Buffer.from(`${stationId}:${PASSWORD}`).toString('base64')}`;
  const socket = new WebSocket(url, ['ocpp1.6'], { headers: { authorization } });
  const waiting = new Map();
  socket.on('message', (text) => {
    const [type, id, payload] = JSON.parse(text.toString());
    if (type === 2) socket.send(JSON.stringify([4, id, 'NotSupported', '', {}]));
    else waiting.get(id)?.(payload);
    waiting.delete(id);
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  let messages = 0;
  const station = {
    socket,
    stationId,
    ask(action, payload) {
      const id = String((messages += 1));
      const answer = new Promise((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify([2, id, action, payload]));
      return answer;
    },
  };
  await station.ask('BootNotification', { chargePointVendor: 'bench', chargePointModel: 'bench' });
  return station;
}

/** A car comes, charges and goes. The frames that cause a notification are timed. */
async function visit({ ask, stationId }) {
  const now = () => new Date().toISOString();
  const status = (word) => ask('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: word, timestamp: now() });
  await status('Preparing');
  const { transactionId } = await ask('StartTransaction', { connectorId: 1, idTag: 'BENCH', meterStart: 0, timestamp: now() });
  sent.set(`ChargingStarted ${stationId}`, performance.now());
  await status('Charging');
  await pause(Number(values.pause));
  sent.set(`ChargingEnded ${stationId}`, performance.now());
  await ask('StopTransaction', { transactionId, idTag: 'BENCH', meterStop: 1_000, timestamp: now() });
  await status('Finishing');
  await status('Available');
}

function report(kind, all) {
  all.sort((a, b) => a - b);
  const at = (share) => (all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? Number.NaN).toFixed(0);
  process.stdout.write(`frame to webhook, ${kind}: ${all.length} told, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
