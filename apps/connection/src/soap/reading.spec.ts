import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';
import { sha256Of } from '../testing/passwords.js';
import { SoapTestStation } from '../testing/soap-test-station.js';
import { basic } from '../testing/test-station.js';
import { Reading } from './reading.js';

const PASSWORD = 'a-password-of-size-24---';
const MEBIBYTE = 1_048_576;

describe('what is read at once', () => {
  it('is bounded for one address that has shown nothing, and leaves room for those that have', () => {
    const reading = new Reading(MEBIBYTE);
    const readers = Array.from({ length: 64 }, () => reading.begun('10.0.0.1', false));
    expect(readers.every((reader) => reader !== undefined)).toBe(true);
    expect(reading.begun('10.0.0.1', false)).toBeUndefined();
    expect(reading.begun('10.0.0.1', true)).toBeDefined();
    expect(reading.begun('10.0.0.2', false)).toBeDefined();
    readers[0]?.done();
    readers[0]?.done();
    expect(reading.begun('10.0.0.1', false)).toBeDefined();
    expect(reading.begun('10.0.0.1', false)).toBeUndefined();
  });

  it('is bounded for all that have shown nothing, from however many addresses', () => {
    const reading = new Reading(MEBIBYTE);
    for (let n = 0; n < 512; n++) expect(reading.begun(`10.0.0.${n % 8}`, false)).toBeDefined();
    expect(reading.begun('10.0.1.1', false)).toBeUndefined();
    expect(reading.begun('10.0.1.1', true)).toBeDefined();
  });

  it('holds so many bytes, half of them for those that have shown nothing', () => {
    const reading = new Reading(MEBIBYTE);
    const stranger = reading.begun('10.0.0.1', false);
    const station = reading.begun('10.0.0.2', true);
    expect(stranger?.took(64 * MEBIBYTE)).toBe(true);
    expect(stranger?.took(1)).toBe(false);
    expect(station?.took(64 * MEBIBYTE - 1)).toBe(true);
    expect(station?.took(1)).toBe(false);
    stranger?.done();
    expect(station?.took(1)).toBe(true);
  });

  it('counts what is in work up to its limit', () => {
    const reading = new Reading(MEBIBYTE);
    for (let n = 0; n < 1_024; n++) expect(reading.entered()).toBe(true);
    expect(reading.entered()).toBe(false);
    reading.left();
    expect(reading.entered()).toBe(true);
  });
});

describe('a request that never ends', () => {
  let world: World;
  const sockets: Socket[] = [];
  /** The status line it is answered with, of which the body does not come. */
  const unfinished = (port: number, path: string, authorization?: string) => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    const shown = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\n${shown}Content-Length: 100\r\n\r\n<`);
    return new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString().split('\r\n')[0] ?? '')));
  };
  const port = () => world.instances[0]?.port ?? 0;

  beforeEach(async () => {
    world = await World.open();
    world.device.register('SECURE', { passwordHash: sha256Of(PASSWORD) });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await world.close();
  });

  it.each(['refuse', 'quarantine', 'accept'])(
    'is challenged unread when nothing was shown; unknown stations: %s',
    async (UNKNOWN_STATIONS) => {
      await world.start({ OCPP_ALLOW_INSECURE: 'false', UNKNOWN_STATIONS });
      expect(await unfinished(port(), '/ocpp/soap')).toBe('HTTP/1.1 401 Unauthorized');
      expect(await unfinished(port(), '/ocpp/soap/SECURE')).toBe('HTTP/1.1 401 Unauthorized');
    },
  );

  it('is judged unread where the URL names the station', async () => {
    await world.start();
    expect(await unfinished(port(), '/ocpp/soap/SECURE')).toBe('HTTP/1.1 401 Unauthorized');
    expect(await unfinished(port(), '/ocpp/soap/SECURE', basic('SECURE', 'wrong'))).toBe('HTTP/1.1 401 Unauthorized');
    expect(await unfinished(port(), '/ocpp/soap/NOBODY')).toBe('HTTP/1.1 404 Not Found');
  });

  it('shuts out others of its address only, and no station that shows itself first', async () => {
    await world.start();
    for (let n = 0; n < 64; n++) void unfinished(port(), '/ocpp/soap');
    expect(await unfinished(port(), '/ocpp/soap')).toBe('HTTP/1.1 503 Service Unavailable');
    const station = await SoapTestStation.open({ port: port(), stationId: 'SECURE', password: PASSWORD });
    try {
      expect(await station.post(station.envelope('Heartbeat', {}), { path: '/ocpp/soap/SECURE' })).toMatchObject({ status: 200 });
      for (const socket of sockets.splice(0)) socket.destroy();
      await expect.poll(async () => (await station.post(station.envelope('Heartbeat', {}))).status).toBe(200);
    } finally {
      await station.close();
    }
  });
});
