import { STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC, FIRMWARE_TOPIC, JOB_TOPIC, MODEL_TOPIC, MOVE_TOPIC, UPLOAD_TOPIC } from '@voltlog/device-contract';
import { UPLOAD_LOST_MS as LOST_MS } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import { connectionV1, deviceLogUploadV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, untilPassed } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from '../config.js';
import { createDevice, type Device } from '../device.js';

const { LogUploadState } = deviceLogUploadV1;
const KEY = Buffer.alloc(32, 7).toString('base64');
const STATION = 'CP-1';

describe('a log that is being uploaded', () => {
  let context: TestContext;
  let service: Device;
  let location = '';
  const devices: Device[] = [];
  const connection = {
    sendCommand: async ({ command }: connectionV1.SendCommandRequest) => {
      const request = command?.$case === 'stationRequest' ? command.value.request : undefined;
      location = request?.$case === 'getLog' ? (request.value.log?.remoteLocation ?? '') : '';
      return connectionV1.SendCommandResponse.fromPartial({ status: connectionV1.CommandStatus.ACCEPTED, stationStatus: 'Accepted' });
    },
  };
  const open = async (): Promise<Device> => {
    const rpc = { ...context.rpc, client: <Impl extends object>() => connection as object as Impl };
    const device = await createDevice({ ...context, rpc }, deviceConfig.parse({ DEVICE_SCRYPT_N: '1024', DEVICE_SECRET_KEY: KEY }));
    await device.start();
    devices.push(device);
    return device;
  };

  beforeEach(async () => {
    context = await openTestContext('device');
    await context.log.ensureTopics(
      [DEVICE_TOPIC, STATION_TOPIC, MODEL_TOPIC, JOB_TOPIC, FIRMWARE_TOPIC, MOVE_TOPIC, UPLOAD_TOPIC].map((name) => ({
        name,
        partitions: 4,
      })),
    );
    service = await open();
    await service.grpc.registerStation({
      stationId: STATION,
      siteId: '',
      name: '',
      evses: [],
      tags: [],
      password: 'a-password-of-size-24---',
      withoutCredential: false,
      securityProfileMin: undefined,
      idempotencyKey: '',
    });
  });
  afterEach(async () => {
    for (const device of devices.splice(0).toReversed()) await device.stop();
    await context.close();
  });

  const requested = async (): Promise<string> => {
    const { upload } = await service.uploadGrpc.requestUpload(
      deviceLogUploadV1.RequestUploadRequest.fromPartial({
        stationId: STATION,
        logType: 'DiagnosticsLog',
        filesUrl: 'http://files.example',
        validMinutes: 60,
      }),
    );
    return upload?.uploadId ?? '';
  };
  const begin = (uploadId: string) => service.uploadGrpc.beginUpload({ uploadId, signature: location.split('/').at(-1) ?? '' });
  const upload = async (uploadId: string) => (await service.uploadGrpc.getUpload({ uploadId })).upload;
  const isWaiting = async (uploadId: string) => (await upload(uploadId))?.state === LogUploadState.WAITING;
  const restartedAfter = async (ms: number): Promise<void> => {
    await service.stop();
    devices.length = 0;
    context.clock.ms += ms;
    service = await open();
  };
  const file = { fileName: 'a.log', contentType: 'text/plain', sizeBytes: 5, sha256: 'a'.repeat(64) };

  it('is awaited again once whoever took its bytes has been silent for too long, and can be brought anew', async () => {
    const uploadId = await requested();
    const { attempt } = await begin(uploadId);
    await service.uploadGrpc.reportUploadProgress({ uploadId, attempt, receivedBytes: 1_000 });
    await expect(begin(uploadId)).rejects.toMatchObject({ reason: 'UploadUnderWay' });
    await untilPassed(context.clock, LOST_MS, () => isWaiting(uploadId), 'the upload is awaited again');
    expect(await upload(uploadId)).toMatchObject({ attempts: 1, reason: expect.stringContaining('stopped coming') });
    const again = await begin(uploadId);
    expect(again.attempt).toBe(2);
    const keptUntil = isoTime(context.clock.now() + 1);
    // Who was silent comes back after all: its file is not taken, that of the second try is.
    await expect(service.uploadGrpc.receiveUpload({ uploadId, attempt, ...file, keptUntil })).rejects.toMatchObject({
      reason: 'UploadOver',
    });
    await service.uploadGrpc.receiveUpload({ uploadId, attempt: again.attempt, ...file, keptUntil });
    expect(await upload(uploadId)).toMatchObject({ state: LogUploadState.RECEIVED, reason: '' });
  });

  it('is not put off by a station that tries again and again meanwhile', async () => {
    const uploadId = await requested();
    await begin(uploadId);
    let attempt = 1;
    await untilPassed(
      context.clock,
      LOST_MS - 2_000,
      async () => {
        const tried = await begin(uploadId).catch((error: unknown) => error);
        if (tried instanceof Error) expect(tried).toMatchObject({ reason: 'UploadUnderWay' });
        else attempt = (tried as { attempt: number }).attempt;
        return attempt === 2;
      },
      'it is let in again',
    );
    expect(await upload(uploadId)).toMatchObject({ state: LogUploadState.RECEIVING, attempts: 2 });
  });

  it('goes on as long as bytes come, however long that is', async () => {
    const uploadId = await requested();
    const { attempt } = await begin(uploadId);
    for (let n = 1; n <= 4; n += 1) {
      context.clock.ms += LOST_MS - 1_000;
      await service.uploadGrpc.reportUploadProgress({ uploadId, attempt, receivedBytes: n });
    }
    // A later one that is lost shows that the look-out was kept meanwhile.
    const lost = await requested();
    await begin(lost);
    context.clock.ms += 1;
    await untilPassed(
      context.clock,
      0,
      async () => {
        await service.uploadGrpc.reportUploadProgress({ uploadId, attempt, receivedBytes: 5 });
        return isWaiting(lost);
      },
      'the other one is awaited again',
    );
    expect(await upload(uploadId)).toMatchObject({ state: LogUploadState.RECEIVING, attempts: 1 });
  });

  it('is looked after by another instance when the one that let it begin is gone', async () => {
    const uploadId = await requested();
    await begin(uploadId);
    await restartedAfter(0);
    await untilPassed(context.clock, LOST_MS, () => isWaiting(uploadId), 'the upload is awaited again');
    expect((await begin(uploadId)).attempt).toBe(2);
  });

  it('goes on though no instance was there for long: who brings it is heard before it is given up', async () => {
    const lost = await requested();
    await begin(lost);
    const uploadId = await requested();
    const { attempt } = await begin(uploadId);
    await restartedAfter(2 * LOST_MS);
    const startedAt = context.clock.now();
    await untilPassed(
      context.clock,
      0,
      async () => {
        // It tells every 2 s, and has to find the way first.
        if (context.clock.now() - startedAt >= 4_000)
          await service.uploadGrpc.reportUploadProgress({ uploadId, attempt, receivedBytes: 5 });
        return isWaiting(lost);
      },
      'the other one is awaited again',
    );
    expect(await upload(uploadId)).toMatchObject({ state: LogUploadState.RECEIVING, attempts: 1 });
    const keptUntil = isoTime(context.clock.now() + 1);
    await service.uploadGrpc.receiveUpload({ uploadId, attempt, ...file, keptUntil });
    expect(await upload(uploadId)).toMatchObject({ state: LogUploadState.RECEIVED, attempts: 1 });
  });

  it('is taken though it was thought to be lost, when nobody has begun anew', async () => {
    const uploadId = await requested();
    const { attempt } = await begin(uploadId);
    await untilPassed(context.clock, LOST_MS, () => isWaiting(uploadId), 'the upload is awaited again');
    const keptUntil = isoTime(context.clock.now() + 1);
    await service.uploadGrpc.receiveUpload({ uploadId, attempt, ...file, keptUntil });
    expect(await upload(uploadId)).toMatchObject({ state: LogUploadState.RECEIVED, reason: '', sha256: file.sha256 });
  });

  it('lets one of those in that come at the same time', async () => {
    const uploadId = await requested();
    const begins = () => Promise.allSettled([begin(uploadId), begin(uploadId), begin(uploadId)]);
    const letIn = (results: Awaited<ReturnType<typeof begins>>) =>
      results.flatMap((result) => (result.status === 'fulfilled' ? result.value.attempt : []));
    expect(letIn(await begins())).toEqual([1]);
    context.clock.ms += LOST_MS + 1;
    expect(letIn(await begins())).toEqual([2]);
  });

  it('is not kept alive, nor said to grow, by who brings an earlier try', async () => {
    const uploadId = await requested();
    const first = await begin(uploadId);
    context.clock.ms += LOST_MS + 1;
    const second = await begin(uploadId);
    await service.uploadGrpc.reportUploadProgress({ uploadId, attempt: second.attempt, receivedBytes: 3 });
    context.clock.ms += LOST_MS + 1;
    await service.uploadGrpc.reportUploadProgress({ uploadId, attempt: first.attempt, receivedBytes: 1_000 });
    expect(await upload(uploadId)).toMatchObject({ receivedBytes: 3, attempts: 2 });
    expect((await begin(uploadId)).attempt).toBe(3);
  });
});
