// A firmware campaign over simulated stations (half OCPP 1.6, half 2.0.1) that download the image over HTTP, install it and boot with it.
//   npm run build && node tools/bench/firmware.mjs [--stations 1000] [--image-mb 2] [--kill]
// `--kill`: the platform is killed (SIGKILL) and started again once a third of the stations are through. Prints the time from the request to the
// end, CPU of the platform, bytes served, and the load of the machine.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, launch, residentKb } from './processes.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({
  options: {
    stations: { type: 'string', default: '1000' },
    'image-mb': { type: 'string', default: '2' },
    kill: { type: 'boolean', default: false },
  },
});
const count = Number(values.stations);
const KEY = `voltlog_live_bench_${randomBytes(24).toString('hex')}`;
const PASSWORD = 'bench-station-password';
const POLL_MS = 500;
const DEADLINE_MS = 1_800_000;

const data = mkdtempSync(join(tmpdir(), 'voltlog-bench-'));
const start = (ports) =>
  launch(join(root, 'dist/voltlog/main.js'), ['start', '--no-demo', '--data', data, '--log-level', 'error'], /Stop with Ctrl\+C/, {
    ...ports,
    GATEWAY_ADMIN_KEY: KEY,
    RATE_LIMIT_BURST: '1000000',
    RATE_LIMIT_PER_SECOND: '1000000',
    DEVICE_SCRYPT_N: '1024',
  });
let server = await start({ HTTP_PORT: '0', OCPP_PORT: '0' });
const api = /API\s+(http:\S+?)\/docs/.exec(server.output())[1];
const ocpp = /Stations\s+(ws:\S+?)\/\{/.exec(server.output())[1];
let stations;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function call(method, path, body, type = 'application/json') {
  const headers = { authorization: `Bearer ${KEY}`, ...(body === undefined ? {} : { 'content-type': type }) };
  const sent = type === 'application/json' ? JSON.stringify(body) : body;
  const answer = await fetch(api + path, { method, headers, ...(sent === undefined ? {} : { body: sent }) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

try {
  for (let at = 1; at <= count; at += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, count - at + 1) }, (_, index) =>
        call('POST', '/v1/stations', {
          stationId: `FW-${String(at + index).padStart(5, '0')}`,
          password: PASSWORD,
          evses: [{ evseId: 1, connectors: [{ connectorId: 1 }] }],
        }),
      ),
    );
  stations = await launch(join(root, 'dist/bench/firmware-stations.js'), [ocpp, values.stations, PASSWORD], /stations connected/);
  const rest = randomBytes(Number(values['image-mb']) * 1_000_000);
  const head = `version=2.0.0 sha256=${createHash('sha256').update(rest).digest('hex')}\n`;
  const image = Buffer.concat([Buffer.from(head), rest]);
  const path = `/v1/firmware-images?vendor=Bench&version=2.0.0&sha256=${createHash('sha256').update(image).digest('hex')}`;
  const { imageId } = await call('POST', path, image, 'application/octet-stream');
  await pause(5_000);
  let cpu = -cpuSeconds([server.pid]);
  const began = performance.now();
  const { campaignId } = await call('POST', '/v1/firmware-campaigns', {
    imageId,
    selection: { all: true },
    waves: [{ percent: 5 }, { percent: 25 }, {}],
    stopAtFailedPercent: 10,
    stopAtFailedMin: 5,
    attemptsMax: 2,
    retryMinutes: 0,
    noProgressMinutes: 5,
  });
  let killedAt;
  let rss = 0;
  for (;;) {
    await pause(POLL_MS);
    const campaign = await call('GET', `/v1/firmware-campaigns/${campaignId}`);
    rss = Math.max(rss, residentKb([server.pid]));
    const updated = campaign.counts.Updated ?? 0;
    process.stderr.write(`\r${((performance.now() - began) / 1000).toFixed(0)} s: ${JSON.stringify(campaign.counts)}      `);
    if (campaign.state === 'Ended' || campaign.state === 'Stopped' || performance.now() - began > DEADLINE_MS) {
      report(campaign);
      break;
    }
    if (values.kill && killedAt === undefined && updated > count / 3) {
      cpu += cpuSeconds([server.pid]);
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
      killedAt = { updated, seconds: (performance.now() - began) / 1000 };
      server = await start({ HTTP_PORT: new URL(api).port, OCPP_PORT: new URL(ocpp).port });
    }
  }

  function report(campaign) {
    cpu += cpuSeconds([server.pid]);
    const seconds = (performance.now() - began) / 1000;
    const line = (name, text) => process.stdout.write(`${name.padEnd(28)} ${text}\n`);
    process.stderr.write('\n');
    line('stations', `${count}, half 1.6, half 2.0.1; image ${(image.length / 1e6).toFixed(1)} MB`);
    line('campaign', `${campaign.outcome ?? campaign.state}: ${JSON.stringify(campaign.counts)}`);
    line('from request to end', `${seconds.toFixed(1)} s`);
    line('CPU of the platform', `${cpu.toFixed(1)} s, ${((1000 * cpu) / count).toFixed(1)} ms a station`);
    line('CPU of the stations', `${cpuSeconds([stations.pid]).toFixed(1)} s, connecting included`);
    line('memory of the platform', `${(rss / 1024).toFixed(0)} MB at most`);
    if (killedAt) line('killed', `after ${killedAt.seconds.toFixed(1)} s, with ${killedAt.updated} updated; its CPU since is counted too`);
    line(
      'load of the machine',
      loadavg()
        .map((load) => load.toFixed(1))
        .join(' '),
    );
  }
} finally {
  await stations?.stop();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}
