import { STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC, JOB_TOPIC } from '@voltlog/device-contract';
import { deviceRegistryV1, deviceV1 } from '@voltlog/proto';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from '../config.js';
import { createDevice, type Device } from '../device.js';

const { ImportOutcome } = deviceRegistryV1;

describe('the import of the registry', () => {
  let context: TestContext;
  let service: Device;

  beforeEach(async () => {
    context = await openTestContext('device');
    await context.log.ensureTopics([DEVICE_TOPIC, JOB_TOPIC, STATION_TOPIC].map((name) => ({ name, partitions: 1 })));
    service = await createDevice(context, deviceConfig.parse({ DEVICE_SCRYPT_N: '1024' }));
    await service.start();
  });
  afterEach(async () => {
    await service.stop();
    await context.close();
  });

  const site = (siteId: string, fields: object = {}) => ({ $case: 'site', value: { siteId, name: 'S', ...fields } });
  const station = (stationId: string, fields: object = {}) => ({ $case: 'station', value: { stationId, ...fields } });
  const run = async (records: readonly object[], options: object = {}) => {
    const request = { records: records.map((record, at) => ({ row: at + 1, record })), ...options };
    const { results } = await service.registryGrpc.importRecords(deviceRegistryV1.ImportRecordsRequest.fromPartial(request as never));
    return results.map(({ outcome, problem }) => problem || outcome.replace('IMPORT_OUTCOME_', ''));
  };
  const events = async (streamId: string) =>
    ((await context.store.streams.load([streamId])).get(streamId) ?? []).flatMap((commit) => commit.events);
  const evses = [{ evseId: 1, powerWMax: 22_000, connectors: [{ connectorId: 1, connectorType: 'sType2' }] }];
  const file = [
    site('depot', { city: 'Utrecht' }),
    station('A', { siteId: 'depot', name: 'Bay', evses, securityProfileMin: 2 }),
    station('B'),
  ];

  it('registers what is new and changes nothing the second time', async () => {
    expect(await run(file)).toEqual(['CREATED', 'CREATED', 'CREATED']);
    const before = (await events('station:A')).length;
    expect(await run(file)).toEqual(['UNCHANGED', 'UNCHANGED', 'UNCHANGED']);
    expect((await events('station:A')).length).toBe(before);
    const { station: a } = await service.grpc.getStation({ stationId: 'A' });
    expect(a).toMatchObject({
      siteId: 'depot',
      name: 'Bay',
      securityProfileMin: 2,
      hasCredential: false,
      evses: [{ evseId: 1, powerWMax: 22_000 }],
    });
  });

  it('changes what is told otherwise; EVSEs that are not told stay', async () => {
    await run(file);
    expect(await run([station('A', { siteId: 'depot', name: 'Bay 2' })])).toEqual(['CHANGED']);
    expect((await service.grpc.getStation({ stationId: 'A' })).station).toMatchObject({ name: 'Bay 2', evses: [{ evseId: 1 }] });
  });

  it('leaves what is not told as it is, and empties what is told to be empty', async () => {
    const place = { address: 'Dok 1', city: 'Utrecht', countryCode: 'NL', latitude: 52.1, longitude: 5.1, timeZone: 'Europe/Amsterdam' };
    await run([site('depot', place), station('A', { siteId: 'depot', name: 'Bay', evses })]);
    const bare = [{ $case: 'site', value: { siteId: 'depot' } }, station('A')];
    for (const dryRun of [true, false]) expect(await run(bare, { dryRun })).toEqual(['UNCHANGED', 'UNCHANGED']);
    expect((await service.grpc.getSite({ siteId: 'depot' })).site).toMatchObject({ name: 'S', ...place });
    expect((await service.grpc.getStation({ stationId: 'A' })).station).toMatchObject({ siteId: 'depot', name: 'Bay' });
    for (const dryRun of [true, false]) expect(await run([station('A', { name: '' })], { dryRun })).toEqual(['CHANGED']);
    expect((await service.grpc.getStation({ stationId: 'A' })).station).toMatchObject({ siteId: 'depot', name: '' });
  });

  it('says in a dry run what would be, and writes nothing', async () => {
    expect(
      await run([station('A', { siteId: 'coming' }), station('B', { siteId: 'nowhere' })], { dryRun: true, comingSiteIds: ['coming'] }),
    ).toEqual(['CREATED', 'there is no site nowhere in service']);
    expect(
      (await service.grpc.listStations({ pageSize: 0, pageToken: '', siteId: '', lifecycle: deviceV1.StationLifecycle.UNSPECIFIED }))
        .stations,
    ).toEqual([]);
  });

  it('tells what is wrong of each record, and does the others', async () => {
    await run([station('gone')]);
    await service.grpc.retireStation({ stationId: 'gone', idempotencyKey: '' });
    expect(
      await run([
        station('A b'),
        station('A', { evses: [{ evseId: 0, connectors: [] }] }),
        site('x', { latitude: 91 }),
        station('gone'),
        station('B', { password: 'short' }),
        station('C'),
        station('C'),
      ]),
    ).toEqual([
      expect.stringContaining('stationId must be'),
      expect.stringContaining('evse'),
      expect.stringContaining('latitude'),
      'the station is retired',
      expect.stringContaining('password must have'),
      'CREATED',
      'station C stands there twice',
    ]);
  });

  it('takes a station out of quarantine, and gives passwords to new ones alone', async () => {
    await service.repository.onStation('Q', { kind: 'QuarantineStation', stationId: 'Q', now: context.clock.now() }, 'q');
    await run([station('K', { password: 'a-password-of-its-own' })]);
    const hash = async (stationId: string) =>
      (await service.grpc.getStationAccess({ stationIds: [stationId], changedStationIds: [] })).stations[0]?.passwordHash;
    const kept = await hash('K');
    const request = { records: ['Q', 'K', 'N'].map((stationId, row) => ({ row, record: station(stationId) })), makePasswords: true };
    const { results } = await service.registryGrpc.importRecords(deviceRegistryV1.ImportRecordsRequest.fromPartial(request as never));
    expect(results.map(({ outcome, password }) => [outcome, password.length])).toEqual([
      [ImportOutcome.CHANGED, 20],
      [ImportOutcome.UNCHANGED, 0],
      [ImportOutcome.CREATED, 20],
    ]);
    expect(await hash('K')).toBe(kept);
    expect((await service.grpc.getStation({ stationId: 'Q' })).station?.lifecycle).toBe(deviceV1.StationLifecycle.ACTIVE);
  });
});
