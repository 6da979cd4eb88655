import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, World } from '../testing/harness.js';

const boot = { chargePointVendor: 'A', chargePointModel: 'B' };

describe('presence', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  const connection = async (stationId = 'CP1', instance = world.instances[0]) =>
    (await world.rpc(instance).getConnection({ stationId })).connection;

  it('knows a station from its handshake to its end', async () => {
    await world.start();
    expect(await connection()).toMatchObject({ connected: false });
    const station = await world.connect();
    await station.ask('Heartbeat', {});
    expect(await connection()).toMatchObject({
      connected: true,
      ocppVersion: 'ocpp1.6',
      instanceId: 'connection-1',
      securityProfile: 0,
      remoteAddress: expect.stringContaining('127.0.0.1'),
    });
    expect(await eventually(() => world.facts('voltlog.connection.StationConnected.v1')[0], 'the fact')).toMatchObject({
      epoch: 1,
      registered: true,
      instanceId: 'connection-1',
    });
    await station.close();
    await eventually(() => world.facts('voltlog.connection.StationDisconnected.v1')[0], 'the fact');
    expect(await connection()).toMatchObject({ connected: false });
    await world.connect();
    expect(await eventually(() => world.facts('voltlog.connection.StationConnected.v1')[1], 'the fact')).toMatchObject({ epoch: 2 });
  });

  it('of a second socket: the newer wins, the older is closed, its end changes nothing', async () => {
    await world.start();
    const older = await world.connect();
    await older.ask('BootNotification', boot);
    const newer = await world.connect();
    expect(await older.closing()).toMatchObject({ code: 4001 });
    expect(await newer.ask('BootNotification', boot)).toMatchObject({ status: 'Accepted' });
    expect(await connection()).toMatchObject({ connected: true, epoch: 2 });
    const order = world.log.appended.map((event) => event.type.split('.')[2]);
    expect(order).toEqual(['StationConnected', 'StationBooted', 'StationDisconnected', 'StationConnected', 'StationBooted']);
  });

  it('of a socket on another instance: the older instance is fenced', async () => {
    await world.start();
    const second = await world.start();
    const older = await world.connect();
    await older.ask('BootNotification', boot);
    const newer = await world.connect({ port: second.port });
    expect(await older.closing()).toMatchObject({ code: 4001 });
    await newer.ask('BootNotification', boot);
    await eventually(() => world.facts('voltlog.connection.StationDisconnected.v1').length === 1, 'the fact');
    for (const instance of world.instances)
      expect(await connection('CP1', instance)).toMatchObject({ connected: true, instanceId: 'connection-2', epoch: 2 });
  });

  it('of an older epoch cannot fence a newer socket', async () => {
    await world.start();
    const station = await world.connect();
    await station.ask('BootNotification', boot);
    expect(world.instances[0]?.runtime.stations.fence('CP1', 1)).toBe(false);
    expect(station.closed).toBeUndefined();
    expect(world.instances[0]?.runtime.stations.fence('CP1', 2)).toBe(true);
  });

  it('of a socket that was overtaken while its own claim was under way: it is closed once that is done', async () => {
    await world.start();
    world.store.away = true;
    const station = await world.connect();
    await station.ask('BootNotification', boot);
    expect(world.instances[0]?.runtime.stations.fence('CP1', 5)).toBe(false);
    world.store.away = false;
    expect(await eventually(() => station.closed, 'the socket to close', 10_000)).toMatchObject({ code: 4001 });
  });

  it('of a socket whose instance could not be told: it finds out itself', async () => {
    const patient = { DEAD_SECONDS: '7200', PING_SECONDS: '3600' };
    await world.start({ ...patient, GRPC_ADVERTISE: '127.0.0.1:1' });
    const second = await world.start(patient);
    const older = await world.connect();
    await older.ask('BootNotification', boot);
    const newer = await world.connect({ port: second.port });
    await newer.ask('BootNotification', boot);
    world.skewMs += 301_000;
    expect(await older.closing()).toMatchObject({ code: 4001 });
    expect(newer.closed).toBeUndefined();
  });

  it('lets any instance deliver a command, and any instance show the frames', async () => {
    await world.start();
    const second = await world.start();
    const station = await world.connect();
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: 'Accepted' }]);
    await station.ask('BootNotification', boot);
    expect(await world.command('CP1', { $case: 'clearCache', value: {} }, { instance: second })).toMatchObject({
      status: 'COMMAND_STATUS_ACCEPTED',
    });
    await expect(
      world.command('CP1', { $case: 'rawCall', value: { action: 'Dance', payloadJson: '' } }, { instance: second }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const { frames } = await world.rpc(second).listFrames({ stationId: 'CP1', pageSize: 10, pageToken: '' });
    expect(frames.map((frame) => JSON.parse(frame.text)[0])).toEqual([3, 2, 3, 2]);
  });

  it('forgets what an instance held that died', async () => {
    await world.start();
    const second = await world.start();
    const station = await world.connect({ port: second.port });
    await station.ask('BootNotification', boot);
    expect(await connection()).toMatchObject({ connected: true, instanceId: 'connection-2' });
    second.runtime.die();
    world.skewMs += 16_000;
    expect(await connection()).toMatchObject({ connected: false });
    expect(await world.command('CP1', { $case: 'clearCache', value: {} })).toMatchObject({ status: 'COMMAND_STATUS_OFFLINE' });
    expect((await world.rpc().listConnections({ pageSize: 10, pageToken: '', stationIds: [] })).total).toBe(0);
  });

  it('of an instance that died: a command for its station is told as offline at once, for nothing was sent', async () => {
    await world.start();
    const second = await world.start();
    const station = await world.connect({ port: second.port });
    await station.ask('BootNotification', boot);
    second.runtime.die();
    await second.rpc.close();
    expect(await world.command('CP1', { $case: 'clearCache', value: {} })).toMatchObject({ status: 'COMMAND_STATUS_OFFLINE' });
  });

  it('of an instance that died and whose successor has its address: it holds nothing any more', async () => {
    const first = await world.start({ GRPC_ADVERTISE: '127.0.0.1:1' });
    const station = await world.connect();
    await station.ask('BootNotification', boot);
    expect(await connection()).toMatchObject({ connected: true });
    first.runtime.die();
    const second = await world.start({ GRPC_ADVERTISE: '127.0.0.1:1' });
    expect((await world.rpc(second).getConnection({ stationId: 'CP1' })).connection).toMatchObject({ connected: false });
    expect(await world.command('CP1', { $case: 'clearCache', value: {} }, { instance: second })).toMatchObject({
      status: 'COMMAND_STATUS_OFFLINE',
    });
  });

  it('of a station that comes while the store is away is claimed later; the station is served meanwhile', async () => {
    await world.start();
    world.store.away = true;
    const station = await world.connect();
    expect(await station.ask('BootNotification', boot)).toMatchObject({ status: 'Accepted' });
    expect(await connection()).toMatchObject({ connected: true, epoch: 0 });
    world.store.away = false;
    expect(await eventually(() => world.facts('voltlog.connection.StationConnected.v1')[0], 'the claim', 10_000)).toMatchObject({
      epoch: 1,
    });
    expect(station.closed).toBeUndefined();
  });

  it('of two sockets that came while the store was away: the newer wins, whichever is claimed first', async () => {
    const first = await world.start();
    const second = await world.start();
    for (const instance of [first, second]) instance.store.away = true;
    const older = await world.connect({ port: first.port });
    await older.ask('BootNotification', boot);
    world.skewMs += 1_000;
    const newer = await world.connect({ port: second.port });
    await newer.ask('BootNotification', boot);
    second.store.away = false;
    await eventually(() => world.facts('voltlog.connection.StationConnected.v1')[0], 'the newer claim', 10_000);
    first.store.away = false;
    expect(await eventually(() => older.closed, 'the older socket to close', 10_000)).toMatchObject({ code: 4001 });
    expect(newer.closed).toBeUndefined();
    expect(await connection()).toMatchObject({ connected: true, instanceId: second.instanceId, epoch: 1 });
    expect(world.facts('voltlog.connection.StationConnected.v1')).toHaveLength(1);
  });

  it('of a socket that is claimed late wins over an older one of another instance', async () => {
    const first = await world.start();
    const second = await world.start();
    const older = await world.connect({ port: first.port });
    await older.ask('BootNotification', boot);
    world.skewMs += 1_000;
    second.store.away = true;
    const newer = await world.connect({ port: second.port });
    await newer.ask('BootNotification', boot);
    second.store.away = false;
    expect(await eventually(() => older.closed, 'the older socket to close', 10_000)).toMatchObject({ code: 4001 });
    expect(await connection()).toMatchObject({ connected: true, instanceId: second.instanceId, epoch: 2 });
  });

  it('tells other instances now and then when a station was last heard', async () => {
    await world.start({ DEAD_SECONDS: '7200', PING_SECONDS: '3600' });
    const second = await world.start();
    const station = await world.connect();
    await station.ask('BootNotification', boot);
    world.skewMs += 301_000;
    await station.ask('Heartbeat', {});
    await expect
      .poll(
        async () => {
          const shown = await connection('CP1', second);
          return Date.parse(shown?.lastSeenAt ?? '') - Date.parse(shown?.connectedAt ?? '');
        },
        { timeout: 5_000 },
      )
      .toBeGreaterThan(300_000);
  });

  it('lists pages of what is connected, or exactly the stations asked for', async () => {
    await world.start();
    const ids = ['S1', 'S2', 'S3', 'S4', 'S5'];
    for (const id of ids) {
      world.device.register(id);
      await (await world.connect({ stationId: id })).ask('BootNotification', boot);
    }
    const first = await world.rpc().listConnections({ pageSize: 3, pageToken: '', stationIds: [] });
    expect([first.connections.map((one) => one.stationId), first.total]).toEqual([['S1', 'S2', 'S3'], 5]);
    const rest = await world.rpc().listConnections({ pageSize: 3, pageToken: first.nextPageToken, stationIds: [] });
    expect([rest.connections.map((one) => one.stationId), rest.nextPageToken]).toEqual([['S4', 'S5'], '']);
    const asked = await world.rpc().listConnections({ pageSize: 0, pageToken: '', stationIds: ['S4', 'nobody', 'S1'] });
    expect(asked.connections.map((one) => [one.stationId, one.connected])).toEqual([
      ['S4', true],
      ['nobody', false],
      ['S1', true],
    ]);
  });
});

describe('a drain', () => {
  it('answers the call in work, closes 1012, refuses newcomers and says that it is not ready', async () => {
    const world = await World.open();
    const instance = await world.start({ OCPP_DRAIN_SECONDS: '3' });
    for (const id of ['CP2', 'CP3', 'CP4']) world.device.register(id);
    const busy = await world.connect();
    await busy.ask('BootNotification', boot);
    const idle = await Promise.all(['CP2', 'CP3', 'CP4'].map((stationId) => world.connect({ stationId })));
    for (const station of idle) await station.ask('BootNotification', boot);
    world.log.hold();
    const answer = busy.call('StopTransaction', { transactionId: 1, meterStop: 2, timestamp: '2026-01-02T03:04:05Z' });
    await eventually(() => world.log.waiting === 1, 'the append');
    const drained = instance.runtime.drain();
    await expect(instance.readiness.get('draining')?.()).rejects.toThrow();
    await expect(world.connect({ stationId: 'CP2' })).rejects.toThrow();
    for (const station of idle) expect(await station.closing()).toMatchObject({ code: 1012 });
    expect(busy.closed).toBeUndefined();
    world.log.release();
    expect((await answer)[0]).toBe(3);
    expect(await busy.closing()).toMatchObject({ code: 1012 });
    await drained;
    expect(world.facts('voltlog.connection.StationDisconnected.v1')).toHaveLength(4);
    await world.close();
  });

  it('does not wait for ever for a log that is away', async () => {
    const world = await World.open();
    const instance = await world.start({ OCPP_DRAIN_SECONDS: '0' });
    const station = await world.connect();
    await station.ask('BootNotification', boot);
    world.log.hold();
    const answer = station.call('StopTransaction', { transactionId: 1, meterStop: 2, timestamp: '2026-01-02T03:04:05Z' });
    answer.catch(() => {});
    await eventually(() => world.log.waiting === 1, 'the append');
    const drained = instance.runtime.drain();
    expect(await station.closing()).toMatchObject({ code: 1012 });
    world.log.release();
    await drained;
    await world.close();
  });
});
