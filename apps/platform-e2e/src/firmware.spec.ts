import { createHash, createSign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type FirmwareConduct,
  type OcppVersion,
  runScenario,
  SimulatedStation,
  type StationOptions,
  scenarioNamed,
} from '@voltlog/simulator-app';
import { TestAuthority } from '@voltlog/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { allOf, registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { WebhookReceiver } from './harness/webhook-receiver.js';

const WAIT_MS = 60_000;
const REST = Buffer.alloc(300_000, 'firmware ');

interface ImageView {
  readonly imageId: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}
interface CampaignView {
  readonly campaignId: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly rollBacks: readonly { readonly campaignId: string; readonly automatic: boolean; readonly stationCount: number }[];
  readonly localControllers: readonly { readonly state: string | null; readonly location: string | null; readonly reason: string | null }[];
}
interface RowView {
  readonly stationId: string;
  readonly state: string;
  readonly evidence: string | null;
  readonly reason: string | null;
  readonly fetched: boolean;
  readonly attempts: number;
  readonly via: string | null;
  readonly rollBackId: string | null;
  readonly steps: readonly { readonly status: string }[];
}
interface UploadView {
  readonly uploadId: string;
  readonly state: string;
  readonly answer: string | null;
  readonly reason: string | null;
  readonly receivedBytes: number;
  readonly sha256: string | null;
}

let platform: AllInOne;
const stations: SimulatedStation[] = [];

beforeAll(async () => {
  platform = await AllInOne.start({
    RATE_LIMIT_BURST: '10000',
    RATE_LIMIT_PER_SECOND: '1000',
    GATEWAY_UPLOAD_MB: '1',
    GATEWAY_UPLOAD_IDLE_SECONDS: '2',
  });
});
afterEach(async () => {
  for (const station of stations.splice(0)) await station.stop();
});
afterAll(() => platform?.stop());

/** A station of a model of its own, so that it is in no other test's campaign. */
async function station(
  id: string,
  version: OcppVersion,
  model: string,
  firmware: FirmwareConduct = 'installs',
  more: Partial<StationOptions> = {},
): Promise<SimulatedStation> {
  await registerStation(platform.api, id);
  const simulated = new SimulatedStation({
    id,
    version,
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    reconnectMs: [50, 500],
    identity: { vendor: 'Acme', model },
    firmware,
    ...more,
  });
  stations.push(simulated);
  await simulated.connect();
  return simulated;
}

const imageOf = (version: string, rest = REST): Buffer =>
  Buffer.concat([Buffer.from(`version=${version} sha256=${createHash('sha256').update(REST).digest('hex')}\n`), rest]);

async function upload(content: Buffer, model: string, version: string, more = ''): Promise<{ status: number; body: ImageView }> {
  const response = await fetch(`${platform.api.url}/v1/firmware-images?vendor=Acme&model=${model}&version=${version}${more}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${platform.api.key}`, 'content-type': 'application/octet-stream' },
    body: content as Uint8Array<ArrayBuffer>,
  });
  return { status: response.status, body: (await response.json()) as ImageView };
}

async function ended(campaignId: string): Promise<CampaignView> {
  return eventually(
    'the campaign ends',
    async () => {
      const now = await platform.api.get<CampaignView>(`/v1/firmware-campaigns/${campaignId}`);
      return now.state === 'Ended' ? now : undefined;
    },
    WAIT_MS,
  );
}
const rows = (campaignId: string) => allOf<RowView>(platform.api, `/v1/firmware-campaigns/${campaignId}/stations`);
const campaign = (body: object) => platform.api.ok<CampaignView>('POST', '/v1/firmware-campaigns', body);

describe('a firmware campaign', () => {
  it('brings stations of 1.6 and 2.x the image; they fetch it, and boot with it', async () => {
    await station('FW-16', '1.6', 'M1');
    await station('FW-201', '2.0.1', 'M1');
    await station('FW-21', '2.1', 'M1');
    const content = imageOf('2.0.0');
    const { status, body: image } = await upload(content, 'M1', '2.0.0', `&sha256=${createHash('sha256').update(content).digest('hex')}`);
    expect(status).toBe(201);
    expect(image).toMatchObject({ sizeBytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
    const { campaignId } = await campaign({ imageId: image.imageId, selection: { all: true } });
    expect(await ended(campaignId)).toMatchObject({ outcome: 'Completed', counts: { Updated: 3 } });
    for (const row of await rows(campaignId)) {
      expect(row).toMatchObject({ state: 'Updated', evidence: 'Boot', fetched: true, attempts: 1 });
      expect(row.steps.map((step) => step.status)).toEqual(
        expect.arrayContaining(['Queued', 'Downloading', 'Fetched', 'Downloaded', 'Installing', 'Updated']),
      );
    }
    for (const id of ['FW-16', 'FW-201', 'FW-21'])
      expect(await platform.api.get(`/v1/stations/${id}`)).toMatchObject({ firmwareVersion: '2.0.0' });
  }, 120_000);

  it('says why it did not work: a wrong checksum, a station that lies, a wrong signature', async () => {
    await station('FW-LIES', '1.6', 'M3', 'lies');
    await station('FW-SUM', '2.0.1', 'M4');
    const forLiar = (await upload(imageOf('3.0.0'), 'M3', '3.0.0')).body.imageId;
    const broken = (await upload(imageOf('3.0.0', Buffer.alloc(300_000, 'x')), 'M4', '3.0.0')).body.imageId;
    const liar = await campaign({ imageId: forLiar, selection: { all: true } });
    const wrong = await campaign({ imageId: broken, selection: { all: true } });
    expect((await ended(liar.campaignId)).counts).toEqual({ Failed: 1 });
    expect(await rows(liar.campaignId)).toMatchObject([
      { state: 'Failed', fetched: false, reason: expect.stringContaining('booted with version 1.0.0') },
    ]);
    expect((await ended(wrong.campaignId)).counts).toEqual({ Failed: 1 });
    expect(await rows(wrong.campaignId)).toMatchObject([{ state: 'Failed', reason: 'it found the image wrong' }]);
  }, 120_000);

  it('brings back by itself what it updated when too many fail, and the operator is told that it stopped, though the platform is killed meanwhile', async () => {
    const receiver = await WebhookReceiver.subscribe(platform.api);
    for (const id of ['FW-B1', 'FW-B2']) await station(id, '1.6', 'M6');
    for (const id of ['FW-B3', 'FW-B4']) await station(id, '2.0.1', 'M6', 'lies');
    const old = (await upload(imageOf('1.0.0'), 'M6', '1.0.0')).body.imageId;
    const { imageId } = (await upload(imageOf('6.0.0'), 'M6', '6.0.0')).body;
    const stopAt = { stopAtFailedPercent: 50, stopAtFailedMin: 2, rollBackImageId: old, rollBack: 'Automatic' };
    const { campaignId } = await campaign({ imageId, selection: { all: true }, ...stopAt });
    const read = () => platform.api.get<CampaignView>(`/v1/firmware-campaigns/${campaignId}`);
    await eventually('it goes back', async () => ((await read()).rollBacks.length > 0 ? true : undefined), WAIT_MS);
    await platform.child.kill9();
    await platform.restart();
    const returned = async (id: string) =>
      (await platform.api.get<{ firmwareVersion: string }>(`/v1/stations/${id}`)).firmwareVersion === '1.0.0' || undefined;
    const updated = await eventually(
      'both are updated, and marked',
      async () => {
        const marked = (await rows(campaignId)).filter((row) => row.state === 'Updated' && row.rollBackId !== null);
        return marked.length === 2 ? marked : undefined;
      },
      WAIT_MS,
    );
    for (const { stationId } of updated) await eventually(`${stationId} is back`, () => returned(stationId), WAIT_MS);
    const { rollBacks } = await read();
    for (const { campaignId: id, automatic } of rollBacks) {
      expect(automatic).toBe(true);
      expect((await ended(id)).outcome).toBe('Completed');
    }
    const again = (await Promise.all(rollBacks.map(({ campaignId: id }) => rows(id)))).flat();
    expect(
      again
        .filter(({ state }) => state === 'Updated')
        .map(({ stationId }) => stationId)
        .sort(),
    ).toEqual(['FW-B1', 'FW-B2']);
    await receiver.isTold('', 'AlertOpened');
    expect(receiver.toldOf('').map(({ type, data }) => [type, (data['alert'] as { subject: string }).subject])).toEqual([
      ['AlertOpened', `Campaign ${campaignId}`],
    ]);
    receiver.stop();
  }, 180_000);

  it('has a local controller publish the image, whose stations fetch it there; else they fetch it from here', async () => {
    const controller = await station('LC-OK', '2.0.1', 'C7', 'installs', { publishes: 'publishes' });
    await station('LC-BAD', '2.1', 'C7', 'installs', { publishes: 'fails' });
    for (const id of ['FW-L1', 'FW-L2']) await station(id, '2.0.1', 'M7');
    await station('FW-L3', '1.6', 'M7');
    const { imageId } = (await upload(imageOf('7.0.0'), 'M7', '7.0.0')).body;
    const localControllers = [
      { stationId: 'LC-OK', stationIds: ['FW-L1', 'FW-L3'] },
      { stationId: 'LC-BAD', stationIds: ['FW-L2'] },
    ];
    const { campaignId } = await campaign({ imageId, selection: { all: true }, localControllers });
    const done = await ended(campaignId);
    expect(done).toMatchObject({ outcome: 'Completed', counts: { Updated: 3 } });
    expect(done.localControllers).toMatchObject([
      { state: 'Published', location: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/) },
      { state: 'Failed', reason: 'it could not publish the image' },
    ]);
    expect((await rows(campaignId)).map(({ stationId, via, fetched, attempts }) => [stationId, via, fetched, attempts])).toEqual([
      ['FW-L1', 'LC-OK', false, 1],
      ['FW-L2', null, true, 1],
      ['FW-L3', 'LC-OK', false, 1],
    ]);
    expect(controller.publisher?.fetches).toBe(2);
    const { location } = done.localControllers[0] ?? {};
    await eventually('it is withdrawn', async () => ((await fetch(location ?? '')).status === 404 ? true : undefined), WAIT_MS);
  }, 120_000);

  it('sends a signature that fits, by the message of each version; one that does not is not taken', async () => {
    await station('FW-S16', '1.6', 'M5');
    await station('FW-S201', '2.0.1', 'M5');
    const content = imageOf('4.0.0');
    const { imageId } = (await upload(content, 'M5', '4.0.0')).body;
    const { certificate: signingCertificate, key } = await (await TestAuthority.create('Acme')).issue({ commonName: 'Acme firmware' });
    const signature = createSign('sha256').update(content).sign(key, 'base64');
    const other = createSign('sha256').update('other').sign(key, 'base64');
    const path = `/v1/firmware-images/${imageId}/signature`;
    expect((await platform.api.call('PUT', path, { signature: other, signingCertificate })).status).toBe(422);
    await platform.api.ok('PUT', path, { signature, signingCertificate });
    const { campaignId } = await campaign({ imageId, selection: { all: true } });
    expect((await ended(campaignId)).counts).toEqual({ Updated: 2 });
    for (const row of await rows(campaignId)) expect(row.steps.map((step) => step.status)).toContain('SignatureVerified');
  }, 120_000);
});

describe('an address that answers 404', () => {
  it('is told in words: at the station where somebody commanded it, and in a campaign with what to look at', async () => {
    const nowhere = createServer((_request, response) => void response.writeHead(404).end('nothing here'));
    await new Promise<void>((resolve) => nowhere.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(nowhere.address() as AddressInfo).port}`;
    await station('FW-404', '2.0.1', 'M8');
    await platform.api.ok('POST', '/v1/stations/FW-404/commands/update-firmware', {
      requestId: 8,
      firmware: { location: `${url}/fw.bin`, retrieveDateTime: new Date().toISOString() },
    });
    await eventually(
      'the station says so',
      async () => {
        const { firmwareStatus } = await platform.api.get<{ firmwareStatus: string | null }>('/v1/stations/FW-404');
        return firmwareStatus === 'DownloadFailed' || undefined;
      },
      WAIT_MS,
    );
    const other = await AllInOne.start({ GATEWAY_STATION_FILES_URL: url });
    const before = platform;
    platform = other;
    try {
      await station('FW-404', '2.0.1', 'M8');
      const { imageId } = (await upload(imageOf('8.0.0'), 'M8', '8.0.0')).body;
      const { campaignId } = await campaign({ imageId, selection: { all: true } });
      expect((await ended(campaignId)).counts).toEqual({ Failed: 1 });
      expect(await rows(campaignId)).toMatchObject([
        {
          state: 'Failed',
          fetched: false,
          reason: 'it could not download the image, and never asked the platform for it: can stations reach the address of its files?',
        },
      ]);
    } finally {
      platform = before;
      for (const each of stations.splice(0)) await each.stop();
      await other.stop();
      nowhere.close();
    }
  }, 180_000);
});

describe('an uploaded log', () => {
  it.each(['1.6', '2.0.1', '2.1'] as const)(
    'scenario upload-log of OCPP %s',
    async (version) => {
      const id = `LOG-S-${version}`;
      const tokens = await registerTokens(platform.api);
      await registerStation(platform.api, id);
      await runScenario(scenarioNamed('upload-log'), {
        id,
        version,
        url: platform.ocppUrl,
        password: STATION_PASSWORD,
        tokens,
        api: platform.api,
      });
    },
    120_000,
  );

  it('comes from every station of a job, each at an address of its own', async () => {
    const ids = ['LOG-J16', 'LOG-J201'];
    await station('LOG-J16', '1.6', 'MJ');
    await station('LOG-J201', '2.0.1', 'MJ');
    const selection = { model: 'MJ' };
    const { jobId } = await platform.api.ok<{ jobId: string }>('POST', '/v1/jobs', {
      collectLog: { logType: 'DiagnosticsLog' },
      selection,
    });
    const job = await eventually(
      'the job ends',
      async () => {
        const now = await platform.api.get<{ state: string; counts: object; command: object }>(`/v1/jobs/${jobId}`);
        return now.state === 'Ended' ? now : undefined;
      },
      WAIT_MS,
    );
    expect(job).toMatchObject({ counts: { Accepted: 2 }, command: { name: 'collect-log' } });
    const answers = await allOf<{ stationId: string; response: { uploadId: string } }>(platform.api, `/v1/jobs/${jobId}/stations`);
    expect(answers.map(({ stationId }) => stationId).sort()).toEqual(ids);
    for (const { stationId, response } of answers)
      await eventually(
        `the log of ${stationId}`,
        async () => {
          const { state, stationId: of } = await platform.api.get<UploadView & { stationId: string }>(
            `/v1/log-uploads/${response.uploadId}`,
          );
          return state === 'Received' && of === stationId ? true : undefined;
        },
        WAIT_MS,
      );
    const both = { collectLog: {}, command: { name: 'clear-cache' }, selection };
    expect((await platform.api.call('POST', '/v1/jobs', both)).status).toBe(400);
  }, 120_000);

  it('is kept once, whatever version the station speaks', async () => {
    for (const [id, version] of [
      ['LOG-16', '1.6'],
      ['LOG-201', '2.0.1'],
    ] as const) {
      const simulated = await station(id, version, 'ML');
      const { uploadId, answer } = await platform.api.ok<UploadView>('POST', `/v1/stations/${id}/log-uploads`, {});
      expect(answer).toBe('Accepted');
      const done = await eventually(
        'the file is there',
        async () => {
          const now = await platform.api.get<UploadView & { status: string | null }>(`/v1/log-uploads/${uploadId}`);
          return now.state === 'Received' && now.status === 'Uploaded' ? now : undefined;
        },
        WAIT_MS,
      );
      const file = await fetch(`${platform.api.url}/v1/log-uploads/${uploadId}/file`, {
        headers: { authorization: `Bearer ${platform.api.key}` },
      });
      const text = await file.text();
      expect(text).toContain(`${id} line 500`);
      expect(createHash('sha256').update(text).digest('hex')).toBe(done.sha256);
      await simulated.stop();
    }
  }, 120_000);
});
