import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';
import type { TestStation } from '../testing/test-station.js';

const boot16 = { chargePointVendor: 'A', chargePointModel: 'B' };
const long = 'x'.repeat(60);

describe('a bad frame', () => {
  let world: World;
  let other: TestStation;
  beforeEach(async () => {
    world = await World.open();
    await world.start({ FRAME_BYTES_MAX: '4096' });
    world.device.register('CP2');
    other = await world.connect({ stationId: 'CP2' });
  });
  // Whatever a station did, another notices nothing.
  afterEach(async () => {
    expect(other.closed).toBeUndefined();
    expect(await other.ask('Heartbeat', {})).toHaveProperty('currentTime');
    await world.close();
  });

  it.each([
    ['not JSON', '{', '-1', 'FormationViolation', 'RpcFrameworkError'],
    ['truncated', '[2,"1","Heartbeat"', '1', 'FormationViolation', 'RpcFrameworkError'],
    ['not an array', '{"a":1}', '-1', 'FormationViolation', 'RpcFrameworkError'],
    ['too few elements', '[2,"1","Heartbeat"]', '1', 'FormationViolation', 'RpcFrameworkError'],
    ['too many elements', '[2,"1","Heartbeat",{},{}]', '1', 'FormationViolation', 'RpcFrameworkError'],
    ['a payload that is no object', '[2,"1","Heartbeat",[]]', '1', 'FormationViolation', 'FormatViolation'],
    ['a number as message id', '[2,1,"Heartbeat",{}]', '-1', 'FormationViolation', 'RpcFrameworkError'],
    ['a message id that is too long', `[2,"${long}","Heartbeat",{}]`, long, 'FormationViolation', 'RpcFrameworkError'],
    ['an unknown action', '[2,"1","Dance",{}]', '1', 'NotImplemented', 'NotImplemented'],
    ['an action only the platform may call', '[2,"1","Reset",{"type":"Soft"}]', '1', 'NotSupported', 'NotSupported'],
    ['a missing field', '[2,"1","BootNotification",{}]', '1', 'OccurenceConstraintViolation', 'OccurrenceConstraintViolation'],
    ['a field that is not in the schema', '[2,"1","Heartbeat",{"x":1}]', '1', 'FormationViolation', 'FormatViolation'],
  ])('%s is answered as the version says', async (_what, text, id, code16, code201) => {
    for (const [version, code] of [
      ['ocpp1.6', code16],
      ['ocpp2.0.1', code201],
    ] as const) {
      const station = await world.connect({ protocols: [version] });
      station.raw(text);
      const answer = await station.until(() => station.received[0], 'an answer');
      expect(answer.slice(0, 3), version).toEqual([4, id, code]);
      expect(station.closed).toBeUndefined();
    }
  });

  it('of an unknown message type is ignored in 1.6 and answered in 2.0.1', async () => {
    const station = await world.connect();
    station.raw('[9,"1","Heartbeat",{}]');
    await station.ask('Heartbeat', {});
    expect(station.received).toHaveLength(1);
    const newer = await world.connect({ protocols: ['ocpp2.0.1'] });
    newer.raw('[9,"1","Heartbeat",{}]');
    expect((await newer.until(() => newer.received[0], 'an answer'))[2]).toBe('MessageTypeNotSupported');
  });

  it('nested too deep is answered, and does not overflow anything', async () => {
    const station = await world.connect();
    station.raw(`[2,"1","DataTransfer",${'['.repeat(1_900)}${']'.repeat(1_900)}]`);
    expect((await station.until(() => station.received[0], 'an answer')).slice(0, 2)).toEqual([4, '1']);
  });

  it('an answer to no call is ignored', async () => {
    const station = await world.connect();
    station.raw('[3,"nobody",{}]');
    station.raw('[4,"nobody","GenericError","",{}]');
    await station.ask('Heartbeat', {});
    expect(station.received).toHaveLength(1);
  });

  it('that is binary closes 1003', async () => {
    const station = await world.connect();
    station.raw(Buffer.from('[2,"1","Heartbeat",{}]'));
    expect(await station.closing()).toMatchObject({ code: 1003 });
  });

  it('over the limit closes 1009; at the limit it does not', async () => {
    const frame = (bytes: number) => `[2,"1","DataTransfer",{"vendorId":"v","data":"${'x'.repeat(bytes - 49)}"}]`;
    expect(Buffer.byteLength(frame(4_096))).toBe(4_096);
    const station = await world.connect();
    station.raw(frame(4_096));
    expect((await station.until(() => station.received[0], 'an answer'))[0]).toBe(3);
    station.raw(frame(4_097));
    expect(await station.closing()).toMatchObject({ code: 1009 });
  });

  it('of invalid UTF-8 closes 1007', async () => {
    const socket = connect(world.instances[0]?.port ?? 0, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.write(
      'GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n',
    );
    await expect.poll(() => Buffer.concat(chunks).includes('\r\n\r\n')).toBe(true);
    const before = Buffer.concat(chunks).length;
    socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]));
    await expect.poll(() => Buffer.concat(chunks).length).toBeGreaterThan(before);
    const frame = Buffer.concat(chunks).subarray(before);
    expect([frame[0], frame.readUInt16BE(2)]).toEqual([0x88, 1007]);
    socket.destroy();
  });

  it('leaves the station connected for the next good one', async () => {
    const station = await world.connect();
    station.raw('nonsense');
    expect(await station.ask('BootNotification', boot16)).toMatchObject({ status: 'Accepted' });
  });
});
