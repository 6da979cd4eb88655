import { createHash, scryptSync } from 'node:crypto';
import {
  type ConnectorStatusReported,
  STATION_TOPIC,
  type StationBooted,
  type StationConnected,
  type StationFacts,
} from '@voltlog/connection-contract';
import { DEVICE_TOPIC } from '@voltlog/device-contract';
import { type EventEnvelope, isoTime, OperatingError, type RequestError } from '@voltlog/kernel';
import { deviceV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import type { Schema } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from './config.js';
import { createDevice, type Device } from './device.js';

const { StationLifecycle: Lifecycle } = deviceV1;

/** The same, but for some of its members. */
const but = <Part extends object>(part: Part, members: Partial<Part>): Part =>
  new Proxy(part, {
    get(of, name) {
      const member: unknown = Reflect.get(name in members ? members : of, name);
      return typeof member === 'function' ? member.bind(of) : member;
    },
  });

describe('device service', () => {
  let context: TestContext;
  let service: Device;
  const closing: (() => Promise<void>)[] = [];

  const open = async (of: TestContext): Promise<Device> => {
    const device = await createDevice(of, deviceConfig.parse({ DEVICE_SCRYPT_N: '1024' }));
    await device.start();
    closing.push(() => device.stop());
    return device;
  };

  beforeEach(async () => {
    context = await openTestContext('device');
    await context.log.ensureTopics([DEVICE_TOPIC, STATION_TOPIC].map((name) => ({ name, partitions: 12 })));
    service = await open(context);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    await context.close();
  });

  const site = (request: Partial<deviceV1.RegisterSiteRequest>) =>
    service.grpc.registerSite({
      siteId: '',
      name: '',
      address: '',
      city: '',
      countryCode: '',
      latitude: 0,
      longitude: 0,
      timeZone: '',
      idempotencyKey: '',
      ...request,
    });
  const register = (stationId: string, request: Partial<deviceV1.RegisterStationRequest> = {}) =>
    service.grpc.registerStation({
      stationId,
      siteId: '',
      name: '',
      evses: [],
      tags: [],
      password: '',
      withoutCredential: false,
      idempotencyKey: '',
      ...request,
    });
  const update = (stationId: string, request: Partial<deviceV1.UpdateStationRequest>) =>
    service.grpc.updateStation({
      stationId,
      tags: undefined,
      evses: [],
      replaceEvses: false,
      accept: false,
      password: '',
      withoutCredential: false,
      expectedVersion: 0,
      idempotencyKey: '',
      ...request,
    });
  const get = async (stationId: string) => (await service.grpc.getStation({ stationId })).station;
  const access = async (...stationIds: string[]) => (await service.grpc.getStationAccess({ stationIds, changedStationIds: [] })).stations;
  const evse = (evseId: number, connectors = 1): deviceV1.Evse => ({
    evseId,
    powerWMax: 22_000,
    connectors: Array.from({ length: connectors }, (_, i) => ({
      connectorId: i + 1,
      connectorType: 'sType2',
      status: '',
      detail: '',
      errorCode: '',
      statusAt: undefined,
    })),
  });
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => {
        throw new Error('it did not fail');
      },
      (error: RequestError) => ({ code: error.code, reason: error.reason, message: error.message }),
    );
  const say = <Type extends keyof StationFacts>(type: Type, stationId: string, data: Partial<StationFacts[Type]>): Promise<void> => {
    const at = isoTime(context.clock.now());
    const fact = { stationId, ocppVersion: 'ocpp1.6', receivedAt: at, occurredAt: at, messageId: 'm', action: 'x', raw: {}, ...data };
    return context.log.append(STATION_TOPIC, stationId, [
      { id: context.ids.next(), type, source: '/connection/test', subject: stationId, time: at, data: fact },
    ]);
  };
  const connect = (stationId: string, epoch = 1) =>
    say('voltlog.connection.StationConnected.v1', stationId, { epoch, registered: true } satisfies Partial<StationConnected>);
  const boot = (stationId: string, data: Partial<StationBooted> = {}) =>
    say('voltlog.connection.StationBooted.v1', stationId, { vendor: 'V', model: 'M', firmwareVersion: '1.0', reason: 'PowerUp', ...data });
  const status = (stationId: string, data: Partial<ConnectorStatusReported>) =>
    say('voltlog.connection.ConnectorStatusReported.v1', stationId, { evseId: 1, connectorId: 1, status: 'Available', ...data });
  const caughtUp = async (stationId = 'any') =>
    expect(await context.log.caughtUp({ group: 'device-facts', topic: STATION_TOPIC, key: stationId, deadlineMs: 5_000 })).toBe(true);
  const eventTypes = async (streamId: string) =>
    ((await context.store.streams.load([streamId])).get(streamId) ?? []).flatMap((commit) =>
      commit.events.map((event) => event.type.split('.')[2]),
    );

  describe('stations', () => {
    it('registers one with a password that is shown once and kept as a hash', async () => {
      const { station, password } = await register('CP-1', { name: 'Bay 1', evses: [evse(2), evse(1, 2)] });
      expect(password).toMatch(/^[A-Za-z0-9_-]{20}$/);
      expect(station).toMatchObject({
        stationId: 'CP-1',
        lifecycle: Lifecycle.ACTIVE,
        hasCredential: true,
        connected: false,
        evses: [{ evseId: 1 }, { evseId: 2 }],
      });
      const [given] = await access('CP-1', 'nobody');
      expect(given).toMatchObject({ stationId: 'CP-1', lifecycle: Lifecycle.ACTIVE, connectorsPerEvse: [2, 1] });
      const [kind, salt = '', hash] = given?.passwordHash.split('$') ?? [];
      expect(kind).toBe('sha256');
      expect(createHash('sha256').update(Buffer.from(salt, 'base64url')).update(password).digest('base64url')).toBe(hash);
      expect(JSON.stringify([...(await context.store.streams.load(['station:CP-1'])).values()])).not.toContain(password);
    });

    it('hashes a chosen password slowly and does not give it back', async () => {
      const { password } = await register('CP-1', { password: 'correct horse'.replace(' ', '-').padEnd(16, '!') });
      expect(password).toBe('');
      const [kind, cost, salt = '', hash] = (await access('CP-1'))[0]?.passwordHash.split('$') ?? [];
      expect([kind, cost]).toEqual(['scrypt', '1024']);
      expect(scryptSync('correct-horse!!!', Buffer.from(salt, 'base64url'), 32, { N: 1_024, r: 8, p: 1 }).toString('base64url')).toBe(hash);
    });

    it('can do without a credential, and sets one later, told once where no key seals it', async () => {
      await register('CP-1', { withoutCredential: true });
      expect(await access('CP-1')).toMatchObject([{ passwordHash: '' }]);
      const { password } = await service.grpc.setStationCredential({ stationId: 'CP-1', password: '', idempotencyKey: 'k' });
      expect(password).toHaveLength(20);
      expect((await access('CP-1'))[0]?.passwordHash).toMatch(/^sha256\$/);
      expect((await service.grpc.setStationCredential({ stationId: 'CP-1', password: '', idempotencyKey: 'k' })).password).toBe('');
      expect(await eventTypes('station:CP-1')).toEqual(['StationRegistered', 'StationCredentialSet']);
    });

    it('takes an idempotency key once', async () => {
      const first = await register('CP-1', { idempotencyKey: 'k' });
      const again = await register('CP-1', { idempotencyKey: 'k' });
      expect(again).toEqual({ station: first.station, password: '' });
      expect(await failure(register('CP-1'))).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'StationExists' });
      await update('CP-1', { name: 'x', expectedVersion: 2, idempotencyKey: 'u' });
      await update('CP-1', { name: 'y' });
      expect((await update('CP-1', { name: 'x', expectedVersion: 2, idempotencyKey: 'u' })).station?.name).toBe('y');
    });

    it('changes what is given and keeps the rest', async () => {
      await register('CP-1', { name: 'a', evses: [evse(1)] });
      expect((await update('CP-1', { name: 'b' })).station).toMatchObject({ name: 'b', evses: [{ evseId: 1 }], version: 3 });
      expect(await failure(update('CP-1', { name: 'c', expectedVersion: 2 }))).toMatchObject({ code: 'ABORTED' });
      expect((await update('CP-1', { evses: [], replaceEvses: true, expectedVersion: 3 })).station?.evses).toEqual([]);
      expect((await update('CP-1', { name: 'b' })).station?.version).toBe(4);
      expect(await failure(update('CP-2', { name: 'c' }))).toMatchObject({ code: 'NOT_FOUND' });
    });

    it('retires one for good', async () => {
      await register('CP-1');
      const retire = () => service.grpc.retireStation({ stationId: 'CP-1', idempotencyKey: '' });
      expect((await retire()).station?.lifecycle).toBe(Lifecycle.RETIRED);
      expect((await retire()).station?.version).toBe(3);
      expect(await access('CP-1')).toMatchObject([{ lifecycle: Lifecycle.RETIRED }]);
      expect(await failure(register('CP-1'))).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'StationRetired' });
      expect(await failure(update('CP-1', { name: 'x' }))).toMatchObject({ code: 'FAILED_PRECONDITION' });
      expect(await failure(service.grpc.setStationCredential({ stationId: 'CP-1', password: '', idempotencyKey: '' }))).toMatchObject({
        code: 'FAILED_PRECONDITION',
      });
    });

    it.each([
      ['an id with a slash', () => register('a/b')],
      ['an id of 49', () => register('x'.repeat(49))],
      ['no id', () => register('')],
      ['a password of 15', () => register('CP', { password: 'x'.repeat(15) })],
      ['a password of 41', () => register('CP', { password: 'x'.repeat(41) })],
      ['a password with a space', () => register('CP', { password: `${'x'.repeat(16)} y` })],
      ['a password and none', () => register('CP', { password: 'x'.repeat(16), withoutCredential: true })],
      ['EVSE 0', () => register('CP', { evses: [evse(0)] })],
      ['an EVSE twice', () => register('CP', { evses: [evse(1), evse(1)] })],
      ['33 connectors', () => register('CP', { evses: [evse(1, 33)] })],
      ['a name of 256', () => register('CP', { name: 'x'.repeat(256) })],
      ['a site id that is none', () => register('CP', { siteId: 'a b' })],
      ['EVSEs that would not be taken', () => update('CP', { evses: [evse(1)] })],
      ['a key of 256', () => register('CP', { idempotencyKey: 'x'.repeat(256) })],
      [
        'a page token that is none',
        () => service.grpc.listStations({ pageSize: 0, pageToken: 'x', siteId: '', lifecycle: Lifecycle.UNSPECIFIED }),
      ],
      ['5 001 questions', () => access(...new Array<string>(5_001).fill('x'))],
    ])('refuses %s', async (_, work) => {
      expect(await failure(work())).toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('takes what is just within the bounds', async () => {
      await register('x'.repeat(48), {
        password: 'x'.repeat(40),
        evses: [evse(256, 32)],
        name: 'x'.repeat(255),
        idempotencyKey: 'x'.repeat(255),
      });
      await register('*-_=+|@.', { password: 'x'.repeat(16) });
      expect(await access('x'.repeat(48), '*-_=+|@.')).toHaveLength(2);
    });

    it('lists by site and lifecycle, page by page', async () => {
      await site({ siteId: 'S' });
      for (const id of ['A', 'B', 'C']) await register(id, { siteId: id === 'C' ? '' : 'S', withoutCredential: true });
      await service.grpc.retireStation({ stationId: 'B', idempotencyKey: '' });
      const list = async (request: Partial<deviceV1.ListStationsRequest>) => {
        const page = await service.grpc.listStations({
          pageSize: 0,
          pageToken: '',
          siteId: '',
          lifecycle: Lifecycle.UNSPECIFIED,
          ...request,
        });
        return { ids: page.stations.map((station) => station.stationId), next: page.nextPageToken };
      };
      expect((await list({ siteId: 'S' })).ids).toEqual(['A', 'B']);
      expect((await list({ siteId: 'S', lifecycle: Lifecycle.ACTIVE })).ids).toEqual(['A']);
      expect((await list({ lifecycle: Lifecycle.RETIRED })).ids).toEqual(['B']);
      const first = await list({ pageSize: 2 });
      expect([...first.ids, ...(await list({ pageSize: 2, pageToken: first.next })).ids]).toEqual(['A', 'B', 'C']);
    });
  });

  describe('sites', () => {
    const change = (siteId: string, request: Partial<deviceV1.UpdateSiteRequest>) =>
      service.grpc.updateSite({ siteId, expectedVersion: 0, idempotencyKey: '', ...request });

    it('registers, changes, lists and retires', async () => {
      const made = await site({
        siteId: 'S',
        name: 'Depot',
        timeZone: 'Europe/Amsterdam',
        latitude: 51.9,
        longitude: 4.5,
        countryCode: 'NL',
      });
      expect(made.site).toMatchObject({ siteId: 'S', version: 1, retired: false });
      expect((await change('S', { city: 'Rotterdam', expectedVersion: 1 })).site).toMatchObject({
        name: 'Depot',
        city: 'Rotterdam',
        version: 2,
      });
      expect(await failure(change('S', { city: 'x', expectedVersion: 1 }))).toMatchObject({ code: 'ABORTED' });
      expect(await failure(site({ siteId: 'S' }))).toMatchObject({ code: 'ALREADY_EXISTS' });
      expect((await service.grpc.getSite({ siteId: 'S' })).site?.city).toBe('Rotterdam');
      await register('CP-1', { siteId: 'S' });
      expect(await failure(service.grpc.retireSite({ siteId: 'S', idempotencyKey: '' }))).toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'SiteHasStations',
      });
      await update('CP-1', { siteId: '' });
      expect((await service.grpc.retireSite({ siteId: 'S', idempotencyKey: '' })).site?.retired).toBe(true);
      expect(await failure(register('CP-2', { siteId: 'S' }))).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SiteRetired' });
      expect(await failure(register('CP-2', { siteId: 'T' }))).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SiteUnknown' });
      expect(await failure(service.grpc.getSite({ siteId: 'T' }))).toMatchObject({ code: 'NOT_FOUND' });
      expect((await service.grpc.listSites({ pageSize: 0, pageToken: '' })).sites).toHaveLength(1);
    });

    it('makes an id, the same one for the same key', async () => {
      const first = await site({ idempotencyKey: 'k-1' });
      expect((await site({ idempotencyKey: 'k-1' })).site).toEqual(first.site);
      expect((await site({})).site?.siteId).not.toBe((await site({})).site?.siteId);
    });

    it.each([
      ['latitude 90.1', { latitude: 90.1 }],
      ['longitude -180.1', { longitude: -180.1 }],
      ['a latitude that is no number', { latitude: Number.NaN }],
      ['a time zone nobody knows', { timeZone: 'Europe/Atlantis' }],
      ['an offset for a time zone', { timeZone: '+01:00' }],
      ['a country of three letters', { countryCode: 'NLD' }],
      ['a name of 256', { name: 'x'.repeat(256) }],
    ])('refuses %s', async (_, request) => {
      expect(await failure(site(request))).toMatchObject({ code: 'INVALID_ARGUMENT' });
      await site({ siteId: 'S' });
      expect(await failure(change('S', request))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('takes the poles and the date line', async () => {
      expect((await site({ latitude: -90, longitude: 180, timeZone: 'Antarctica/McMurdo' })).site).toMatchObject({
        latitude: -90,
        longitude: 180,
      });
    });
  });

  describe('what stations report', () => {
    it('puts a station nobody registered in quarantine, until it is accepted or registered', async () => {
      for (const id of ['Q1', 'Q2']) {
        await connect(id);
        await boot(id);
        await status(id, { evseId: 2 });
      }
      await caughtUp();
      expect(await get('Q1')).toMatchObject({ lifecycle: Lifecycle.QUARANTINED, vendor: 'V', evses: [{ evseId: 2 }], connected: true });
      expect(await access('Q1')).toMatchObject([{ lifecycle: Lifecycle.QUARANTINED, connectorsPerEvse: [1, 1] }]);
      // No key seals a password for it here, and it is not let out without the one it needs.
      expect(await failure(update('Q1', { accept: true }))).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'NoSecretKey' });
      expect(await get('Q1')).toMatchObject({ lifecycle: Lifecycle.QUARANTINED });
      expect((await update('Q1', { accept: true, withoutCredential: true })).station?.lifecycle).toBe(Lifecycle.ACTIVE);
      expect((await register('Q2', { name: 'two' })).station).toMatchObject({
        lifecycle: Lifecycle.ACTIVE,
        vendor: 'V',
        evses: [{ evseId: 2 }],
        name: 'two',
      });
      expect(await access('Q1', 'Q2')).toMatchObject([{ lifecycle: Lifecycle.ACTIVE }, { lifecycle: Lifecycle.ACTIVE }]);
    });

    it('keeps the stream short: only what is new for good is an event', async () => {
      await register('CP-1', { withoutCredential: true });
      for (let i = 1; i <= 5; i += 1) {
        context.clock.ms += 60_000;
        await connect('CP-1', i);
        await boot('CP-1', { firmwareVersion: i < 4 ? '1.0' : '1.1' });
        await status('CP-1', { connectorId: 1 });
        await status('CP-1', { connectorId: 0, evseId: 0 });
      }
      await caughtUp();
      expect((await eventTypes('station:CP-1')).sort()).toEqual([
        'ConnectorsLearnt',
        'StationIdentityReported',
        'StationIdentityReported',
        'StationRegistered',
      ]);
      expect(await get('CP-1')).toMatchObject({
        firmwareVersion: '1.1',
        connected: true,
        lastBootAt: '2026-11-02T08:05:00.000Z',
        lastBootReason: 'PowerUp',
      });
    });

    it('records each change of what a station is, also of one batch, once', async () => {
      await register('CP-1', { withoutCredential: true });
      const at = (minute: number) => isoTime(context.clock.ms + minute * 60_000);
      const boots = ['1.0', '1.1', '1.1', '1.0', '2.0'].map((firmwareVersion, i) => ({
        topic: STATION_TOPIC,
        partition: 0,
        offset: i,
        key: 'CP-1',
        event: {
          id: `boot-${i}`,
          type: 'voltlog.connection.StationBooted.v1',
          source: '/connection/test',
          subject: 'CP-1',
          time: at(i),
          data: {
            stationId: 'CP-1',
            ocppVersion: 'ocpp1.6',
            receivedAt: at(i),
            occurredAt: at(i),
            vendor: 'V',
            model: 'M',
            firmwareVersion,
          },
        },
      }));
      const versions = async () =>
        ((await context.store.streams.load(['station:CP-1'])).get('station:CP-1') ?? [])
          .flatMap((commit) => commit.events)
          .flatMap(({ data }) => (typeof data === 'object' && data !== null && 'firmwareVersion' in data ? [data.firmwareVersion] : []));
      await service.follower.handle(boots);
      expect(await versions()).toEqual(['1.0', '1.1', '1.0', '2.0']);
      // Handed over again, whole or in parts, nothing is new.
      for (const batch of [boots, boots.slice(0, 3), boots.slice(2), boots.slice(1, 2)]) await service.follower.handle(batch);
      expect(await versions()).toEqual(['1.0', '1.1', '1.0', '2.0']);
      expect(await get('CP-1')).toMatchObject({ firmwareVersion: '2.0' });
    });

    it('never lets an older status, boot or socket overwrite a newer one, nor a repeated one', async () => {
      await register('CP-1', { withoutCredential: true });
      const at = (minute: number): string => `2026-11-02T08:0${minute}:00.000Z`;
      await status('CP-1', { status: 'Occupied', detail: 'Charging', occurredAt: at(2) });
      await status('CP-1', { status: 'Faulted', occurredAt: at(1), errorCode: 'GroundFailure' });
      await connect('CP-1', 7);
      await say('voltlog.connection.StationDisconnected.v1', 'CP-1', { epoch: 6, code: 1000 });
      await boot('CP-1', { receivedAt: at(3), reason: 'RemoteReset' });
      await boot('CP-1', { receivedAt: at(2), reason: 'PowerUp' });
      await say('voltlog.connection.FirmwareStatusReported.v1', 'CP-1', { status: 'Installed', receivedAt: at(3) });
      await say('voltlog.connection.FirmwareStatusReported.v1', 'CP-1', { status: 'Installing', receivedAt: at(2) });
      await caughtUp();
      const before = await get('CP-1');
      expect(before).toMatchObject({ connected: true, lastBootReason: 'RemoteReset', firmwareStatus: 'Installed' });
      expect(before?.evses[0]?.connectors[0]).toMatchObject({ status: 'Occupied', detail: 'Charging', errorCode: '', statusAt: at(2) });
      const records: EventEnvelope[] = [];
      const subscription = await context.log.subscribe({
        group: 'all',
        topics: [STATION_TOPIC],
        handle: async (batch) => void records.push(...batch.map(({ event }) => event)),
      });
      await until(() => records.length === 8, 'all facts read');
      await subscription.stop();
      await service.follower.handle(records.map((event, offset) => ({ topic: STATION_TOPIC, partition: 0, offset, key: 'CP-1', event })));
      expect(await get('CP-1')).toEqual(before);
      await say('voltlog.connection.StationDisconnected.v1', 'CP-1', { epoch: 7, code: 1000 });
      await connect('CP-1', 7);
      await caughtUp();
      expect(await get('CP-1')).toMatchObject({ connected: false });
    });

    it('leaves out positions no station has', async () => {
      await register('CP-1', { withoutCredential: true });
      for (const [evseId, connectorId] of [
        [257, 1],
        [1, 33],
        [-1, 1],
        [1, 0],
      ])
        await status('CP-1', { evseId, connectorId } as Partial<ConnectorStatusReported>);
      await status('CP-1', { evseId: 256, connectorId: 32 });
      await caughtUp();
      expect((await get('CP-1'))?.evses.map((each) => each.evseId)).toEqual([256]);
    });

    it('writes statuses right when another instance wrote them in between', async () => {
      await register('CP-1', { withoutCredential: true, evses: [evse(1, 2)] });
      const other = await createDevice(await openTestContext('device', context), deviceConfig.parse({}));
      const fact = (connectorId: number, value: ConnectorStatusReported['status']) => ({
        topic: STATION_TOPIC,
        partition: 0,
        offset: 0,
        key: 'CP-1',
        event: {
          id: context.ids.next(),
          type: 'voltlog.connection.ConnectorStatusReported.v1',
          source: '/t',
          subject: 'CP-1',
          time: '',
          data: {
            stationId: 'CP-1',
            evseId: 1,
            connectorId,
            status: value,
            occurredAt: isoTime((context.clock.ms += 1)),
            receivedAt: isoTime(context.clock.ms),
          },
        },
      });
      await service.follower.handle([fact(1, 'Available')]);
      await other.follower.handle([fact(2, 'Faulted')]);
      await service.follower.handle([fact(1, 'Occupied')]);
      expect((await get('CP-1'))?.evses[0]?.connectors.map((each) => each.status)).toEqual(['Occupied', 'Faulted']);
    });
  });

  it('knows at once, in every instance, what another one changed', async () => {
    await register('CP-1', { withoutCredential: true });
    const other = await open(await openTestContext('device', context));
    expect((await other.grpc.getStationAccess({ stationIds: ['CP-1', 'CP-2'], changedStationIds: [] })).stations).toHaveLength(1);
    await register('CP-2');
    expect((await other.grpc.getStationAccess({ stationIds: ['CP-2'], changedStationIds: [] })).stations).toHaveLength(1);
    await service.grpc.retireStation({ stationId: 'CP-1', idempotencyKey: '' });
    await until(
      async () =>
        (await other.grpc.getStationAccess({ stationIds: ['CP-1'], changedStationIds: [] })).stations[0]?.lifecycle === Lifecycle.RETIRED,
      'the change arrives',
    );
  });

  it('looks into the store for a station whose change the one who asks has heard of and it has not', async () => {
    await register('CP-1', { withoutCredential: true });
    const shared = await openTestContext('device', context);
    const deaf = but(context.log, { subscribe: async () => ({ stop: async () => undefined }) });
    const other = await open({ ...shared, log: deaf });
    const asked = async (changedStationIds: string[]) =>
      (await other.grpc.getStationAccess({ stationIds: ['CP-1'], changedStationIds })).stations[0]?.lifecycle;
    expect(await asked([])).toBe(Lifecycle.ACTIVE);
    await service.grpc.retireStation({ stationId: 'CP-1', idempotencyKey: '' });
    expect(await asked([])).toBe(Lifecycle.ACTIVE);
    expect(await asked(['CP-1'])).toBe(Lifecycle.RETIRED);
    expect(await asked([])).toBe(Lifecycle.RETIRED);
  });

  it('tells nobody of a change before it answers by it, also when an earlier one of the same station is told meanwhile', async () => {
    await register('CP-1', { withoutCredential: true });
    for (const close of closing.splice(0)) await close();
    const writes: (() => void)[] = [];
    const gated = but(context.store, {
      async collection<Doc extends { readonly id: string }>(name: string, schema: Schema) {
        const collection = await context.store.collection<Doc>(name, schema);
        return but(collection, {
          upsert: async (docs) => {
            if (name === 'stations') await new Promise<void>((resolve) => void writes.push(resolve));
            return collection.upsert(docs);
          },
        });
      },
    });
    service = await open({ ...(await openTestContext('device', context)), store: gated });
    const told: string[] = [];
    const listener = await context.log.subscribe({
      group: 'listener',
      topics: [DEVICE_TOPIC],
      startFrom: 'latest',
      handle: async (batch) => void told.push(...batch.map(({ event }) => event.type.split('.')[2] ?? '')),
    });
    const changed = update('CP-1', { name: 'Bay 2' });
    await until(() => writes.length === 1, 'the first write');
    const retired = service.grpc.retireStation({ stationId: 'CP-1', idempotencyKey: '' });
    await until(() => writes.length === 2, 'the second write');
    writes[0]?.();
    await changed;
    await until(() => told.length > 0, 'the first change to be told');
    expect(told).toEqual(['StationChanged']);
    writes[1]?.();
    await retired;
    await until(() => told.length > 1, 'the second change to be told');
    expect(told).toEqual(['StationChanged', 'StationRetired']);
    await listener.stop();
  });

  it('tells nobody of a change before it answers by it, whatever else is told meanwhile', async () => {
    await register('CP-1', { withoutCredential: true });
    for (const close of closing.splice(0)) await close();
    const gate = Promise.withResolvers<void>();
    const gated = but(context.store, {
      async collection<Doc extends { readonly id: string }>(name: string, schema: Schema) {
        const collection = await context.store.collection<Doc>(name, schema);
        return but(collection, {
          upsert: async (writes) => {
            if (writes.some(({ doc }) => doc.id === 'CP-1')) await gate.promise;
            return collection.upsert(writes);
          },
        });
      },
    });
    service = await open({ ...(await openTestContext('device', context)), store: gated });
    expect((await access('CP-1'))[0]?.lifecycle).toBe(Lifecycle.ACTIVE);
    const answers: [string, deviceV1.StationLifecycle | undefined][] = [];
    const listener = await context.log.subscribe({
      group: 'listener',
      topics: [DEVICE_TOPIC],
      startFrom: 'latest',
      handle: async (batch) => {
        for (const { key } of batch) answers.push([key, (await access(key))[0]?.lifecycle]);
      },
    });
    const retired = service.grpc.retireStation({ stationId: 'CP-1', idempotencyKey: '' });
    await until(async () => (await eventTypes('station:CP-1')).includes('StationRetired'), 'the commit');
    await register('CP-2', { withoutCredential: true });
    await until(async () => answers.length > 0, 'what was decided later is told');
    expect(answers).toEqual([['CP-2', Lifecycle.ACTIVE]]);
    gate.resolve();
    await retired;
    await until(async () => answers.length > 1, 'the event');
    expect(answers[1]).toEqual(['CP-1', Lifecycle.RETIRED]);
    await listener.stop();
  });

  it('makes the read model of a commit whose write seemed to fail', async () => {
    await register('CP-1', { withoutCredential: true });
    for (const close of closing.splice(0)) await close();
    const { streams } = context.store;
    const losing = but(context.store, {
      streams: but(streams, {
        append: async (commits) => {
          await streams.append(commits);
          throw new OperatingError('StoreUnavailable', 'the answer was lost');
        },
      }),
    });
    service = await open({ ...(await openTestContext('device', context)), store: losing });
    await expect(service.grpc.retireStation({ stationId: 'CP-1', idempotencyKey: '' })).rejects.toBeInstanceOf(OperatingError);
    expect(await get('CP-1')).toMatchObject({ lifecycle: Lifecycle.ACTIVE });
    // As the relay does once it looks for what nobody told.
    const told = (await streams.unpublished(10)).flatMap((commit) => commit.events);
    await context.log.append(DEVICE_TOPIC, 'CP-1', told);
    await until(async () => (await get('CP-1'))?.lifecycle === Lifecycle.RETIRED, 'the read model');
    expect((await access('CP-1'))[0]?.lifecycle).toBe(Lifecycle.RETIRED);
  });

  it('makes the read model of a commit whose instance died before it could', async () => {
    await register('CP-1', { name: 'there', withoutCredential: true });
    const stations = await context.store.collection<{ id: string }>('stations', (await import('./store/documents.js')).stationSchema);
    await stations.delete(['CP-1']);
    for (const close of closing.splice(0)) await close();
    const died: EventEnvelope = {
      id: context.ids.next(),
      type: 'voltlog.device.StationChanged.v1',
      source: '/device/dead',
      subject: 'station:CP-1',
      time: '',
      data: {},
    };
    await context.log.append(DEVICE_TOPIC, 'CP-1', [died]);
    service = await open(await openTestContext('device', context));
    await until(async () => (await stations.get('CP-1')) !== undefined, 'the read model is back');
    expect(await get('CP-1')).toMatchObject({ name: 'there' });
  });
});
