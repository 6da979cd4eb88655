import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation } from './harness/fleet.js';
import { type Frame, RawStation } from './harness/raw-station.js';

const STATION = 'FILES-1';
const WAIT_MS = 60_000;

interface UploadView {
  readonly uploadId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly receivedBytes: number;
  readonly fileName: string | null;
  readonly attempts: number;
}

let platform: AllInOne;
let raw: RawStation;
/** Addresses that the station was told, by action. */
const told = new Map<string, string[]>();

beforeAll(async () => {
  platform = await AllInOne.start({
    RATE_LIMIT_BURST: '10000',
    RATE_LIMIT_PER_SECOND: '1000',
    GATEWAY_FIRMWARE_MB: '1',
    GATEWAY_UPLOAD_MB: '1',
    GATEWAY_UPLOAD_IDLE_SECONDS: '1',
    GATEWAY_UPLOAD_SECONDS: '4',
  });
  await registerStation(platform.api, STATION);
  raw = await RawStation.connect({ url: platform.ocppUrl, stationId: STATION });
  raw.socket.on('message', (text) => {
    const [kind, messageId, action, payload] = JSON.parse(String(text)) as Frame;
    if (kind !== 2) return;
    const location = (payload as { location?: string }).location ?? '';
    told.set(String(action), [...(told.get(String(action)) ?? []), location]);
    raw.send(JSON.stringify([3, messageId, action === 'GetDiagnostics' ? { fileName: 'my.log' } : {}]));
  });
  raw.send(
    JSON.stringify([2, 'boot', 'BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'Raw', firmwareVersion: '1.0.0' }]),
  );
  await eventually(
    'it has booted',
    async () => {
      const station = await platform.api.get<{ vendor: string | null }>(`/v1/stations/${STATION}`);
      return station.vendor === 'Acme' ? true : undefined;
    },
    WAIT_MS,
  );
}, 120_000);
afterAll(async () => {
  raw?.socket.terminate();
  await platform?.stop();
});

/** Asks for a log and gives the address that the station was told. */
async function asked(): Promise<{ uploadId: string; address: string }> {
  const { uploadId } = await platform.api.ok<UploadView>('POST', `/v1/stations/${STATION}/log-uploads`, {});
  return { uploadId, address: told.get('GetDiagnostics')?.at(-1) ?? '' };
}
const upload = (uploadId: string) => platform.api.get<UploadView>(`/v1/log-uploads/${uploadId}`);
const put = (address: string, body: BodyInit, init: RequestInit = {}) => fetch(address, { method: 'PUT', body, ...init });

/** Sends a body by hand, for as long as the other side listens; the status of the answer. */
async function sent(address: string, head: string, body: AsyncIterable<string>): Promise<number> {
  const { hostname, port, pathname } = new URL(address);
  const socket = connectTcp(Number(port), hostname);
  await once(socket, 'connect');
  let answer = '';
  let open = true;
  socket.on('data', (piece) => (answer += String(piece)));
  socket.on('error', () => (open = false));
  socket.on('close', () => (open = false));
  socket.write(`PUT ${pathname} HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n`);
  for await (const piece of body) {
    if (!open || answer !== '') break;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually('an answer, or the end', () => (answer !== '' || !open ? true : undefined), WAIT_MS);
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
}

/** The live stream, of events of one type, while the test runs: its text so far. */
async function listen(types: string): Promise<() => string> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const headers = { authorization: `Bearer ${platform.api.key}` };
  const response = await fetch(`${platform.api.url}/v1/events?types=${types}`, { headers, signal: abort.signal });
  expect(response.status).toBe(200);
  let text = '';
  void (async () => {
    for await (const piece of response.body ?? []) text += Buffer.from(piece).toString();
  })().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  await eventually('it is ready', () => text.includes('ready') || undefined, WAIT_MS);
  return () => text;
}

describe('an address that takes a log', () => {
  it('takes one file, with the name behind it; a second one is told 410', async () => {
    const { uploadId, address } = await asked();
    expect((await put(`${address}/some/my.log`, 'hello')).status).toBe(201);
    expect(await upload(uploadId)).toMatchObject({ state: 'Received', receivedBytes: 5, fileName: 'my.log' });
    expect((await put(`${address}/my.log`, 'again')).status).toBe(410);
    const file = await fetch(`${platform.api.url}/v1/log-uploads/${uploadId}/file`, {
      headers: { authorization: `Bearer ${platform.api.key}` },
    });
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="my.log"');
    expect(await file.text()).toBe('hello');
  });

  it('takes a form as well, and says what is wrong with one that has no file', async () => {
    const { uploadId, address } = await asked();
    const empty = new FormData();
    empty.set('note', 'no file');
    expect((await fetch(address, { method: 'POST', body: empty })).status).toBe(400);
    const form = new FormData();
    form.set('note', 'with a file');
    form.set('file', new Blob(['x'.repeat(300_000)]), 'form.log');
    expect((await fetch(address, { method: 'POST', body: form })).status).toBe(201);
    expect(await upload(uploadId)).toMatchObject({ state: 'Received', receivedBytes: 300_000, fileName: 'form.log', attempts: 2 });
  });

  it('is not made for a station that nobody knows', async () => {
    expect(await platform.api.call('POST', '/v1/stations/NOBODY/log-uploads', {})).toMatchObject({ status: 404 });
    const { data } = await platform.api.get<{ data: object[] }>('/v1/log-uploads?stationId=NOBODY');
    expect(data).toEqual([]);
  });

  it('is opened by its own signature alone', async () => {
    const { address } = await asked();
    expect((await put(address.slice(0, -1), 'x')).status).toBe(403);
    expect((await put(address.replace(/uploads\/[^/]+/, 'uploads/0123'), 'x')).status).toBe(403);
    expect((await put(`${platform.api.url}/files/uploads/x`, 'x')).status).toBe(404);
    expect((await fetch(address)).status).toBe(404);
  });

  it('cuts off what is too large: said beforehand, or found out; nothing of it is kept', async () => {
    const said = await asked();
    expect(await sent(said.address, 'content-length: 10000000000', none())).toBe(413);
    expect(await upload(said.uploadId)).toMatchObject({ state: 'Failed', reason: 'A file may have at most 1 MB here.' });
    const found = await asked();
    expect(await sent(found.address, 'transfer-encoding: chunked', endless())).toBe(413);
    await eventually('it is told', async () => ((await upload(found.uploadId)).state === 'Failed' ? true : undefined), WAIT_MS);
    expect((await put(found.address, 'small')).status).toBe(410);
  });

  it('cuts off one that never ends, and takes the next try', async () => {
    const { uploadId, address } = await asked();
    expect(await sent(address, 'content-length: 1000', stalled())).toBe(408);
    await eventually('it is told', async () => ((await upload(uploadId)).state === 'Waiting' ? true : undefined), WAIT_MS);
    expect(await upload(uploadId)).toMatchObject({ reason: 'Nothing came for 1 s.', attempts: 1 });
    const live = await listen('LogUploadProgressed');
    expect(await sent(address, 'content-length: 100000', dripping())).toBe(408);
    await eventually('the live stream tells how much has come', () => live().includes('receivedBytes') || undefined, WAIT_MS);
    expect(live()).toContain(`"uploadId":"${uploadId}","stationId":"${STATION}","attempt":2,"receivedBytes":`);
    await eventually(
      'it is told',
      async () => ((await upload(uploadId)).reason === 'The file took longer than 4 s.' ? true : undefined),
      WAIT_MS,
    );
    expect((await put(address, 'at last')).status).toBe(201);
    expect(await upload(uploadId)).toMatchObject({ state: 'Received', attempts: 3 });
  }, 60_000);

  it('takes the next try after a connection that broke off', async () => {
    const { uploadId, address } = await asked();
    const { hostname, port, pathname } = new URL(address);
    const socket = connectTcp(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`PUT ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf`);
    await eventually('it begins', async () => ((await upload(uploadId)).state === 'Receiving' ? true : undefined), WAIT_MS);
    expect((await put(address, 'another')).status).toBe(409);
    socket.destroy();
    await eventually('it is told', async () => ((await upload(uploadId)).state === 'Waiting' ? true : undefined), WAIT_MS);
    expect((await put(address, 'whole')).status).toBe(201);
  });

  it('is closed when it is taken back', async () => {
    const { uploadId, address } = await asked();
    expect((await platform.api.call('DELETE', `/v1/log-uploads/${uploadId}`)).status).toBe(204);
    expect((await put(address, 'x')).status).toBe(410);
  });
});

describe('an address of a firmware image', () => {
  const content = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));
  const bring = (body: Uint8Array, query: string) =>
    fetch(`${platform.api.url}/v1/firmware-images?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${platform.api.key}`, 'content-type': 'application/octet-stream' },
      body: body as Uint8Array<ArrayBuffer>,
    });

  it('gives the whole, a range, or what there is; and 410 once the image is gone', async () => {
    const { imageId } = (await (await bring(content, 'vendor=Acme&model=Raw&version=9.9.9')).json()) as { imageId: string };
    const { campaignId } = await platform.api.ok<{ campaignId: string }>('POST', '/v1/firmware-campaigns', {
      imageId,
      selection: { stationIds: [STATION] },
    });
    const address = await eventually('the station is told', () => told.get('UpdateFirmware')?.at(-1), WAIT_MS);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const head = await fetch(address, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag'), head.headers.get('accept-ranges')]).toEqual([
      200,
      '200000',
      `"${sha256}"`,
      'bytes',
    ]);
    expect(Buffer.from(await (await fetch(address)).arrayBuffer()).equals(content)).toBe(true);
    const part = await fetch(address, { headers: { range: 'bytes=199990-', 'if-range': `"${sha256}"` } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 199990-199999/200000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(199_990))).toBe(true);
    const beyond = await fetch(address, { headers: { range: 'bytes=200000-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */200000']);
    expect((await fetch(address, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } })).status).toBe(200);
    expect((await fetch(address, { headers: { 'if-none-match': `"${sha256}"` } })).status).toBe(304);
    // The signature is good for this station, image and time alone.
    expect((await fetch(address.replace(STATION, 'FILES-2'))).status).toBe(403);
    expect((await fetch(address.replace(/\/(\d{10})\//, (_, at: string) => `/${Number(at) + 1}/`))).status).toBe(403);
    expect((await fetch(`${platform.api.url}/files/firmware/${imageId}`)).status).toBe(404);
    expect((await platform.api.call('DELETE', `/v1/firmware-images/${imageId}`)).body).toMatchObject({
      type: 'urn:voltlog:problem:image-in-use',
    });
    await platform.api.ok('POST', `/v1/firmware-campaigns/${campaignId}/cancel`, {});
    raw.send(JSON.stringify([2, 'failed', 'FirmwareStatusNotification', { status: 'DownloadFailed' }]));
    await eventually(
      'the image is free',
      async () => ((await platform.api.call('DELETE', `/v1/firmware-images/${imageId}`)).status === 204 ? true : undefined),
      WAIT_MS,
    );
    expect((await fetch(address)).status).toBe(410);
  });

  it('is made of whole images alone', async () => {
    const wrong = await bring(content, `vendor=Acme&version=1&sha256=${'0'.repeat(64)}`);
    expect([wrong.status, ((await wrong.json()) as { type: string }).type]).toEqual([422, 'urn:voltlog:problem:checksum-mismatch']);
    expect((await bring(new Uint8Array(1_000_001), 'vendor=Acme&version=1')).status).toBe(413);
    expect((await bring(new Uint8Array(0), 'vendor=Acme&version=1')).status).toBe(400);
    expect((await bring(content, 'version=1')).status).toBe(400);
    const missing = await platform.api.call('POST', '/v1/firmware-campaigns', { imageId: '0'.repeat(32), selection: { all: true } });
    expect(missing.status).toBe(404);
  });
});

async function* none(): AsyncGenerator<string> {}
async function* endless(): AsyncGenerator<string> {
  for (;;) yield `2000\r\n${'x'.repeat(0x2000)}\r\n`;
}
async function* stalled(): AsyncGenerator<string> {
  yield 'some';
}
async function* dripping(): AsyncGenerator<string> {
  for (;;) {
    yield 'drop';
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
