import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation } from './harness/fleet.js';
import { type Infrastructure, PROCESSES, Processes, type ProcessName, startInfrastructure } from './harness/processes.js';
import { type Frame, RawStation } from './harness/raw-station.js';

const WAIT_MS = 240_000;
const TEST_MS = 600_000;
const DEVICES = ['device', 'device-2'] as const satisfies readonly ProcessName[];

interface UploadView {
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly receivedBytes: number;
  readonly sha256: string | null;
}

let infrastructure: Infrastructure;
let platform: Processes;
beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(infrastructure, { DEVICE_SECRET_KEY: randomBytes(32).toString('base64') }, [...PROCESSES, 'device-2']);
});
afterEach(({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(platform.said);
});
afterAll(async () => {
  await platform?.stop();
  await infrastructure?.stop();
});

const soon = <Value>(what: string, ask: () => Promise<Value | undefined>): Promise<Value> => eventually(what, ask, WAIT_MS);

/** A station that is asked for its log, and the address that it was told. */
async function asked(stationId: string): Promise<{ uploadId: string; address: string }> {
  // The test before killed the device service: who asks it has a connection to it again a moment after it is back.
  await soon('the gateway reaches the device service', () => platform.api.get('/v1/stations'));
  await registerStation(platform.api, stationId);
  const station = await soon('the station is let in', () => RawStation.connect({ url: platform.ocppUrls[0], stationId }));
  let address = '';
  station.socket.on('message', (text) => {
    const [kind, messageId, , payload] = JSON.parse(String(text)) as Frame;
    if (kind !== 2) return;
    address = (payload as { location?: string }).location ?? '';
    station.send(JSON.stringify([3, messageId, { fileName: 'my.log' }]));
  });
  const { uploadId } = await platform.api.ok<{ uploadId: string }>('POST', `/v1/stations/${stationId}/log-uploads`, {});
  await station.close();
  return { uploadId, address };
}

/** A file on its way, piece by piece for as long as it is wanted. */
class Bringing {
  private readonly hash = createHash('sha256');
  private sending = true;
  private readonly response: Promise<number>;
  private readonly sent: Promise<void>;

  constructor(address: string) {
    const request = requestHttp(address, { method: 'PUT', agent: false, headers: { 'content-type': 'text/plain' } });
    // 0: the connection broke.
    this.response = Promise.race([
      once(request, 'response').then(([response]: IncomingMessage[]) => {
        response?.resume();
        return response?.statusCode ?? 0;
      }),
      once(request, 'close').then(() => 0),
    ]).catch(() => 0);
    this.sent = this.send(request);
  }

  private async send(request: ClientRequest): Promise<void> {
    while (this.sending && !request.destroyed) {
      const piece = randomBytes(20_000).toString('hex');
      this.hash.update(piece);
      request.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    request.end();
  }

  /** Sends no more; the status of the answer. */
  async end(): Promise<number> {
    this.sending = false;
    await this.sent;
    return this.response;
  }

  get sha256(): string {
    return this.hash.copy().digest('hex');
  }
}

const upload = (uploadId: string) => platform.api.get<UploadView>(`/v1/log-uploads/${uploadId}`);
const isComing = (uploadId: string) =>
  soon('bytes are seen to come', async () => {
    const { state, receivedBytes } = await upload(uploadId);
    return state === 'Receiving' && receivedBytes > 0 ? true : undefined;
  });
/** Why it broke off when nobody says so: the device service found out by itself, after long. */
const SILENT = 'stopped coming';
async function isBroughtAnew(uploadId: string, address: string, reason: unknown): Promise<void> {
  const waiting = await soon('it is awaited again', async () => {
    const now = await upload(uploadId);
    return now.state === 'Waiting' ? now : undefined;
  });
  expect(waiting).toMatchObject({ sha256: null, reason });
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  expect((await fetch(`${platform.api.url}/v1/log-uploads/${uploadId}/file`, { headers })).status).toBe(409);
  const again = new Bringing(address);
  await isComing(uploadId);
  expect(await again.end()).toBe(201);
  expect(await upload(uploadId)).toMatchObject({ state: 'Received', reason: null, attempts: 2, sha256: again.sha256 });
  const file = await fetch(`${platform.api.url}/v1/log-uploads/${uploadId}/file`, { headers });
  expect(
    createHash('sha256')
      .update(await file.text())
      .digest('hex'),
  ).toBe(again.sha256);
}

describe('a log that comes in', () => {
  it('is there as it was sent though both device processes die while it comes', { timeout: TEST_MS }, async () => {
    const { uploadId, address } = await asked('UP-1');
    const bringing = new Bringing(address);
    await isComing(uploadId);
    for (const name of DEVICES) await platform.kill9(name);
    for (const name of DEVICES) await platform.restart(name);
    expect(await bringing.end()).toBe(201);
    expect(await upload(uploadId)).toMatchObject({ state: 'Received', attempts: 1, sha256: bringing.sha256 });
  });

  it('is not taken for received when it ends while no device process is there, and can be brought again', {
    timeout: TEST_MS,
  }, async () => {
    const { uploadId, address } = await asked('UP-2');
    const bringing = new Bringing(address);
    await isComing(uploadId);
    for (const name of DEVICES) await platform.kill9(name);
    expect(await bringing.end()).toBeGreaterThanOrEqual(500);
    for (const name of DEVICES) await platform.restart(name);
    // The gateway lives, and says so as soon as it can.
    await isBroughtAnew(uploadId, address, expect.stringMatching(new RegExp(`^(?!.*${SILENT}).`)));
  });

  it('is awaited again when the gateway that took it dies, and a device process with it', { timeout: TEST_MS }, async () => {
    const { uploadId, address } = await asked('UP-3');
    const bringing = new Bringing(address);
    await isComing(uploadId);
    for (const name of ['gateway', 'device'] as const) await platform.kill9(name);
    expect(await bringing.end()).toBe(0);
    for (const name of ['gateway', 'device'] as const) await platform.restart(name);
    await isBroughtAnew(uploadId, address, expect.stringContaining(SILENT));
  });
});
