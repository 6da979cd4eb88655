import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { Handshake } from './harness/handshake.js';
import { HandshakeRefused, RawStation } from './harness/raw-station.js';

const VERSIONS = ['ocpp1.6', 'ocpp2.0.1'] as const;
type Version = (typeof VERSIONS)[number];
const FRAME_BYTES_MAX = 4_096;
const NESTING_MAX = 32;
const MESSAGE_ID_MAX = 36;

const AT = '2026-11-23T10:00:00Z';
const call = (action: string, payload: unknown): string => JSON.stringify([2, 'm', action, payload]);
const nested = (depth: number): string => `[2,"m","DataTransfer",{"vendorId":"v","data":${'['.repeat(depth)}${']'.repeat(depth)}}]`;
const idOf = (length: number): string => 'i'.repeat(length);

/** 1.6: [what, frame, message id of the answer, error code]. Source: OCPP-J 1.6 §4.2.3 */
const BAD_16: readonly [string, string, string, string][] = [
  ['not JSON', 'hello', '-1', 'FormationViolation'],
  ['empty text', '', '-1', 'FormationViolation'],
  ['truncated', '[2,"m","Heartbeat",{', 'm', 'FormationViolation'],
  ['no array', '{"action":"Heartbeat"}', '-1', 'FormationViolation'],
  ['an element too few', '[2,"m","Heartbeat"]', 'm', 'FormationViolation'],
  ['an element too many', '[2,"m","Heartbeat",{},1]', 'm', 'FormationViolation'],
  ['a payload that is no object', '[2,"m","Heartbeat",[]]', 'm', 'FormationViolation'],
  ['a message id that is a number', '[2,7,"Heartbeat",{}]', '-1', 'FormationViolation'],
  ['a message id one too long', `[2,"${idOf(MESSAGE_ID_MAX + 1)}","Heartbeat",{}]`, idOf(MESSAGE_ID_MAX + 1), 'FormationViolation'],
  ['nested too deep', nested(1_000), 'm', 'FormationViolation'],
  ['an unknown action', call('Dance', {}), 'm', 'NotImplemented'],
  ['an action by its prototype name', call('constructor', {}), 'm', 'NotImplemented'],
  ['an action that only the platform may send', call('Reset', { type: 'Soft' }), 'm', 'NotSupported'],
  ['a required field missing', call('BootNotification', { chargePointVendor: 'v' }), 'm', 'OccurenceConstraintViolation'],
  ['an unknown field', call('Heartbeat', { more: 1 }), 'm', 'FormationViolation'],
  ['a text for a number', call('StopTransaction', { transactionId: '1', meterStop: 1, timestamp: AT }), 'm', 'TypeConstraintViolation'],
  [
    'a fraction for an integer',
    call('StopTransaction', { transactionId: 1.5, meterStop: 1, timestamp: AT }),
    'm',
    'TypeConstraintViolation',
  ],
  ['a text too long', call('Authorize', { idTag: 'x'.repeat(21) }), 'm', 'PropertyConstraintViolation'],
  [
    'a word outside the enumeration',
    call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Dancing' }),
    'm',
    'PropertyConstraintViolation',
  ],
  [
    'a time that is none',
    call('StopTransaction', { transactionId: 1, meterStop: 1, timestamp: 'noon' }),
    'm',
    'PropertyConstraintViolation',
  ],
];

/** 2.0.1: the same. Source: OCPP 2.0.1 Part 4 §4.3 */
const BAD_201: readonly [string, string, string, string][] = [
  ['not JSON', 'hello', '-1', 'RpcFrameworkError'],
  ['empty text', '', '-1', 'RpcFrameworkError'],
  ['truncated', '[2,"m","Heartbeat",{', 'm', 'RpcFrameworkError'],
  ['no array', '{"action":"Heartbeat"}', '-1', 'RpcFrameworkError'],
  ['an empty array', '[]', '-1', 'MessageTypeNotSupported'],
  ['an element too few', '[2,"m","Heartbeat"]', 'm', 'RpcFrameworkError'],
  ['an element too many', '[2,"m","Heartbeat",{},1]', 'm', 'RpcFrameworkError'],
  ['a payload that is no object', '[2,"m","Heartbeat",[]]', 'm', 'FormatViolation'],
  ['a message id that is a number', '[2,7,"Heartbeat",{}]', '-1', 'RpcFrameworkError'],
  ['a message id one too long', `[2,"${idOf(MESSAGE_ID_MAX + 1)}","Heartbeat",{}]`, idOf(MESSAGE_ID_MAX + 1), 'RpcFrameworkError'],
  ['nested too deep', nested(1_000), 'm', 'RpcFrameworkError'],
  ['an unknown message type', '[9,"m","Heartbeat",{}]', 'm', 'MessageTypeNotSupported'],
  ['an unknown action', call('Dance', {}), 'm', 'NotImplemented'],
  ['an action by its prototype name', call('constructor', {}), 'm', 'NotImplemented'],
  ['an action that only the platform may send', call('Reset', { type: 'Immediate' }), 'm', 'NotSupported'],
  ['a required field missing', call('BootNotification', { reason: 'PowerUp' }), 'm', 'OccurrenceConstraintViolation'],
  ['too few items', call('MeterValues', { evseId: 1, meterValue: [] }), 'm', 'OccurrenceConstraintViolation'],
  ['an unknown field', call('Heartbeat', { more: 1 }), 'm', 'FormatViolation'],
  [
    'a text for a number',
    call('MeterValues', { evseId: '1', meterValue: [{ timestamp: AT, sampledValue: [{ value: 1 }] }] }),
    'm',
    'TypeConstraintViolation',
  ],
  ['a text too long', call('Authorize', { idToken: { idToken: 'x'.repeat(37), type: 'ISO14443' } }), 'm', 'PropertyConstraintViolation'],
  ['a word outside the enumeration', call('Authorize', { idToken: { idToken: 'x', type: 'Song' } }), 'm', 'PropertyConstraintViolation'],
  [
    'a time that is none',
    call('StatusNotification', { timestamp: 'noon', connectorStatus: 'Available', evseId: 1, connectorId: 1 }),
    'm',
    'PropertyConstraintViolation',
  ],
];

let platform: AllInOne;
let pid: number;
const witnesses: RawStation[] = [];

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', FRAME_BYTES_MAX: String(FRAME_BYTES_MAX) });
  pid = platform.child.pid;
  for (const version of VERSIONS) {
    await registerStation(platform.api, `witness-${version}`);
    await registerStation(platform.api, `bad-${version}`);
    witnesses.push(await RawStation.connect({ url: platform.ocppUrl, stationId: `witness-${version}`, protocols: [version] }));
  }
});
afterAll(() => platform?.stop());

/** Whatever a station did: another notices nothing, and the process is the same. */
afterEach(async () => {
  expect(platform.child.running).toBe(true);
  expect(platform.child.pid).toBe(pid);
  for (const witness of witnesses) {
    expect(witness.closed).toBeUndefined();
    const answered = witness.received.length;
    expect(await witness.result('Heartbeat', {})).toHaveProperty('currentTime');
    expect(witness.received).toHaveLength(answered + 1);
  }
});

const connect = (version: Version): Promise<RawStation> =>
  RawStation.connect({ url: platform.ocppUrl, stationId: `bad-${version}`, protocols: [version] });
const auth = (stationId: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${stationId}:${STATION_PASSWORD}`).toString('base64')}`,
});

/** The frames a station got for one it sent; a call that keeps its turn (a heartbeat may overtake) shows that there is no more to come. */
async function answersTo(version: Version, frame: string): Promise<unknown[]> {
  const station = await connect(version);
  station.send(frame);
  await station.result('DataTransfer', { vendorId: 'org.voltlog' }, 'after');
  const answers = station.received.filter((received) => received[1] !== 'after');
  expect(station.closed).toBeUndefined();
  await station.close();
  return answers;
}

describe('a bad frame of OCPP 1.6', () => {
  it.each(BAD_16)('%s: answered as OCPP-J 1.6 says, and the next good call too', async (_what, frame, messageId, code) => {
    expect(await answersTo('ocpp1.6', frame)).toEqual([[4, messageId, code, expect.any(String), expect.any(Object)]]);
  });

  it.each(['[9,"m","Heartbeat",{}]', '[5,"m","NotImplemented","",{}]', '["2","m","Heartbeat",{}]', '[]'])(
    '%s has no message type number that 1.6 knows and is ignored (OCPP-J 1.6 §4.1.3)',
    async (frame) => {
      expect(await answersTo('ocpp1.6', frame)).toEqual([]);
    },
  );
});

describe('a bad frame of OCPP 2.0.1', () => {
  it.each(BAD_201)('%s: answered as OCPP 2.0.1 Part 4 says, and the next good call too', async (_what, frame, messageId, code) => {
    expect(await answersTo('ocpp2.0.1', frame)).toEqual([[4, messageId, code, expect.any(String), expect.any(Object)]]);
  });
});

describe.each(VERSIONS)('over a socket of %s', (version) => {
  it('answers to no call are ignored', async () => {
    expect(await answersTo(version, '[3,"nobody",{}]')).toEqual([]);
    expect(await answersTo(version, '[4,"nobody","GenericError","",{}]')).toEqual([]);
  });

  it('a message id and a nesting at the limit are let through', async () => {
    expect(await answersTo(version, `[2,"${idOf(MESSAGE_ID_MAX)}","Heartbeat",{}]`)).toEqual([
      [3, idOf(MESSAGE_ID_MAX), expect.any(Object)],
    ]);
    const station = await connect(version);
    station.send(nested(NESTING_MAX - 2));
    const answer = await eventually('an answer', () => station.received.find((frame) => frame[1] === 'm'));
    // 1.6 takes a text only as data; either way the frame itself was read.
    expect(answer.slice(0, 3)).toEqual(
      version === 'ocpp1.6' ? [4, 'm', 'TypeConstraintViolation'] : [3, 'm', { status: 'UnknownVendorId' }],
    );
    station.send(nested(NESTING_MAX - 1).replace('"m"', '"n"'));
    const refused = await eventually('an answer', () => station.received.find((frame) => frame[1] === 'n'));
    expect(refused.slice(0, 3)).toEqual([4, 'n', version === 'ocpp1.6' ? 'FormationViolation' : 'RpcFrameworkError']);
    await station.close();
  });

  it('a frame at the limit is answered, a byte more closes 1009', async () => {
    const station = await connect(version);
    const frame = (bytes: number): string => {
      const empty = call('DataTransfer', { vendorId: 'v', data: '' });
      return call('DataTransfer', { vendorId: 'v', data: 'x'.repeat(bytes - empty.length) });
    };
    station.send(frame(FRAME_BYTES_MAX));
    await station.result('Heartbeat', {});
    expect(station.closed).toBeUndefined();
    station.send(frame(FRAME_BYTES_MAX + 1));
    expect(await station.closing()).toMatchObject({ code: 1009 });
  });

  it('a binary frame closes 1003', async () => {
    const station = await connect(version);
    station.send(Buffer.from(call('Heartbeat', {})));
    expect(await station.closing()).toMatchObject({ code: 1003 });
  });

  it('invalid UTF-8 closes 1007', async () => {
    const stationId = `bad-${version}`;
    const handshake = await Handshake.open(platform.ocppUrl, `/ocpp/${stationId}`, {
      ...auth(stationId),
      'Sec-WebSocket-Protocol': version,
    });
    expect(await handshake.status()).toBe(101);
    handshake.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]));
    expect(await handshake.closeCode()).toBe(1007);
    handshake.end();
  });

  it('a frame that is not masked closes 1002', async () => {
    const stationId = `bad-${version}`;
    const handshake = await Handshake.open(platform.ocppUrl, `/ocpp/${stationId}`, {
      ...auth(stationId),
      'Sec-WebSocket-Protocol': version,
    });
    expect(await handshake.status()).toBe(101);
    handshake.write(Buffer.from([0x81, 0x02, 0x5b, 0x5d]));
    expect(await handshake.closeCode()).toBe(1002);
    handshake.end();
  });

  it.each([
    ['a wrong password', { password: 'not-the-right-one' }],
    ['no credentials', { password: '' }],
    ["another station's name", { username: 'witness-ocpp1.6' }],
  ])('%s is refused with 401', async (_what, wrong) => {
    const refused = RawStation.connect({ url: platform.ocppUrl, stationId: `bad-${version}`, protocols: [version], ...wrong });
    await expect(refused).rejects.toEqual(new HandshakeRefused(401));
  });

  it('a malformed call leaves nothing behind', async () => {
    expect(await sessionsOf(platform.api, `bad-${version}`)).toEqual([]);
  });
});

describe('a handshake', () => {
  it.each([
    '/ocpp/',
    '/ocpp',
    '/',
    '/ocpp/..',
    '/ocpp/%2e%2e',
    '/ocpp/..%2fwitness-ocpp1.6',
    '/ocpp/../ocpp/witness-ocpp1.6',
    '/ocpp/..%5cadmin',
    '/ocpp/a%00b',
    '/ocpp/a%0d%0aX-Injected:%201',
    '/ocpp/a:b',
    '/ocpp/a/b',
    '/ocpp//witness-ocpp1.6',
    '/ocpp/caf%C3%A9',
    '/ocpp/%E0%A4%A',
    `/ocpp/${'x'.repeat(49)}`,
    '/OCPP/witness-ocpp1.6',
    '/ocpp/not-registered',
  ])('on %s is answered 404', async (target) => {
    const handshake = await Handshake.open(platform.ocppUrl, target, { ...auth('witness-ocpp1.6'), 'Sec-WebSocket-Protocol': 'ocpp1.6' });
    const head = await handshake.head();
    expect(head).toMatch(/^HTTP\/1\.1 404 /);
    expect(head).not.toMatch(/injected/i);
    handshake.end();
  });

  it.each([
    ['an unknown subprotocol', { 'Sec-WebSocket-Protocol': 'ocpp1.5' }],
    ['a subprotocol in other letters', { 'Sec-WebSocket-Protocol': 'OCPP1.6' }],
    ['no subprotocol', {}],
  ])('with %s is completed without one and closed 1002 (OCPP-J 1.6 §3.2)', async (_what, headers) => {
    const handshake = await Handshake.open(platform.ocppUrl, '/ocpp/bad-ocpp1.6', { ...auth('bad-ocpp1.6'), ...headers });
    const head = await handshake.head();
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head).not.toMatch(/sec-websocket-protocol/i);
    expect(await handshake.closeCode()).toBe(1002);
    handshake.end();
  });

  it('that is no HTTP at all is answered 400', async () => {
    const { hostname, port } = new URL(platform.ocppUrl);
    const handshake = await Handshake.open(`ws://${hostname}:${port}/ocpp`, '\u0016\u0003\u0001', {});
    expect(await handshake.status()).toBe(400);
    handshake.end();
  });
});
