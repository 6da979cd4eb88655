import { STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC, FIRMWARE_TOPIC, JOB_TOPIC, UPLOAD_TOPIC } from '@voltlog/device-contract';
import { isoTime } from '@voltlog/kernel';
import { connectionV1, deviceFirmwareV1, deviceJobV1, deviceOperationV1, deviceV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from '../config.js';
import { createDevice, type Device } from '../device.js';

const { CampaignRollBackMode, CampaignState, CampaignStationState: State } = deviceFirmwareV1;
const WAIT_MS = 60_000;
const MINUTE = 60_000;
const KEY = Buffer.alloc(32, 7).toString('base64');
const IMAGE = '0'.repeat(31).concat('1');
const OLD_IMAGE = '0'.repeat(31).concat('2');

/** Stations that accept what they are sent, unless they are offline or refuse. */
class FakeConnection {
  readonly offline = new Set<string>();
  readonly refusing = new Set<string>();
  readonly sent: { stationId: string; location: string; requestId: number }[] = [];
  /** What local controllers were sent. */
  readonly published: { stationId: string; what: string; checksum: string; location: string; requestId: number }[] = [];

  async sendCommand({ stationId, command }: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    const { CommandStatus } = connectionV1;
    if (this.offline.has(stationId)) return connectionV1.SendCommandResponse.fromPartial({ status: CommandStatus.OFFLINE });
    const request = command?.$case === 'stationRequest' ? command.value.request : undefined;
    if (request?.$case === 'publishFirmware' || request?.$case === 'unpublishFirmware') {
      const { checksum, location = '', requestId = 0 } = { location: undefined, requestId: undefined, ...request.value };
      this.published.push({ stationId, what: request.$case, checksum, location, requestId });
      return connectionV1.SendCommandResponse.fromPartial({ status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' });
    }
    const update = request?.$case === 'updateFirmware' ? request.value : undefined;
    this.sent.push({ stationId, location: update?.firmware?.location ?? '', requestId: update?.requestId ?? 0 });
    return this.refusing.has(stationId)
      ? connectionV1.SendCommandResponse.fromPartial({ status: CommandStatus.REJECTED, stationStatus: 'Rejected' })
      : connectionV1.SendCommandResponse.fromPartial({ status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' });
  }

  async listConnections({ stationIds }: connectionV1.ListConnectionsRequest): Promise<connectionV1.ListConnectionsResponse> {
    const connections = stationIds.map((stationId) =>
      connectionV1.Connection.fromPartial({ stationId, connected: !this.offline.has(stationId) }),
    );
    return { connections, nextPageToken: '', total: 0 };
  }
}

describe('firmware campaigns', { timeout: 90_000 }, () => {
  let context: TestContext;
  let connection: FakeConnection;
  let service: Device;
  const devices: Device[] = [];
  let ids: string[] = [];
  let facts = 0;

  const open = async (): Promise<Device> => {
    const rpc = { ...context.rpc, client: <Impl extends object>() => connection as object as Impl };
    const device = await createDevice({ ...context, rpc }, deviceConfig.parse({ DEVICE_JOB_LOOK_MS: '10', DEVICE_SECRET_KEY: KEY }));
    await device.start();
    devices.push(device);
    return device;
  };
  /** What a station says. */
  const say = async (type: string, stationId: string, data: object): Promise<void> => {
    const at = isoTime(context.clock.now());
    const head = { stationId, ocppVersion: 'ocpp2.0.1', messageId: 'm', action: 'A', receivedAt: at, occurredAt: at, raw: {} };
    facts += 1;
    const event = {
      id: `f-${facts}`,
      type: `voltlog.connection.${type}.v1`,
      source: '/t',
      subject: stationId,
      time: at,
      data: { ...head, ...data },
    };
    await context.log.append(STATION_TOPIC, stationId, [event]);
  };
  const boot = (stationId: string, firmwareVersion: string) =>
    say('StationBooted', stationId, {
      vendor: 'Acme',
      model: 'M',
      firmwareVersion,
      reason: 'PowerUp',
      registration: 'Accepted',
      intervalSeconds: 300,
    });
  const status = (stationId: string, word: string) => {
    const requestId = connection.sent.findLast((each) => each.stationId === stationId)?.requestId;
    return say('FirmwareStatusReported', stationId, { status: word, requestId });
  };

  const addImage = (imageId: string, version: string) =>
    service.firmwareGrpc.addImage({
      imageId,
      fileName: 'a.bin',
      vendor: 'Acme',
      model: '',
      version,
      sizeBytes: 1,
      sha256: 'a'.repeat(64),
      md5: 'b'.repeat(32),
      createdBy: '',
    });

  beforeEach(async () => {
    const began = performance.now();
    context = await openTestContext('device', {
      clock: {
        ms: Date.parse('2026-11-02T08:00:00.000Z'),
        now() {
          return this.ms + Math.round(performance.now() - began);
        },
      },
    });
    connection = new FakeConnection();
    const topics = [DEVICE_TOPIC, JOB_TOPIC, FIRMWARE_TOPIC, UPLOAD_TOPIC, STATION_TOPIC];
    await context.log.ensureTopics(topics.map((name) => ({ name, partitions: 1 })));
    service = await open();
    ids = Array.from({ length: 10 }, (_, n) => `CP-${String(n + 1).padStart(2, '0')}`);
    const now = context.clock.now();
    await service.repository.onStations(
      ids.map((stationId) => ({
        stationId,
        command: { kind: 'RegisterStation' as const, stationId, siteId: '', name: '', evses: [], now },
        causationId: 'registered',
      })),
    );
    for (const stationId of ids) await boot(stationId, '1.0.0');
    await until(
      async () => (await service.grpc.listStations({ ...NO_FILTER, pageSize: 100 })).stations.every(({ vendor }) => vendor === 'Acme'),
      'they have booted',
      WAIT_MS,
    );
    await addImage(IMAGE, '2.0.0');
    await addImage(OLD_IMAGE, '1.0.0');
  });
  afterEach(async () => {
    for (const device of devices.splice(0)) await device.stop();
    await context.close();
  });

  /** By the real clock, so that answers come in their time. */
  const goes = (condition: () => Promise<boolean> | boolean, what: string) => until(condition, what, WAIT_MS);
  const passes = (byMs: number, condition: () => Promise<boolean> | boolean, what: string) => {
    context.clock.ms += byMs;
    return goes(condition, what);
  };
  const create = async (plan: object = {}): Promise<string> => {
    const request = { filesUrl: 'http://files', plan: { imageId: IMAGE, selection: { all: true }, ...plan } };
    const { campaign } = await service.firmwareGrpc.createCampaign(deviceFirmwareV1.CreateCampaignRequest.fromPartial(request as object));
    return campaign?.campaignId ?? '';
  };
  const get = async (campaignId: string) => {
    const { campaign } = await service.firmwareGrpc.getCampaign({ campaignId });
    if (campaign === undefined) throw new Error('it is known');
    return campaign;
  };
  const counts = async (campaignId: string): Promise<Record<string, number>> =>
    Object.fromEntries((await get(campaignId)).counts.map(({ state, count }) => [state.replace('CAMPAIGN_STATION_STATE_', ''), count]));
  const rows = async (campaignId: string, state: deviceFirmwareV1.CampaignStationState = State.UNSPECIFIED) =>
    (await service.firmwareGrpc.listCampaignStations({ campaignId, state, pageSize: 500, pageToken: '' })).stations;
  const arrives = (campaignId: string, expected: Record<string, number>) =>
    goes(async () => {
      const now = await counts(campaignId);
      return Object.entries(expected).every(([state, count]) => (now[state] ?? 0) === count);
    }, JSON.stringify(expected));
  const inState = (campaignId: string, state: deviceFirmwareV1.CampaignState) =>
    goes(async () => (await get(campaignId)).state === state, state);
  const change = (campaignId: string) => ({ campaignId, idempotencyKey: '' });

  it('tells the first wave, and the next one only when that is through and its pause is over', async () => {
    const campaignId = await create({ waves: [{ percent: 20, pauseMinutes: 10 }, {}] });
    await arrives(campaignId, { UPDATING: 2, PLANNED: 8 });
    const first = connection.sent.map(({ stationId }) => stationId);
    await boot(first[0] ?? '', '2.0.0');
    await arrives(campaignId, { UPDATED: 1 });
    expect(connection.sent.length).toBe(2);
    await boot(first[1] ?? '', '2.0.0');
    await goes(async () => (await get(campaignId)).wavesEnded === 1, 'the wave is through');
    expect(connection.sent.length).toBe(2);
    await passes(10 * MINUTE, async () => (await counts(campaignId))['UPDATING'] === 8, 'the rest is told');
    for (const stationId of ids) await boot(stationId, '2.0.0');
    await goes(async () => (await get(campaignId)).outcome === 'Completed', 'it ends');
    expect(await counts(campaignId)).toEqual({ UPDATED: 10 });
    // Each was told once, at an address of its own that nothing on the log has.
    expect(new Set(connection.sent.map(({ location }) => location)).size).toBe(10);
  });

  it('stops by itself when too many failed, and goes on when told', async () => {
    for (const stationId of ids.slice(0, 5)) connection.refusing.add(stationId);
    const campaignId = await create({ waves: [{ stations: 9 }, {}], stopAtFailedPercent: 50, stopAtFailedMin: 3 });
    await inState(campaignId, CampaignState.STOPPED);
    const failed = (await rows(campaignId, State.FAILED)).map(({ reason }) => reason);
    expect(new Set(failed)).toEqual(new Set(['it refused: Rejected']));
    expect((await counts(campaignId))['PLANNED']).toBe(1);
    await service.firmwareGrpc.resumeCampaign({ ...change(campaignId), resumedBy: 'ops' });
    for (const { stationId } of await rows(campaignId, State.UPDATING)) await boot(stationId, '2.0.0');
    await goes(async () => (await get(campaignId)).wave === 2, 'the next wave');
  });

  it('gives up on one that gets no further, tries again, and counts late success', async () => {
    const campaignId = await create({ selection: { stationIds: ['CP-01'] }, attemptsMax: 2, retryMinutes: 5, noProgressMinutes: 30 });
    await arrives(campaignId, { UPDATING: 1 });
    await status('CP-01', 'Downloading');
    await until(async () => (await rows(campaignId))[0]?.status === 'Downloading', 'it is told', WAIT_MS);
    await passes(31 * MINUTE, async () => (await counts(campaignId))['PLANNED'] === 1, 'it is given up on');
    await passes(6 * MINUTE, () => connection.sent.length === 2, 'it is told again');
    await status('CP-01', 'InstallationFailed');
    await goes(async () => (await counts(campaignId))['FAILED'] === 1, 'it has failed');
    await boot('CP-01', '2.0.0');
    await arrives(campaignId, { UPDATED: 1 });
  });

  describe('what fails', () => {
    const alerts = async () => (await service.operationGrpc.listAlerts(deviceOperationV1.ListAlertsRequest.fromPartial({}))).alerts;
    const fails = (word: string, requestId = 7) => say('FirmwareStatusReported', 'CP-01', { status: word, requestId });

    it('of firmware that was sent by a command is an alert, until the station has installed one', async () => {
      await fails('Downloading');
      await fails('DownloadFailed');
      await goes(async () => (await alerts()).length === 1, 'the alert');
      expect((await alerts())[0]).toMatchObject({
        source: 'Firmware',
        stationId: 'CP-01',
        severity: 5,
        state: 'Open',
        detail: 'it could not download the image',
        value: 'DownloadFailed',
      });
      await fails('Installed');
      await goes(async () => (await alerts())[0]?.state === 'Cleared', 'it is cleared');
    });

    it('is told once, though it is handed over again after it was over', async () => {
      await fails('DownloadFailed');
      const failure = facts;
      await goes(async () => (await alerts()).length === 1, 'the alert');
      await fails('Installed');
      await goes(async () => (await alerts())[0]?.state === 'Cleared', 'it is cleared');
      // The same event.
      facts = failure - 1;
      await fails('DownloadFailed');
      facts += 1;
      await fails('InstallationFailed');
      await goes(async () => (await alerts()).length === 2, 'what came after it is seen');
      expect((await alerts()).find(({ value }) => value === 'DownloadFailed')?.state).toBe('Cleared');
    });

    it('in another way is another alert; both are over once the station boots with another firmware', async () => {
      const open = async () => (await alerts()).filter(({ state }) => state !== 'Cleared').map(({ value }) => value);
      await fails('DownloadFailed');
      await goes(async () => (await open()).length === 1, 'the first alert');
      const alertId = (await alerts())[0]?.alertId ?? '';
      await service.operationGrpc.acknowledgeAlert({ alertId, note: 'seen', idempotencyKey: '' });
      await fails('InstallationFailed', 8);
      await goes(async () => (await open()).length === 2, 'the second alert');
      expect((await open()).sort()).toEqual(['DownloadFailed', 'InstallationFailed']);
      // A boot with what it ran before changes nothing: the failure after it is seen, and both are still open.
      await boot('CP-01', '1.0.0');
      await fails('InvalidSignature', 9);
      await goes(async () => (await open()).includes('InvalidSignature'), 'the third alert');
      expect(await open()).toHaveLength(3);
      await boot('CP-01', '1.1.0');
      await goes(async () => (await open()).length === 0, 'they are cleared');
    });

    it('is an alert where a campaign has not told the station yet', async () => {
      connection.offline.add('CP-01');
      const campaignId = await create({ selection: { stationIds: ['CP-01'] } });
      await goes(async () => (await rows(campaignId))[0]?.state === State.QUEUED, 'a job has it');
      await fails('DownloadFailed', 999_999);
      await goes(async () => (await alerts()).length === 1, 'the alert');
      expect(await rows(campaignId)).toMatchObject([{ state: State.QUEUED }]);
    });

    it('in a campaign is told by that alone; what the station is sent after it failed there is an alert again', async () => {
      const campaignId = await create({ selection: { stationIds: ['CP-01'] } });
      await arrives(campaignId, { UPDATING: 1 });
      await status('CP-01', 'DownloadFailed');
      await arrives(campaignId, { FAILED: 1 });
      await status('CP-01', 'DownloadFailed');
      await fails('InvalidSignature');
      await goes(async () => (await alerts()).length === 1, 'the alert');
      expect((await alerts())[0]).toMatchObject({ value: 'InvalidSignature', detail: 'it found the signature of the image wrong' });
    });

    it('in a campaign is told by that alone, though a station names no request and the failure is handed over again', async () => {
      const campaignId = await create({ selection: { stationIds: ['CP-01'] } });
      await arrives(campaignId, { UPDATING: 1 });
      const before = facts;
      const failsUnnamed = () => say('FirmwareStatusReported', 'CP-01', { status: 'DownloadFailed' });
      await failsUnnamed();
      await arrives(campaignId, { FAILED: 1 });
      // The same event.
      facts = before;
      await failsUnnamed();
      await fails('InvalidSignature');
      await goes(async () => (await alerts()).length > 0, 'the alert of what came after it');
      expect((await alerts()).map(({ value }) => value)).toEqual(['InvalidSignature']);
    });
  });

  it('says that a station came for the image too late, where its address had expired', async () => {
    const campaignId = await create({ selection: { stationIds: ['CP-01'] }, noProgressMinutes: 7 * 24 * 60 });
    await arrives(campaignId, { UPDATING: 1 });
    const [, imageId = '', stationId = '', expires = '', signature = ''] =
      /firmware\/(\w+)\/([\w-]+)\/(\d+)\/([\w-]+)\//.exec(connection.sent[0]?.location ?? '') ?? [];
    const link = { imageId, stationId, expires: Number(expires), signature, fetches: true };
    context.clock.ms = Number(expires) * 1_000;
    await expect(service.firmwareGrpc.openDownload(link)).rejects.toMatchObject({ reason: 'LinkExpired' });
    await status('CP-01', 'DownloadFailed');
    await arrives(campaignId, { FAILED: 1 });
    expect(await rows(campaignId)).toMatchObject([{ reason: 'it came for the image and was refused: this address has expired' }]);
  });

  it('takes stations back when it is paused, and tells them once they are back and it goes on', async () => {
    for (const stationId of ids) connection.offline.add(stationId);
    const campaignId = await create();
    await arrives(campaignId, { QUEUED: 10 });
    await service.firmwareGrpc.pauseCampaign({ ...change(campaignId), pausedBy: 'ops' });
    await goes(async () => (await counts(campaignId))['PLANNED'] === 10, 'they are taken back');
    connection.offline.clear();
    await service.firmwareGrpc.resumeCampaign({ ...change(campaignId), resumedBy: 'ops' });
    await arrives(campaignId, { UPDATING: 10 });
    expect(connection.sent.length).toBe(10);
    expect((await rows(campaignId)).every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it('tells stations within their windows alone', async () => {
    // It is 08:00 UTC.
    const campaignId = await create({ windows: [{ from: '10:00', until: '11:00' }] });
    await goes(async () => (await get(campaignId)).wave === 1, 'the wave begins');
    expect(connection.sent).toEqual([]);
    for (const stationId of ids.slice(0, 3)) connection.offline.add(stationId);
    await passes(121 * MINUTE, async () => (await counts(campaignId))['UPDATING'] === 7, 'the window opens');
    await passes(60 * MINUTE, async () => (await counts(campaignId))['PLANNED'] === 3, 'the window shuts');
  });

  it('keeps to its pace over all jobs it makes: those of several time zones, and those of tries again', async () => {
    for (const [index, timeZone] of ['UTC', 'Europe/Amsterdam', 'Asia/Tokyo'].entries()) {
      const site = { siteId: `site-${index}`, name: '', address: '', city: '', countryCode: '', timeZone, idempotencyKey: '' };
      await service.grpc.registerSite(deviceV1.RegisterSiteRequest.fromPartial(site));
    }
    const now = context.clock.now();
    await service.repository.onStations(
      ids.map((stationId, index) => ({
        stationId,
        command: { kind: 'ChangeStation' as const, siteId: `site-${index % 3}`, accept: false, expectedRevision: 0, now },
        causationId: 'moved',
      })),
    );
    for (const stationId of ids) connection.refusing.add(stationId);
    await create({ stationsPerMinute: 2, attemptsMax: 2 });
    // Ten tries, and more that are tried again meanwhile.
    await goes(() => {
      context.clock.ms += 2_000;
      return connection.sent.length >= 14;
    }, 'they are told, and told again');
    const { jobs } = await service.jobGrpc.listJobs({ pageSize: 100, pageToken: '' });
    expect(jobs.length).toBeGreaterThanOrEqual(4);
    const sentAt: number[] = [];
    for (const { jobId } of jobs) {
      const { stations } = await service.jobGrpc.listJobStations({
        jobId,
        state: deviceJobV1.JobStationState.UNSPECIFIED,
        pageSize: 100,
        pageToken: '',
      });
      for (const station of stations) if (station.sentAt !== undefined) sentAt.push(Date.parse(station.sentAt));
    }
    sentAt.sort((a, b) => a - b);
    expect(sentAt.length).toBeGreaterThanOrEqual(14);
    for (const [index, at] of sentAt.entries()) expect((sentAt[index + 2] ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(MINUTE);
  });

  it('goes on after a restart, with nobody told twice', async () => {
    const campaignId = await create({ concurrency: 1 });
    await goes(() => connection.sent.length >= 3, 'some are told');
    for (const device of devices.splice(0)) await device.stop();
    service = await open();
    await goes(async () => (await counts(campaignId))['UPDATING'] === 10, 'all are told');
    expect(connection.sent.map(({ stationId }) => stationId).sort()).toEqual(ids);
  });

  it('brings stations back to the image before, as a campaign of its own', async () => {
    const campaignId = await create({ rollBackImageId: OLD_IMAGE });
    await arrives(campaignId, { UPDATING: 10 });
    await boot('CP-01', '2.0.0');
    await arrives(campaignId, { UPDATED: 1 });
    const back = { campaignId, stationIds: [], filesUrl: 'http://files', createdBy: 'ops', idempotencyKey: '' };
    await expect(service.firmwareGrpc.rollBackCampaign(back)).rejects.toMatchObject({ reason: 'CampaignRunning' });
    await service.firmwareGrpc.cancelCampaign({ ...change(campaignId), cancelledBy: 'ops' });
    const { campaign } = await service.firmwareGrpc.rollBackCampaign(back);
    expect(campaign).toMatchObject({ version: '1.0.0', rollBackOf: campaignId });
    await arrives(campaign?.campaignId ?? '', { UPDATING: 1 });
    await boot('CP-01', '1.0.0');
    await arrives(campaign?.campaignId ?? '', { UPDATED: 1 });
  });

  describe('that goes back by itself', () => {
    const WAY_BACK = { rollBackImageId: OLD_IMAGE, rollBack: CampaignRollBackMode.AUTOMATIC };
    const THRESHOLD = { stopAtFailedPercent: 50, stopAtFailedMin: 2 };
    const rollBack = async (campaignId: string, index: number) => {
      await goes(async () => (await get(campaignId)).rollBacks.length > index, `roll-back ${index + 1}`);
      return (await get(campaignId)).rollBacks[index]?.campaignId ?? '';
    };
    const told = (stationId: string) => connection.sent.filter((each) => each.stationId === stationId).length;

    it('brings back what it updated once too many failed, in waves; then what ended later; nobody twice', async () => {
      const campaignId = await create({ ...WAY_BACK, ...THRESHOLD, waves: [{ stations: 1 }, {}] });
      await arrives(campaignId, { UPDATING: 1 });
      for (const { stationId } of await rows(campaignId, State.UPDATING)) await boot(stationId, '2.0.0');
      await arrives(campaignId, { UPDATED: 1, UPDATING: 9 });
      const [a = '', b = '', late = '', ...failing] = (await rows(campaignId, State.UPDATING)).map(({ stationId }) => stationId);
      for (const stationId of [a, b]) await boot(stationId, '2.0.0');
      await arrives(campaignId, { UPDATED: 3 });
      for (const stationId of failing.slice(0, 3)) await status(stationId, 'DownloadFailed');
      await inState(campaignId, CampaignState.STOPPED);
      const first = await rollBack(campaignId, 0);
      expect(await get(first)).toMatchObject({ version: '1.0.0', rollBackOf: campaignId, createdBy: '' });
      await goes(async () => (await get(first)).stationCounts.length === 2, 'its stations are known');
      expect((await get(first)).stationCounts).toEqual([1, 2]);
      await arrives(first, { UPDATING: 1, PLANNED: 2 });
      // One that took the image after the stop goes back too, once nobody else is under way.
      await boot(late, '2.0.0');
      await arrives(campaignId, { UPDATED: 4 });
      for (const stationId of failing.slice(3)) await status(stationId, 'DownloadFailed');
      const second = await rollBack(campaignId, 1);
      await arrives(second, { UPDATING: 1 });
      for (const id of [first, second]) {
        for (let left = 3; left > 0; left -= 1)
          for (const { stationId } of await rows(id, State.UPDATING)) {
            await boot(stationId, '1.0.0');
            await goes(async () => (await rows(id)).some((row) => row.stationId === stationId && row.evidence === 'Boot'), 'it is back');
            await goes(
              async () => (await get(id)).outcome === 'Completed' || (await rows(id, State.UPDATING)).length > 0,
              'the next wave, or the end',
            );
          }
        await goes(async () => (await get(id)).outcome === 'Completed', 'all are back');
      }
      expect(await counts(first)).toEqual({ UPDATED: 3 });
      expect((await rows(campaignId, State.UPDATED)).map(({ rollBackId }) => rollBackId).sort()).toEqual(
        [first, first, first, second].sort(),
      );
      // Those that never took it are left alone.
      for (const stationId of failing) expect(told(stationId)).toBe(1);
      for (const stationId of [a, b, late]) expect(told(stationId)).toBe(2);
      expect((await get(campaignId)).rollBacks).toMatchObject([
        { automatic: true, stationCount: 3 },
        { automatic: true, stationCount: 1 },
      ]);
    });

    it('goes on with it after a restart, and begins it once', async () => {
      const campaignId = await create({ ...WAY_BACK, ...THRESHOLD });
      await arrives(campaignId, { UPDATING: 10 });
      for (const stationId of ids.slice(0, 5)) await boot(stationId, '2.0.0');
      await arrives(campaignId, { UPDATED: 5 });
      for (const stationId of ids.slice(5)) await status(stationId, 'DownloadFailed');
      await goes(async () => (await rows(campaignId)).some(({ rollBackId }) => rollBackId !== ''), 'the first is marked');
      for (const device of devices.splice(0)) await device.stop();
      service = await open();
      const back = await rollBack(campaignId, 0);
      await arrives(back, { UPDATING: 5 });
      for (const stationId of ids) expect(told(stationId)).toBe(ids.indexOf(stationId) < 5 ? 2 : 1);
      expect((await get(campaignId)).rollBacks).toHaveLength(1);
    });

    it('leaves those that are on their way back alone when a person asks for the others', async () => {
      const campaignId = await create({ ...WAY_BACK, ...THRESHOLD });
      await arrives(campaignId, { UPDATING: 10 });
      for (const stationId of ids.slice(0, 5)) await boot(stationId, '2.0.0');
      await arrives(campaignId, { UPDATED: 5 });
      for (const stationId of ids.slice(5)) await status(stationId, 'DownloadFailed');
      const first = await rollBack(campaignId, 0);
      await arrives(first, { UPDATING: 5 });
      const back = (stationIds: string[]) =>
        service.firmwareGrpc.rollBackCampaign({ campaignId, stationIds, filesUrl: 'http://files', createdBy: 'ops', idempotencyKey: '' });
      await expect(back(ids.slice(0, 5))).rejects.toMatchObject({ reason: 'NothingToRollBack' });
      const { campaign } = await back([]);
      const second = campaign?.campaignId ?? '';
      await goes(async () => (await rows(second)).length > 0, 'its stations are known');
      expect((await rows(second)).map(({ stationId }) => stationId).sort()).toEqual(ids.slice(5));
      expect((await get(campaignId)).rollBacks).toMatchObject([{ stationCount: 5 }, { stationCount: 5 }]);
    });

    it('does nothing by itself where nobody asked for it', async () => {
      const campaignId = await create({ rollBackImageId: OLD_IMAGE, stopAtFailedPercent: 10, stopAtFailedMin: 1 });
      await arrives(campaignId, { UPDATING: 10 });
      for (const stationId of ids.slice(0, 9)) await boot(stationId, '2.0.0');
      await arrives(campaignId, { UPDATED: 9 });
      await status(ids[9] ?? '', 'DownloadFailed');
      await goes(async () => (await get(campaignId)).outcome === 'Completed', 'it ends');
      expect((await get(campaignId)).rollBacks).toEqual([]);
      expect(connection.sent).toHaveLength(10);
    });

    it('is refused without a way back, or where the campaign never stops', async () => {
      await expect(create({ rollBack: WAY_BACK.rollBack, ...THRESHOLD })).rejects.toThrow('needs rollBackImageId');
      await expect(create(WAY_BACK)).rejects.toThrow('set stopAtFailedPercent');
      await expect(create({ rollBackImageId: IMAGE })).rejects.toMatchObject({ reason: 'ImageDoesNotFit' });
    });
  });

  describe('with local controllers', () => {
    const HERE = 'http://files/files/firmware/';
    const THERE = 'http://10.0.0.1/fw.bin';
    const controllers = { localControllers: [{ stationId: 'CP-01', stationIds: ['CP-02', 'CP-03'] }] };
    const says = async (word: string, location: readonly string[] = []) => {
      const requestId = connection.published.find(({ what }) => what === 'publishFirmware')?.requestId;
      await say('FirmwarePublishStatusReported', 'CP-01', { status: word, requestId, locations: location });
    };
    const publication = async (campaignId: string) => (await get(campaignId)).publications[0];
    const locationOf = (stationId: string) => connection.sent.findLast((each) => each.stationId === stationId)?.location ?? '';

    it('has them publish the image first; stations behind wait and fetch it there, the others from here; then it is withdrawn', async () => {
      const campaignId = await create(controllers);
      await goes(() => connection.sent.length === 8, 'those behind no controller are told');
      const [asked] = connection.published;
      expect(asked).toMatchObject({ stationId: 'CP-01', what: 'publishFirmware', checksum: 'b'.repeat(32) });
      // At an address of the controller's own, that nothing on the log has.
      expect(asked?.location).toMatch(new RegExp(`^${HERE}${IMAGE}/CP-01/`));
      expect(await publication(campaignId)).toMatchObject({ state: 'Asked' });
      await says('Downloading');
      await goes(async () => (await publication(campaignId))?.status === 'Downloading', 'it downloads');
      expect(connection.sent).toHaveLength(8);
      await says('Published', [THERE]);
      await arrives(campaignId, { UPDATING: 10 });
      expect(await publication(campaignId)).toMatchObject({ state: 'Published', location: THERE });
      expect([locationOf('CP-02'), locationOf('CP-03')]).toEqual([THERE, THERE]);
      expect(locationOf('CP-04')).toMatch(new RegExp(`^${HERE}`));
      for (const stationId of ids) await boot(stationId, '2.0.0');
      await goes(async () => (await get(campaignId)).outcome === 'Completed', 'it ends');
      await goes(() => connection.published.length === 2, 'it is withdrawn');
      expect(connection.published[1]).toMatchObject({ stationId: 'CP-01', what: 'unpublishFirmware', checksum: 'b'.repeat(32) });
      expect((await rows(campaignId)).find(({ stationId }) => stationId === 'CP-02')).toMatchObject({ via: 'CP-01', attempts: 1 });
    });

    it('falls back to its own address when the controller fails, or the station cannot fetch it there', async () => {
      const failing = await create(controllers);
      await goes(() => connection.published.length === 1, 'the controller is asked');
      await says('InvalidChecksum');
      await arrives(failing, { UPDATING: 10 });
      expect(await publication(failing)).toMatchObject({ state: 'Failed', reason: 'it found the checksum of the image wrong' });
      expect(locationOf('CP-02')).toMatch(new RegExp(`^${HERE}${IMAGE}/CP-02/`));
      await says('Published', [THERE]);
      await goes(async () => (await publication(failing))?.state === 'Published', 'it published after all');
      await service.firmwareGrpc.cancelCampaign({ ...change(failing), cancelledBy: '' });
      for (const stationId of ids) await status(stationId, 'DownloadFailed');
      await goes(async () => (await get(failing)).state === CampaignState.ENDED, 'it ends');

      connection.published.splice(0);
      const campaignId = await create(controllers);
      await goes(() => connection.published.some(({ what }) => what === 'publishFirmware'), 'the controller is asked');
      await says('Published', [THERE]);
      await arrives(campaignId, { UPDATING: 10 });
      expect(locationOf('CP-02')).toBe(THERE);
      await status('CP-02', 'DownloadFailed');
      await goes(() => locationOf('CP-02') !== THERE, 'it is told the other address');
      expect(locationOf('CP-02')).toMatch(new RegExp(`^${HERE}`));
      expect((await rows(campaignId, State.FAILED)).length).toBe(0);
    });

    it('signs no address but its own', async () => {
      const campaignId = await create(controllers);
      await goes(() => connection.published.length === 1, 'the controller is asked');
      const elsewhere = `http://10.0.0.1/files/firmware/${IMAGE}`;
      await says('Published', [elsewhere]);
      await arrives(campaignId, { UPDATING: 10 });
      expect(locationOf('CP-02')).toBe(elsewhere);
      expect(locationOf('CP-04')).toMatch(new RegExp(`^${HERE}${IMAGE}/CP-04/`));
    });

    it('waits for a controller no longer than for a station, and asks it once across a restart', async () => {
      connection.offline.add('CP-01');
      const campaignId = await create({ ...controllers, noProgressMinutes: 30 });
      await goes(async () => (await publication(campaignId))?.state === 'Asked', 'it is asked');
      for (const device of devices.splice(0)) await device.stop();
      service = await open();
      await passes(31 * MINUTE, async () => (await publication(campaignId))?.state === 'Failed', 'it is given up on');
      expect(await publication(campaignId)).toMatchObject({ reason: 'nothing happened for 30 minutes' });
      await goes(() => locationOf('CP-02').startsWith(HERE), 'those behind are told the address here');
      const { jobs } = await service.jobGrpc.listJobs({ pageSize: 100, pageToken: '' });
      expect(jobs.filter(({ name }) => name.endsWith(', publish'))).toHaveLength(1);
    });

    it('goes back through them too, but does not wait long for one that is away', async () => {
      const campaignId = await create({ ...controllers, rollBackImageId: OLD_IMAGE });
      await goes(() => connection.published.length === 1, 'the controller is asked');
      await says('Published', [THERE]);
      await arrives(campaignId, { UPDATING: 10 });
      for (const stationId of ids) await boot(stationId, '2.0.0');
      await goes(async () => (await get(campaignId)).outcome === 'Completed', 'it ends');
      connection.offline.add('CP-01');
      const request = { campaignId, stationIds: ['CP-02'], filesUrl: 'http://files', createdBy: 'ops', idempotencyKey: '' };
      const back = (await service.firmwareGrpc.rollBackCampaign(request)).campaign?.campaignId ?? '';
      await goes(async () => (await publication(back))?.state === 'Asked', 'it is asked');
      await passes(11 * MINUTE, async () => (await publication(back))?.state === 'Failed', 'it is given up on');
      await arrives(back, { UPDATING: 1 });
      expect(locationOf('CP-02')).toMatch(new RegExp(`^${HERE}${OLD_IMAGE}/CP-02/`));
    });

    it('refuses controllers that cannot be', async () => {
      const localControllers = (...list: object[]) => create({ localControllers: list });
      await expect(localControllers({ stationId: 'NOBODY', stationIds: ['CP-02'] })).rejects.toThrow('NOBODY is not in service');
      await expect(localControllers({ stationId: 'CP-01' })).rejects.toThrow('is at no site');
      await expect(localControllers({ stationId: 'CP-01', stationIds: ['CP-02', 'CP-02'] })).rejects.toThrow('name CP-02 twice');
    });
  });

  it('refuses what cannot be, in words', async () => {
    await expect(create({ imageId: 'f'.repeat(32) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(create({ selection: { stationIds: ['UNKNOWN'] } })).rejects.toMatchObject({ reason: 'ImageDoesNotFit' });
    await expect(create({ selection: {} })).rejects.toMatchObject({ reason: 'SelectionEmpty' });
    await expect(create({ waves: [{}, {}] })).rejects.toThrow('waves[0] needs percent or stations');
    await expect(create({ windows: [{ from: '1', until: '2' }] })).rejects.toThrow('windows[0]');
    await expect(create({ timeZone: 'Mars' })).rejects.toThrow('IANA');
    const campaignId = await create();
    await expect(service.firmwareGrpc.deleteImage({ imageId: IMAGE, deletedBy: '' })).rejects.toMatchObject({ reason: 'ImageInUse' });
    expect(campaignId).toMatch(/^[0-9a-f]{32}$/);
  });
});

const NO_FILTER = { siteId: '', lifecycle: deviceV1.StationLifecycle.UNSPECIFIED, pageToken: '' };
