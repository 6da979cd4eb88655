import { request } from 'node:http';
import { SoapFault } from '@voltlog/ocpp-v16-soap';
import { connectionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, World } from '../testing/harness.js';
import { sha256Of } from '../testing/passwords.js';
import { SoapTestStation } from '../testing/soap-test-station.js';

const { CommandStatus } = connectionV1;
const { FROM_STATION, TO_STATION } = connectionV1.FrameDirection;
const PASSWORD = 'a-password-of-size-24---';
const BOOT = { chargePointVendor: 'V', chargePointModel: 'M' };
const AT = '2026-01-01T00:00:00.000Z';

let world: World;
let station: SoapTestStation;
const open: SoapTestStation[] = [];
const stationOf = async (stationId: string, more: { password?: string; edition?: '1.5' | '1.2' } = {}) => {
  const one = await SoapTestStation.open({ port: world.instances[0]?.port ?? 0, stationId, ...more });
  open.push(one);
  return one;
};
const connection = async (instance = world.instances[0]) => (await world.rpc(instance).getConnection({ stationId: 'CP1' })).connection;
const connected = () => world.facts('voltlog.connection.StationConnected.v1');
const disconnected = () => world.facts('voltlog.connection.StationDisconnected.v1');

beforeEach(async () => {
  world = await World.open();
  await world.start();
  station = await stationOf('CP1');
});
afterEach(async () => {
  await world.close();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe('a station that speaks SOAP', () => {
  it('boots, authorizes and charges, into the same facts as over JSON', async () => {
    expect(await station.ask('BootNotification', BOOT)).toMatchObject({ status: 'Accepted', interval: 300 });
    expect(await station.ask('Authorize', { idTag: 'TAG' })).toEqual({ idTagInfo: { status: 'Accepted' } });
    const started = await station.ask('StartTransaction', { connectorId: 1, idTag: 'TAG', timestamp: AT, meterStart: 100 });
    expect(started).toMatchObject({ idTagInfo: { status: 'Accepted' } });
    const transactionId = Number(started['transactionId']);
    await station.ask('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: AT, sampledValue: [{ value: '1.1', unit: 'kWh' }] }],
    });
    await station.ask('StopTransaction', { transactionId, timestamp: AT, meterStop: 1_200, idTag: 'TAG' });
    expect(world.facts('voltlog.connection.StationBooted.v1')[0]).toMatchObject({ stationId: 'CP1', ocppVersion: 'ocpp1.6', vendor: 'V' });
    expect(world.facts('voltlog.connection.TransactionStarted.v1')[0]).toMatchObject({
      transactionId: String(transactionId),
      meterStartWh: 100,
      raw: { connectorId: 1, idTag: 'TAG', timestamp: AT, meterStart: 100 },
    });
    expect(world.facts('voltlog.connection.MeterValuesReported.v1')[0]).toMatchObject({
      meterValues: [{ samples: [{ value: 1_100, unit: 'Wh' }] }],
    });
    expect(world.facts('voltlog.connection.TransactionEnded.v1')[0]).toMatchObject({ meterStopWh: 1_200 });
    await expect.poll(connected).toEqual([expect.objectContaining({ epoch: 1, securityProfile: 0, registered: true, dialect: '1.6S' })]);
    expect(await connection()).toMatchObject({ connected: true, ocppVersion: 'ocpp1.6', dialect: '1.6S', instanceId: '', epoch: 1 });
    expect(await world.rpc().listConnections({ stationIds: [], pageSize: 10, pageToken: '' })).toMatchObject({ total: 1 });
  });

  it('whose clock is slow counts as offline until that is known, and after a pause again for what it kept', async () => {
    let meter = 0;
    const BEHIND_MS = 600_000;
    /** A start, so long ago. */
    const start = async (agoMs: number) => {
      const timestamp = new Date(world.clock.now() - BEHIND_MS - agoMs).toISOString();
      await station.ask('StartTransaction', { connectorId: 1, idTag: 'TAG', timestamp, meterStart: (meter += 1) });
      return world.facts('voltlog.connection.TransactionStarted.v1').at(-1)?.offline;
    };
    await station.ask('BootNotification', BOOT);
    expect(await start(0)).toBe(true);
    for (let i = 0; i < 3; i += 1) {
      world.skewMs += 300_000;
      await station.ask('Heartbeat', {});
    }
    // It was heard for longer than its clock is behind: what it says now was not kept.
    expect(await start(0)).toBe(false);
    expect(await start(0)).toBe(false);
    // No heartbeat for too long: it may have kept what happened meanwhile, and its clock is known.
    world.skewMs += 400_000;
    expect(await start(100_000)).toBe(true);
    expect(await start(0)).toBe(false);
  });

  it('is answered only after its facts are on the log; 503 without a fault when that takes too long', async () => {
    await world.instances[0]?.runtime.drain();
    const { port } = await world.start({ LOG_WAIT_SECONDS: '1' });
    station.port = port;
    await station.ask('BootNotification', BOOT);
    world.log.away = true;
    const text = station.envelope('StartTransaction', { connectorId: 1, idTag: 'TAG', timestamp: AT, meterStart: 100 });
    expect(await station.post(text)).toMatchObject({ status: 503, text: '', headers: { 'retry-after': '5' } });
    // A heartbeat waits for nothing.
    expect(await station.ask('Heartbeat', {})).toHaveProperty('currentTime');
    world.log.away = false;
    expect(await station.post(text)).toMatchObject({ status: 200 });
    expect(world.facts('voltlog.connection.TransactionStarted.v1')).toHaveLength(1);
  });

  it('gets its answer again when it repeats its last request', async () => {
    const text = station.envelope('Authorize', { idTag: 'TAG' });
    const first = await station.post(text);
    expect((await station.post(text)).text).toBe(first.text);
    expect(world.facts('voltlog.connection.IdTokenPresented.v1')).toHaveLength(1);
  });

  it('is served one request at a time, in the order they came', async () => {
    await station.ask('Heartbeat', {});
    world.log.hold();
    const first = station.ask('Authorize', { idTag: 'ONE' });
    await eventually(() => world.log.waiting === 1, 'the first to wait');
    const second = station.ask('Authorize', { idTag: 'TWO' });
    await station.ask('Heartbeat', {});
    expect(world.log.waiting).toBe(1);
    world.log.release();
    await Promise.all([first, second]);
    expect(world.facts('voltlog.connection.IdTokenPresented.v1').map(({ idToken }) => idToken.idToken)).toEqual(['ONE', 'TWO']);
  });

  it('is asked to come back while much of it waits, though it does not wait for the answers', async () => {
    await station.ask('Heartbeat', {});
    const inWork = world.instances[0]?.gauges.get('voltlog_soap_requests_in_work');
    world.log.hold();
    const left = Array.from({ length: 16 }, (_, n) => {
      const sent = request({ port: world.instances[0]?.port, path: '/ocpp/soap', method: 'POST', agent: false });
      sent.on('error', () => {});
      sent.end(station.envelope('Authorize', { idTag: `TAG-${n}` }));
      return sent;
    });
    await expect.poll(() => inWork?.()).toBe(16);
    await eventually(() => world.log.waiting === 1, 'the first to wait');
    for (const sent of left) sent.destroy();
    await expect.poll(() => inWork?.()).toBe(0);
    expect(await station.post(station.envelope('Authorize', { idTag: 'TAG' }))).toMatchObject({ status: 503 });
    world.log.release();
    await expect.poll(async () => (await station.post(station.envelope('Authorize', { idTag: 'TAG' }))).status).toBe(200);
  });

  it('what breaks its schema is a fault, and no fact', async () => {
    await expect(station.ask('Authorize', { idTag: 'x'.repeat(21) })).rejects.toMatchObject({
      subcode: 'ProtocolError',
      message: expect.stringContaining('/idTag: breaks maxLength'),
    });
    await expect(station.ask('Authorize', {})).rejects.toMatchObject({ message: expect.stringContaining('lacks idTag') });
    expect(world.facts('voltlog.connection.IdTokenPresented.v1')).toHaveLength(0);
  });

  it.each(['1.5', '1.2'] as const)('speaks %s too', async (edition) => {
    world.device.register('OLD');
    const old = await stationOf('OLD', { edition });
    expect(await old.ask('BootNotification', BOOT)).toMatchObject({ status: 'Accepted', interval: 300 });
    await expect.poll(() => connected().at(-1)).toMatchObject({ stationId: 'OLD', dialect: `${edition}S` });
    const sent = await world.command('OLD', { $case: 'reset', value: { type: connectionV1.ResetType.IMMEDIATE, evseId: 0 } });
    expect(sent.status).toBe(CommandStatus.ACCEPTED);
    expect(old.received[0]).toMatchObject({ action: 'Reset', edition, payload: { type: 'Hard' } });
  });
});

describe('who may speak SOAP', () => {
  it('a station with a password must show it: profile 1', async () => {
    world.device.register('SECURE', { passwordHash: sha256Of(PASSWORD) });
    const none = await stationOf('SECURE');
    const answer = await none.post(none.envelope('Heartbeat', {}));
    expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': expect.stringContaining('Basic') } });
    expect(answer.text).toContain('<s:Value>o:SecurityError</s:Value>');
    const wrong = await stationOf('SECURE', { password: 'wrong' });
    await expect(wrong.ask('Heartbeat', {})).rejects.toMatchObject({ subcode: 'SecurityError' });
    expect(connected()).toHaveLength(0);
    const right = await stationOf('SECURE', { password: PASSWORD });
    await right.ask('Heartbeat', {});
    await expect.poll(connected).toEqual([expect.objectContaining({ stationId: 'SECURE', securityProfile: 1 })]);
  });

  it('an unknown one is refused as an IdentityMismatch', async () => {
    const unknown = await stationOf('NOBODY');
    expect(await unknown.post(unknown.envelope('Heartbeat', {}))).toMatchObject({ status: 404 });
    await expect(unknown.ask('Heartbeat', {})).rejects.toMatchObject({ subcode: 'IdentityMismatch', code: 'Sender' });
  });

  it('an unknown one is let into quarantine where that is the policy', async () => {
    const { port } = await world.start({ UNKNOWN_STATIONS: 'quarantine' });
    const unknown = await stationOf('NOBODY');
    unknown.port = port;
    expect(await unknown.ask('BootNotification', BOOT)).toMatchObject({ status: 'Pending' });
    expect(await unknown.ask('Authorize', { idTag: 'TAG' })).toMatchObject({ idTagInfo: { status: 'Blocked' } });
    await expect.poll(connected).toEqual([expect.objectContaining({ registered: false })]);
  });

  it.each(['Pending', 'Rejected'])('one whose boot is answered %s is not authorized by another instance either', async (bootStatus) => {
    world.device.register('CP1', { bootStatus });
    expect(await station.ask('BootNotification', BOOT)).toMatchObject({ status: bootStatus });
    station.port = (await world.start()).port;
    expect(await station.ask('Authorize', { idTag: 'TAG' })).not.toMatchObject({ idTagInfo: { status: 'Accepted' } });
    world.device.register('CP1');
    station.port = (await world.start()).port;
    expect(await station.ask('Authorize', { idTag: 'TAG' })).toMatchObject({ idTagInfo: { status: 'Accepted' } });
  });

  it('one that was retired has gone with its next request', async () => {
    await station.ask('Heartbeat', {});
    world.device.stations.delete('CP1');
    await world.deviceChanged('CP1');
    await expect.poll(async () => (await station.post(station.envelope('Heartbeat', {}))).status).toBe(404);
    await expect.poll(async () => (await connection())?.connected).toBe(false);
    await expect.poll(disconnected).toEqual([expect.objectContaining({ stationId: 'CP1', epoch: 1 })]);
  });

  it('a URL of another station is an UrlMismatch, its own is fine', async () => {
    world.device.register('CP2');
    const text = station.envelope('Heartbeat', {});
    expect((await station.post(text, { path: '/ocpp/soap/CP2' })).text).toContain('o:UrlMismatch');
    expect(await station.post(text, { path: '/ocpp/soap/CP1/' })).toMatchObject({ status: 200 });
    expect(await station.post(text, { path: '/Ocpp/CentralSystemService' })).toMatchObject({ status: 200 });
  });
});

describe('what is not even a message', () => {
  it.each<[string, number, Parameters<SoapTestStation['post']>[1], string | Buffer]>([
    ['GET', 405, { method: 'GET' }, ''],
    ['another path', 404, { path: '/soap' }, 'x'],
    ['JSON', 415, { headers: { 'Content-Type': 'application/json' } }, '{}'],
    ['a compressed body', 415, { headers: { 'Content-Encoding': 'gzip' } }, 'x'],
    ['UTF-16', 415, { headers: { 'Content-Type': 'application/soap+xml; charset=utf-16' } }, 'x'],
    ['no UTF-8', 400, {}, Buffer.from([0x3c, 0xff, 0xfe])],
    ['no XML', 400, {}, 'hello'],
    ['SOAP 1.1', 500, {}, '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><a/></e:Body></e:Envelope>'],
  ])('%s is answered %d', async (_, status, options, body) => {
    const answer = await station.post(body, options);
    expect(answer.status).toBe(status);
    if (![404, 405].includes(status)) expect(answer.text).toContain('<s:Fault>');
  });

  it('an envelope over the limit is refused, said or not said how long; one at it is read', async () => {
    const limit = 4 * 262_144;
    const padded = (length: number) => {
      const text = station.envelope('Heartbeat', {});
      return text + ' '.repeat(length - Buffer.byteLength(text));
    };
    expect(await station.post(padded(limit))).toMatchObject({ status: 200 });
    expect(await station.post(padded(limit + 1))).toMatchObject({ status: 413 });
    expect(await station.post(padded(limit + 1), { headers: { 'Transfer-Encoding': 'chunked' } })).toMatchObject({ status: 413 });
  });

  it.each(['text/xml; charset=UTF-8', 'application/xml', 'application/soap+xml; charset=iso-8859-1'])(
    'tolerated: the content type %s',
    async (type) => {
      expect(await station.post(station.envelope('Heartbeat', {}), { headers: { 'Content-Type': type } })).toMatchObject({ status: 200 });
    },
  );
});

describe('commands over SOAP', () => {
  const reset = (instance = world.instances[0], timeoutMs = 5_000) =>
    world.command(
      'CP1',
      { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE, evseId: 0 } },
      { ...(instance && { instance }), timeoutMs },
    );

  it('reach the address of the From header, and are facts like any', async () => {
    await station.ask('BootNotification', BOOT);
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED, stationStatus: 'Accepted', action: 'Reset' });
    expect(station.received).toEqual([expect.objectContaining({ action: 'Reset', chargeBoxIdentity: 'CP1', payload: { type: 'Soft' } })]);
    expect(station.received[0]?.addressing).toMatchObject({
      action: '/Reset',
      messageId: expect.stringMatching(/^urn:uuid:/),
      to: station.url,
    });
    expect(await eventually(() => world.facts('voltlog.connection.CommandAnswered.v1')[0], 'the fact')).toMatchObject({
      action: 'Reset',
      status: 'Accepted',
    });
  });

  it('come from any instance, and from one that was started anew', async () => {
    await station.ask('BootNotification', BOOT);
    const second = await world.start();
    expect(await reset(second)).toMatchObject({ status: CommandStatus.ACCEPTED });
    await world.instances[0]?.runtime.drain();
    const third = await world.start();
    expect(await connection(third)).toMatchObject({ connected: true, epoch: 1, dialect: '1.6S' });
    expect(await reset(third)).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(connected()).toHaveLength(1);
    expect(disconnected()).toHaveLength(0);
  });

  it('follow the station to another address, on whatever instance it said so', async () => {
    await station.ask('BootNotification', BOOT);
    await reset();
    const moved = await stationOf('CP1');
    moved.port = (await world.start()).port;
    await moved.ask('Heartbeat', {});
    await reset();
    expect(moved.received).toHaveLength(1);
    expect(connected()).toHaveLength(1);
  });

  it('do not follow a request that came too fast', async () => {
    station.port = (await world.start({ CALLS_PER_SECOND_MAX: '1' })).port;
    await station.ask('Heartbeat', {});
    for (let n = 0; n < 30; n++) await station.post(station.envelope('Heartbeat', {}));
    const moved = await stationOf('CP1');
    moved.port = world.instances[1]?.port ?? 0;
    expect(await moved.post(moved.envelope('Heartbeat', {}))).toMatchObject({ status: 503 });
    await reset(world.instances[1]);
    expect(moved.received).toHaveLength(0);
    expect(station.received).toHaveLength(1);
  });

  it('are Offline where the station told no address, or one that is not its own', async () => {
    await station.ask('Heartbeat', {}, '');
    expect(await reset()).toMatchObject({ status: CommandStatus.OFFLINE, reason: 'the station told no address that it may be called at' });
    await station.ask('Heartbeat', {}, 'http://10.0.0.1/admin');
    expect(await reset()).toMatchObject({ status: CommandStatus.OFFLINE });
    const { port } = await world.start({ OCPP_SOAP_CALLBACK_HOSTS: '10.0.0.0/8, 127.0.0.1' });
    station.port = port;
    await station.ask('Heartbeat', {});
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
  });

  it('are Offline where nobody listens, after tries while there is time', async () => {
    await station.ask('Heartbeat', {});
    await station.close();
    expect(await reset(undefined, 1_200)).toMatchObject({
      status: CommandStatus.OFFLINE,
      reason: expect.stringMatching(/^the station could not be reached: ECONNREFUSED at 127\.0\.0\.1:\d+$/),
    });
  });

  it('are TimedOut where it took the command and did not answer: not sent twice, unless they only read', async () => {
    await station.ask('Heartbeat', {});
    station.onCall = () => undefined;
    expect(await reset()).toMatchObject({ status: CommandStatus.TIMED_OUT });
    expect(station.received).toHaveLength(1);
    let asked = 0;
    station.onCall = () => (++asked === 1 ? undefined : { configurationKey: [{ key: 'K', readonly: true, value: 'v' }] });
    const read = await world.command('CP1', { $case: 'rawCall', value: { action: 'GetConfiguration', payloadJson: '{"key":["K"]}' } });
    expect(read).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(JSON.parse(read.responseJson)).toEqual({ configurationKey: [{ key: 'K', readonly: true, value: 'v' }] });
    expect(asked).toBe(2);
  });

  it('a fault is the station refusing, NotSupported where it says so', async () => {
    await station.ask('Heartbeat', {});
    station.onCall = () => new SoapFault('NotSupported', 'no resets here');
    expect(await reset()).toMatchObject({
      status: CommandStatus.NOT_SUPPORTED,
      stationStatus: 'NotSupported',
      reason: expect.stringContaining('no resets here'),
    });
    station.onCall = () => new SoapFault('SecurityError', 'not you');
    expect(await reset()).toMatchObject({ status: CommandStatus.REJECTED, stationStatus: 'SecurityError' });
  });

  it('what is no answer is told as that', async () => {
    await station.ask('Heartbeat', {});
    station.onCall = () => ({ status: 'Perhaps' });
    expect(await reset()).toMatchObject({ status: CommandStatus.REJECTED, reason: expect.stringContaining('breaks its schema') });
    station.rawAnswer = { status: 404, headers: {}, text: 'nothing here' };
    expect(await reset()).toMatchObject({ status: CommandStatus.REJECTED, reason: expect.stringContaining('HTTP 404') });
    station.rawAnswer = { status: 200, headers: {}, text: '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>' };
    expect(await reset()).toMatchObject({ status: CommandStatus.REJECTED, reason: expect.stringContaining('DOCTYPE') });
  });

  it('what the edition has no word for is NotSupported, and not sent', async () => {
    await station.ask('Heartbeat', {});
    const sent = await world.command('CP1', { $case: 'rawCall', value: { action: 'GetLog', payloadJson: '{}' } });
    expect(sent).toMatchObject({ status: CommandStatus.NOT_SUPPORTED, reason: 'OCPP 1.6S has no GetLog' });
    expect(station.received).toHaveLength(0);
  });
});

describe('presence without a socket', () => {
  const SILENT_MS = (2 * 300 + 60) * 1_000;

  it('ends when two heartbeats did not come, and begins anew with the next request', async () => {
    await station.ask('BootNotification', BOOT);
    await world.instances[0]?.runtime.drain();
    const second = await world.start();
    station.port = second.port;
    world.skewMs = SILENT_MS - 5_000;
    await station.ask('Heartbeat', {});
    world.skewMs += SILENT_MS - 5_000;
    expect(await connection(second)).toMatchObject({ connected: true });
    world.skewMs += 10_000;
    await eventually(() => disconnected().length > 0, 'the station to be gone', 10_000);
    expect(disconnected()).toEqual([expect.objectContaining({ stationId: 'CP1', epoch: 1, code: 1006 })]);
    expect(await connection(second)).toMatchObject({ connected: false });
    await station.ask('Heartbeat', {});
    await expect.poll(() => connected().map(({ epoch }) => epoch)).toEqual([1, 3]);
    expect(await connection(second)).toMatchObject({ connected: true, epoch: 3 });
  });

  it('is one whatever instances it speaks to', async () => {
    const second = await world.start();
    await station.ask('Heartbeat', {});
    station.port = second.port;
    await station.ask('Heartbeat', {});
    await station.ask('BootNotification', BOOT);
    expect(connected()).toHaveLength(1);
    expect(await connection(second)).toMatchObject({ epoch: 1 });
  });

  it('a station that changes to a socket, and back, is one station', async () => {
    await station.ask('Heartbeat', {});
    const socket = await world.connect();
    await socket.ask('Heartbeat', {});
    await expect.poll(async () => (await connection())?.dialect).toBe('1.6J');
    // Its memory of the time before must not hide the socket.
    expect(await connection()).toMatchObject({ connected: true, instanceId: 'connection-1', epoch: 2 });
    const again = await world.start();
    station.port = again.port;
    await station.ask('BootNotification', BOOT);
    expect(await socket.closing()).toMatchObject({ code: 4001 });
    await expect.poll(async () => (await connection())?.dialect).toBe('1.6S');
  });

  it('while the store is away a station is served all the same', async () => {
    const [instance] = world.instances;
    if (instance !== undefined) instance.store.away = true;
    expect(await station.ask('BootNotification', BOOT)).toMatchObject({ status: 'Accepted' });
    expect(connected()).toHaveLength(0);
    if (instance !== undefined) instance.store.away = false;
    await eventually(() => connected().length > 0, 'its presence to be claimed');
    expect(await connection()).toMatchObject({ connected: true });
  });
});

it('the message log shows what went over the wire, without tokens', async () => {
  await station.ask('Heartbeat', {});
  await station.ask('Authorize', { idTag: 'SECRET-TAG' });
  await world.command('CP1', {
    $case: 'rawCall',
    value: { action: 'ChangeConfiguration', payloadJson: '{"key":"AuthorizationKey","value":"SECRET-KEY"}' },
  });
  await world.instances[0]?.runtime.flushFrames();
  const { frames } = await world.rpc().listFrames({ stationId: 'CP1', pageSize: 10, pageToken: '' });
  expect(frames.map(({ direction, text }) => [direction, /<o:(\w+(?:Request|Response))/.exec(text)?.[1]])).toEqual([
    [FROM_STATION, 'changeConfigurationResponse'],
    [TO_STATION, 'changeConfigurationRequest'],
    [TO_STATION, 'authorizeResponse'],
    [FROM_STATION, 'authorizeRequest'],
  ]);
  const all = frames.map(({ text }) => text).join();
  expect(all).toContain('<o:idTag>***</o:idTag>');
  expect(all).toContain('AuthorizationKey');
  expect(all).not.toContain('SECRET');
});
