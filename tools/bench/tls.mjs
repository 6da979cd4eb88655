// TLS handshakes on security profiles 1, 2 and 3, new and resumed, and memory per idle connection, against the connection service alone. The
// service's CPU per connection (TCP, TLS, HTTP upgrade, credentials) is the steadier figure on a machine that is shared.
//   npm run build && node tools/bench/tls.mjs [--stations N] [--concurrency N]
// Certificates (ECDSA P-256) are made with openssl. The load runs in this process, the service in another; both share the machine.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NODE_FLAGS } from '../node-flags.mjs';

const { values } = parseArgs({
  options: { stations: { type: 'string', default: '2000' }, concurrency: { type: 'string', default: '32' } },
});
const stations = Number(values.stations);
const concurrency = Number(values.concurrency);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PASSWORD = 'bench-password-0001';
const SETTLE_MS = 3_000;

function openssl(...args) {
  const done = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl ${args[0]}: ${done.stderr}`);
}

function makeCertificates() {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Bench Root');
  for (const [name, subject, usage] of [
    ['server', '/CN=localhost', 'extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1'],
    ['client', '/CN=BENCH', 'extendedKeyUsage=clientAuth'],
  ]) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    writeFileSync(join(folder, `${name}.ext`), usage);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-days',
      '2',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
  }
}

const file = (name) => readFileSync(join(folder, name), 'utf8');

async function startService() {
  const salt = Buffer.from('bench');
  const hash = createHash('sha256').update(salt).update(PASSWORD).digest('base64url');
  const child = spawn(process.execPath, [...NODE_FLAGS, join(root, 'dist/bench/connection-alone.js'), '--data', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OCPP_TLS_PORT: '0',
      OCPP_MTLS_PORT: '0',
      OCPP_TLS_CERT_PATH: join(folder, 'server.pem'),
      OCPP_TLS_KEY_PATH: join(folder, 'server.key'),
      OCPP_MTLS_CA_PATH: join(folder, 'ca.pem'),
      BENCH_PASSWORD_HASH: `sha256$${salt.toString('base64url')}$${hash}`,
    },
  });
  const ports = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [, kind, port] = /^listening(-m?tls)?: \w+:\/\/.*:(\d+)\//.exec(line) ?? [];
    if (port !== undefined) ports[kind ?? '-plain'] = Number(port);
    if (Object.keys(ports).length === 3) break;
  }
  child.stdout.resume();
  return { child, ports };
}

/** Resident memory of the service, kB. */
const residentKb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** CPU that the service has used, ms; a tick is 10 ms. */
function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}

async function open(profile, ports, index, session) {
  const port = { 1: ports['-plain'], 2: ports['-tls'], 3: ports['-mtls'] }[profile];
  const socket =
    profile === 1
      ? connectTcp({ port, host: '127.0.0.1' })
      : connectTls({ port, host: '127.0.0.1', secureContext: contexts[profile], session });
  await once(socket, profile === 1 ? 'connect' : 'secureConnect');
  const id = `TLS${profile}-${index}`;
  const authorization = profile === 3 ? '' : `Authorization: Basic ${Buffer.from(`${id}:${PASSWORD}`).toString('base64')}\r\n`;
  socket.write(
    `GET /ocpp/${id} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n${authorization}\r\n`,
  );
  const [answer] = await once(socket, 'data');
  if (!String(answer).startsWith('HTTP/1.1 101')) throw new Error(`profile ${profile}: ${String(answer).split('\r\n')[0]}`);
  socket.on('error', () => {}).resume();
  return socket;
}

/** A session to resume, as the service gives it; undefined: it gives none. */
async function sessionOf(profile, ports) {
  const port = { 2: ports['-tls'], 3: ports['-mtls'] }[profile];
  const socket = connectTls({ port, host: '127.0.0.1', secureContext: contexts[profile] });
  const given = new Promise((resolve) => {
    socket.once('session', resolve);
    setTimeout(resolve, 1_000, undefined);
  });
  await once(socket, 'secureConnect');
  const session = await given;
  socket.destroy();
  return session;
}

async function measure(profile, { child, ports }, resumes) {
  // The first few load the schemas and warm the code.
  const warm = [];
  for (let i = 0; i < 50; i += 1) warm.push(await open(profile, ports, `warm-${i}`));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const session = resumes ? await sessionOf(profile, ports) : undefined;
  const before = residentKb(child.pid);
  const cpuBefore = cpuMs(child.pid);
  const sockets = [];
  let next = 0;
  const beganAt = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < stations) {
        const index = next++;
        sockets.push(await open(profile, ports, index, session));
      }
    }),
  );
  const seconds = (performance.now() - beganAt) / 1_000;
  const cpuEach = (cpuMs(child.pid) - cpuBefore) / stations;
  const reused = sockets.filter((socket) => socket.isSessionReused?.() === true).length;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const kbEach = (residentKb(child.pid) - before) / stations;
  for (const socket of [...sockets, ...warm]) socket.destroy();
  process.stdout.write(
    `profile ${profile}${resumes ? `, resumed (${Math.round((100 * reused) / stations)} %)` : ''}: ${cpuEach.toFixed(2)} ms of CPU per connection, ` +
      `${Math.round(stations / seconds)} handshakes/s, ${kbEach.toFixed(1)} kB resident per idle connection, load ${loadavg()[0].toFixed(1)}\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'voltlog-tls-bench-'));
let contexts = {};
try {
  makeCertificates();
  contexts = {
    2: createSecureContext({ ca: file('ca.pem') }),
    3: createSecureContext({ ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key') }),
  };
  for (const [profile, resumes] of [
    [1, false],
    [2, false],
    [2, true],
    [3, false],
    [3, true],
  ]) {
    const service = await startService();
    await measure(profile, service, resumes);
    service.child.kill('SIGKILL');
    await once(service.child, 'exit');
    for (const suffix of ['', '-wal', '-shm'])
      for (const name of ['log.db', 'connection.db']) rmSync(join(folder, name + suffix), { force: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
