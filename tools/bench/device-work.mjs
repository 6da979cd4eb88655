// What the device service does for many stations and for a large one, on the embedded platform:
//   a job over many stations, with kill -9 in its middle: how long it takes, that nobody is sent it twice and nobody is left out;
//   a full inventory of 5 000 variables in a thousand parts, shuffled and with repeats: how long until it is shown.
//   node tools/launcher.mjs build && node tools/bench/device-work.mjs [--stations 10000] [--variables 5000]
// The load runs in this process, the platform in another; both share the machine.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { launch } from './processes.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({
  options: { stations: { type: 'string', default: '10000' }, variables: { type: 'string', default: '5000' } },
});
const KEY = `voltlog_live_bench_${randomBytes(24).toString('hex')}`;
const PASSWORD = 'bench-station-password';
const CONNECTING_AT_ONCE = 100;
const WAIT_MS_MAX = 900_000;

const data = mkdtempSync(join(tmpdir(), 'voltlog-bench-'));
const environment = {
  GATEWAY_ADMIN_KEY: KEY,
  RATE_LIMIT_BURST: '1000000',
  RATE_LIMIT_PER_SECOND: '1000000',
  CALLS_PER_SECOND_MAX: '100000',
  // Passwords of 10 000 stations are hashed.
  DEVICE_SCRYPT_N: '1024',
};
const start = (ports) =>
  launch(join(root, 'dist/voltlog/main.js'), ['start', '--no-demo', '--data', data, '--log-level', 'error'], /Stop with Ctrl\+C/, {
    ...environment,
    ...ports,
  });
let server = await start({ OCPP_PORT: '0', HTTP_PORT: '0' });
const api = /API\s+(http:\S+?)\/docs/.exec(server.output())[1];
const ocpp = /Stations\s+(ws:\S+?)\/\{/.exec(server.output())[1];
const ports = { OCPP_PORT: new URL(ocpp).port, HTTP_PORT: new URL(api).port };

async function call(method, path, body, contentType = 'application/json') {
  const answer = await fetch(api + path, {
    method,
    headers: { authorization: `Bearer ${KEY}`, ...(body === undefined ? {} : { 'content-type': contentType }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
  return answer.headers.get('content-type')?.includes('json') === true && !text.includes('\n{') ? JSON.parse(text) : text;
}

async function until(what, look) {
  for (const deadline = Date.now() + WAIT_MS_MAX; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
  }
}

/** A socket that answers commands by `answer`. */
function connect(stationId, protocol, answer) {
  const socket = new WebSocket(`${ocpp}/${stationId}`, [protocol], {
    headers: { authorization: `Basic ${Buffer.from(`${stationId}:${PASSWORD}`).toString('base64')}` },
    perMessageDeflate: false,
  });
  socket.on('error', () => {});
  socket.on('message', (text) => {
    const [kind, id, action, payload] = JSON.parse(String(text));
    if (kind === 2) answer(socket, id, action, payload);
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function connectAll(ids, answer) {
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTING_AT_ONCE }, async () => {
      while (next < ids.length) {
        const id = ids[next++];
        await connect(id, 'ocpp1.6', (socket, messageId) => answer(id, socket, messageId));
      }
    }),
  );
}

async function job(count) {
  const ids = Array.from({ length: count }, (_, n) => `JOB-${String(n + 1).padStart(6, '0')}`);
  const lines = ids.map((stationId) => JSON.stringify({ type: 'station', stationId, password: PASSWORD })).join('\n');
  const importing = performance.now();
  await call('POST', '/v1/registry/import', lines, 'application/x-ndjson');
  console.log(`${count} stations imported in ${seconds(importing)} s`);
  const sent = new Map();
  const answer = (id, socket, messageId) => {
    sent.set(id, (sent.get(id) ?? 0) + 1);
    socket.send(JSON.stringify([3, messageId, { status: 'Accepted' }]));
  };
  await connectAll(ids, answer);
  console.log('all connected');
  const began = performance.now();
  const body = { command: { name: 'clear-cache', body: {} }, selection: { all: true }, concurrency: 200 };
  const { jobId } = await call('POST', '/v1/jobs', body);
  await until('a third is asked', () => sent.size >= count / 3);
  const beforeKill = sent.size;
  process.kill(server.pid, 'SIGKILL');
  await server.ended;
  const killed = performance.now();
  server = await start(ports);
  await connectAll(ids, answer);
  const back = performance.now();
  const ended = await until('the job ends', async () => {
    const now = await call('GET', `/v1/jobs/${jobId}`);
    return now.state === 'Ended' ? now : undefined;
  });
  const twice = [...sent.values()].filter((times) => times > 1).length;
  console.log(
    `job over ${count} stations: ${beforeKill} asked in ${((killed - began) / 1_000).toFixed(1)} s before kill -9, ` +
      `${((back - killed) / 1_000).toFixed(1)} s until all were connected again, ended ${seconds(back)} s later; ` +
      `${JSON.stringify(ended.counts)}; sent twice: ${twice}; never sent: ${count - sent.size}`,
  );
}

async function inventory(count) {
  await call('POST', '/v1/stations', { stationId: 'LARGE', password: PASSWORD, evses: [] });
  const perPart = Math.ceil(count / 1_000);
  const partCount = Math.ceil(count / perPart);
  const parts = Array.from({ length: partCount }, (_, seqNo) => ({
    seqNo,
    tbc: seqNo < partCount - 1,
    reportData: Array.from({ length: Math.min(perPart, count - seqNo * perPart) }, (_each, index) => ({
      component: { name: 'EVSE', evse: { id: 1 } },
      variable: { name: `Value${seqNo * perPart + index}` },
      variableAttribute: [{ type: 'Actual', value: '1' }],
      variableCharacteristics: { dataType: 'integer', supportsMonitoring: false },
    })),
  }));
  // Two by two the wrong way round, and every tenth twice.
  const order = parts.flatMap((part, index) => [parts[index ^ 1] ?? part, ...(index % 10 === 0 ? [part] : [])]);
  const waiting = new Map();
  let sending = Promise.resolve();
  const socket = await connect('LARGE', 'ocpp2.0.1', (to, id, action, payload) => {
    if (action !== 'GetBaseReport') return to.send(JSON.stringify([4, id, 'NotSupported', '', {}]));
    to.send(JSON.stringify([3, id, { status: 'Accepted' }]));
    sending = send(payload.requestId);
  });
  socket.on('message', (text) => {
    const [kind, id] = JSON.parse(String(text));
    if (kind !== 2) waiting.get(id)?.();
  });
  const ask = (id, action, payload) =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      socket.send(JSON.stringify([2, id, action, payload]));
    });
  let acknowledged = 0;
  const send = async (requestId) => {
    const began = performance.now();
    for (const [index, part] of order.entries())
      await ask(`n${index}`, 'NotifyReport', { requestId, generatedAt: new Date().toISOString(), ...part });
    acknowledged = performance.now() - began;
  };
  await ask('boot', 'BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'Bench', model: 'Large' } });
  const began = performance.now();
  await call('POST', '/v1/stations/LARGE/device-model/reports', {});
  await until('it is shown', async () => (await call('GET', '/v1/stations/LARGE/device-model?limit=1')).reported === count);
  const shown = performance.now() - began;
  await sending;
  const reading = performance.now();
  await call('GET', '/v1/stations/LARGE/device-model?limit=50&filter=Value123');
  console.log(
    `inventory of ${count} variables in ${order.length} messages, each after the answer to the one before: ` +
      `answered in ${(acknowledged / 1_000).toFixed(1)} s, shown ${(shown / 1_000).toFixed(1)} s after it was asked for; ` +
      `a filtered page read in ${(performance.now() - reading).toFixed(0)} ms`,
  );
  socket.terminate();
  // The job is over stations that are there.
  await call('DELETE', '/v1/stations/LARGE');
}

const seconds = (since) => ((performance.now() - since) / 1_000).toFixed(1);

try {
  await inventory(Number(values.variables));
  if (Number(values.stations) > 0) await job(Number(values.stations));
} finally {
  process.kill(server.pid, 'SIGKILL');
  rmSync(data, { recursive: true, force: true });
}
process.exit(0);
