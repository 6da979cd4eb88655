import { createHash, scryptSync } from 'node:crypto';
import { connect } from 'node:net';
import { deviceV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, World } from '../testing/harness.js';
import { basic, HandshakeRefused } from '../testing/test-station.js';
import { agreeVersion, basicCredentials, stationIdOf } from './handshake.js';

const { StationLifecycle } = deviceV1;
const salt = Buffer.from('salty');
const sha256 = (password: string) =>
  `sha256$${salt.toString('base64url')}$${createHash('sha256').update(salt).update(password).digest('base64url')}`;
const scrypted = (password: string) =>
  `scrypt$1024$${salt.toString('base64url')}$${scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 }).toString('base64url')}`;

describe('the station id of a path', () => {
  it.each([
    ['/ocpp/CP1', 'CP1'],
    ['/ocpp/CP1/', 'CP1'],
    ['/ocpp/CP1?token=x', 'CP1'],
    ['/ocpp/RDAM%7C123', 'RDAM|123'],
    ['/ocpp/a*b-c_d=e+f@g.h', 'a*b-c_d=e+f@g.h'],
    [`/ocpp/${'x'.repeat(48)}`, 'x'.repeat(48)],
  ])('%s is %s', (path, id) => expect(stationIdOf(path)).toBe(id));

  it.each([
    undefined,
    '/',
    '/ocpp',
    '/ocpp/',
    '/ocpp//CP1',
    '/ocpp/a/b',
    '/ocpp/..',
    '/ocpp/%2e%2e',
    '/ocpp/..%2fadmin',
    '/ocpp/%2e%2e%5cadmin',
    '/ocpp/a:b',
    '/ocpp/a%00b',
    '/ocpp/a%0d%0ab',
    '/ocpp/%E0%A4%A',
    '/ocpp/caf%C3%A9',
    '/ocpp/a%20b',
    '/OCPP/CP1',
    `/ocpp/${'x'.repeat(49)}`,
    `/ocpp/${'%78'.repeat(200)}`,
  ])('%s is none', (path) => expect(stationIdOf(path)).toBeUndefined());
});

describe('the subprotocol', () => {
  it.each([
    ['ocpp1.6', 'ocpp1.6'],
    ['ocpp1.6, ocpp2.0.1', 'ocpp2.0.1'],
    ['ocpp2.0.1,ocpp2.1,ocpp1.6', 'ocpp2.1'],
    ['ocpp2.0, ocpp1.6', 'ocpp1.6'],
    ['ocpp1.5', undefined],
    ['OCPP1.6', undefined],
    [undefined, undefined],
  ])('of the offer %s is %s', (offer, agreed) => expect(agreeVersion(offer)).toBe(agreed));
});

describe('basic credentials', () => {
  it('keep a colon in the password and any bytes', () => {
    expect(basicCredentials(basic('CP1', 'a:b'))).toEqual({ username: 'CP1', password: Buffer.from('a:b') });
    const bytes = Buffer.concat([Buffer.from('CP1:'), Buffer.from([0xff, 0x00])]).toString('base64');
    expect(basicCredentials(`basic ${bytes}`)).toEqual({ username: 'CP1', password: Buffer.from([0xff, 0x00]) });
  });
  it.each(['Bearer abc', 'Basic', 'Basic !!!', `Basic ${Buffer.from('nocolon').toString('base64')}`, `Basic ${'A'.repeat(2_000)}`])(
    '%s are malformed',
    (header) => expect(basicCredentials(header)).toBe('malformed'),
  );
});

describe('a handshake', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  const status = async (connecting: Promise<unknown>): Promise<number> => {
    const error = await connecting.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return 101;
    if (error instanceof HandshakeRefused) return error.status;
    throw error;
  };

  it('agrees on the newest version both know', async () => {
    await world.start();
    const station = await world.connect({ protocols: ['ocpp1.6', 'ocpp2.1', 'ocpp2.0.1'] });
    expect(station.socket.protocol).toBe('ocpp2.1');
  });

  it('without a known subprotocol is completed without one and closed at once (OCPP-J 1.6 §3.2)', async () => {
    await world.start();
    // A client of the ws library would refuse the answer itself; so by hand.
    const { port } = world.instances[0] ?? { port: 0 };
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      'GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.5\r\n\r\n',
    );
    socket.once('data', () => socket.end());
    await ended;
    const bytes = Buffer.concat(chunks);
    const head = bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'));
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head.toLowerCase()).not.toContain('sec-websocket-protocol');
    const frame = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
    expect([frame[0], frame.readUInt16BE(2)]).toEqual([0x88, 1002]);
  });

  it('of a plain GET is told to upgrade', async () => {
    const { port } = await world.start();
    expect((await fetch(`http://127.0.0.1:${port}/ocpp/CP1`)).status).toBe(426);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  });

  it.each(['/ocpp/..%2f..%2fetc', '/ocpp/a:b', '/other/CP1'])('on %s is answered 404', async (path) => {
    await world.start();
    expect(await status(world.connect({ path }))).toBe(404);
  });

  it.each([
    ['sha256', sha256],
    ['scrypt', scrypted],
  ])('on profile 1 with a %s hash takes the right password only', async (_kind, hash) => {
    await world.start({ OCPP_ALLOW_INSECURE: 'false' });
    world.device.register('SEC1', { passwordHash: hash('right-password-16') });
    expect(await status(world.connect({ stationId: 'SEC1', password: 'right-password-16' }))).toBe(101);
    expect(await status(world.connect({ stationId: 'SEC1', password: 'wrong-password-16' }))).toBe(401);
    expect(await status(world.connect({ stationId: 'SEC1' }))).toBe(401);
    expect(await status(world.connect({ stationId: 'SEC1', username: 'CP1', password: 'right-password-16' }))).toBe(401);
    expect(await status(world.connect({ stationId: 'SEC1', headers: { Authorization: 'Bearer x' } }))).toBe(401);
  });

  it('refused says how to authenticate', async () => {
    await world.start();
    world.device.register('SEC1', { passwordHash: sha256('right-password-16') });
    const error = await world.connect({ stationId: 'SEC1' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 401, headers: { 'www-authenticate': expect.stringContaining('Basic') } });
  });

  it('never falls back to profile 0 for a station that has a credential, though profile 0 is on', async () => {
    await world.start({ OCPP_ALLOW_INSECURE: 'true' });
    world.device.register('SEC1', { passwordHash: sha256('right-password-16') });
    expect(await status(world.connect({ stationId: 'SEC1' }))).toBe(401);
  });

  it('on profile 0 needs the switch', async () => {
    await world.start({ OCPP_ALLOW_INSECURE: 'false' });
    expect(await status(world.connect())).toBe(401);
  });

  it('slows guessing down, and still lets the station itself in', async () => {
    await world.start();
    world.device.register('SEC1', { passwordHash: sha256('right-password-16') });
    expect(await status(world.connect({ stationId: 'SEC1', password: 'right-password-16' }))).toBe(101);
    for (let i = 0; i < 10; i++) expect(await status(world.connect({ stationId: 'SEC1', password: `guess-${i}` }))).toBe(401);
    expect(await status(world.connect({ stationId: 'SEC1', password: 'guess-11' }))).toBe(429);
    expect(await status(world.connect({ stationId: 'SEC1', password: 'right-password-16' }))).toBe(101);
    world.skewMs += 61_000;
    expect(await status(world.connect({ stationId: 'SEC1', password: 'guess-12' }))).toBe(401);
  });

  it('of an unknown station is answered 404, and of one that is registered next is let in', async () => {
    await world.start();
    expect(await status(world.connect({ stationId: 'NEW' }))).toBe(404);
    world.device.register('NEW');
    world.skewMs += 2_001;
    expect(await status(world.connect({ stationId: 'NEW' }))).toBe(101);
  });

  it('of a retired station is answered 404 whatever the policy', async () => {
    await world.start({ UNKNOWN_STATIONS: 'accept' });
    world.device.register('OLD', { lifecycle: StationLifecycle.RETIRED });
    expect(await status(world.connect({ stationId: 'OLD' }))).toBe(404);
  });

  it('puts an unknown station in quarantine: Pending, and nothing is authorized', async () => {
    await world.start({ UNKNOWN_STATIONS: 'quarantine' });
    const station = await world.connect({ stationId: 'NEW' });
    expect(await station.ask('BootNotification', { chargePointVendor: 'A', chargePointModel: 'B' })).toMatchObject({ status: 'Pending' });
    expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Blocked' } });
    expect(world.authorization.asked).toEqual([]);
    expect(world.facts('voltlog.connection.StationConnected.v1')).toMatchObject([{ stationId: 'NEW', registered: false }]);
    expect(world.facts('voltlog.connection.IdTokenPresented.v1')).toMatchObject([{ authorization: { reason: 'StationQuarantined' } }]);
  });

  it.each(['ocpp2.0.1', 'ocpp2.1'])(
    'B02.FR.09: answers SecurityError to a %s station in quarantine, but to what was asked for; kWh are kept',
    async (version) => {
      await world.start({ UNKNOWN_STATIONS: 'quarantine' });
      const station = await world.connect({ stationId: 'NEW', protocols: [version] });
      station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: 'Accepted' }]);
      const timestamp = new Date(world.clock.now()).toISOString();
      const boot = { reason: 'PowerUp', chargingStation: { vendorName: 'A', model: 'B' } };
      const status = { timestamp, connectorStatus: 'Available', evseId: 1, connectorId: 1 };
      const began = {
        eventType: 'Started',
        timestamp,
        triggerReason: 'CablePluggedIn',
        seqNo: 0,
        transactionInfo: { transactionId: 'tx-1' },
        evse: { id: 1 },
      };
      expect(await station.ask('BootNotification', boot)).toMatchObject({ status: 'Pending' });
      for (const [action, payload] of [
        ['StatusNotification', status],
        ['StatusNotification', { nonsense: true }],
        ['TransactionEvent', began],
        ['Heartbeat', {}],
        ['Dance', {}],
      ] as const)
        expect((await station.call(action, payload))[2]).toBe('SecurityError');
      expect(world.facts('voltlog.connection.TransactionStarted.v1')).toMatchObject([{ transactionId: 'tx-1' }]);
      expect(world.facts('voltlog.connection.ConnectorStatusReported.v1')).toHaveLength(1);

      const trigger = { requestedMessage: 'StatusNotification', evseId: 0, connectorId: 0 };
      await world.command('NEW', { $case: 'triggerMessage', value: trigger });
      expect(await station.ask('StatusNotification', status)).toEqual({});
      const again = JSON.stringify([2, 'again', 'TransactionEvent', began]);
      station.socket.send(again);
      const answers = () => station.received.filter((frame) => frame[1] === 'again');
      await eventually(() => answers().length === 1, 'the answer');
      expect(answers()[0]?.[2]).toBe('SecurityError');

      world.device.register('NEW');
      await world.deviceChanged('NEW');
      await expect.poll(async () => (await station.ask('BootNotification', boot))['status'], { timeout: 5_000 }).toBe('Accepted');
      expect(await station.ask('TransactionEvent', began)).toEqual({});
      expect(await station.ask('Heartbeat', {})).toHaveProperty('currentTime');
    },
  );

  it('accepts an unknown station by policy; without profile 0 it must show credentials in its own name', async () => {
    await world.start({ UNKNOWN_STATIONS: 'accept', OCPP_ALLOW_INSECURE: 'false' });
    expect(await status(world.connect({ stationId: 'NEW' }))).toBe(401);
    expect(await status(world.connect({ stationId: 'NEW', username: 'OTHER', password: 'whatever-password' }))).toBe(401);
    const station = await world.connect({ stationId: 'NEW', password: 'whatever-password' });
    expect(await station.ask('BootNotification', { chargePointVendor: 'A', chargePointModel: 'B' })).toMatchObject({ status: 'Accepted' });
  });

  it('while the device service is away: what is cached stands, an uncached station comes back later', async () => {
    await world.start();
    expect(await status(world.connect())).toBe(101);
    world.device.away = true;
    world.skewMs += 3_600_000;
    expect(await status(world.connect())).toBe(101);
    const error = await world.connect({ stationId: 'CP2' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
  });

  it('asks the device service once for many stations that come together', async () => {
    await world.start();
    for (let i = 0; i < 40; i++) world.device.register(`S${i}`);
    world.device.hold();
    const connecting = Promise.all(Array.from({ length: 40 }, (_, i) => world.connect({ stationId: `S${i}` })));
    await expect.poll(() => world.instances[0]?.gauges.get('voltlog_handshakes')?.()).toBe(40);
    world.device.release();
    await connecting;
    expect(world.device.calls).toBeLessThan(4);
  });

  it('forgets what it knew when the device service says that it changed', async () => {
    await world.start();
    await world.connect();
    world.device.register('CP1', { passwordHash: sha256('right-password-16') });
    await world.deviceChanged('CP1');
    await expect.poll(() => status(world.connect()), { timeout: 5_000 }).toBe(401);
  });

  it('of a station in quarantine is over once it is accepted: no new connection is needed', async () => {
    await world.start({ UNKNOWN_STATIONS: 'quarantine' });
    const station = await world.connect({ stationId: 'NEW' });
    expect(await station.ask('BootNotification', { chargePointVendor: 'A', chargePointModel: 'B' })).toMatchObject({ status: 'Pending' });
    world.device.register('NEW');
    await world.deviceChanged('NEW');
    const status = async () => (await station.ask('BootNotification', { chargePointVendor: 'A', chargePointModel: 'B' }))['status'];
    await expect.poll(status, { timeout: 5_000 }).toBe('Accepted');
    expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Accepted' } });
  });

  it('is undone when the station is retired', async () => {
    await world.start();
    const station = await world.connect();
    world.device.register('CP1', { lifecycle: StationLifecycle.RETIRED });
    await world.deviceChanged('CP1');
    expect(await station.closing()).toMatchObject({ code: 1008 });
    await expect(world.connect()).rejects.toMatchObject({ status: 404 });
  });

  it('over the limit of handshakes is told when to come back', async () => {
    await world.start({ HANDSHAKES_MAX: '1' });
    world.device.hold();
    world.device.register('CP2');
    const first = status(world.connect());
    await expect.poll(() => world.device.calls).toBe(1);
    expect(await status(world.connect({ stationId: 'CP2' }))).toBe(503);
    world.device.release();
    expect(await first).toBe(101);
  });
});
