import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { TestAuthority, type TestIdentity } from '@voltlog/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type Instance, World } from '../../testing/harness.js';
import { sha256Of } from '../../testing/passwords.js';
import { SoapTestStation } from '../../testing/soap-test-station.js';
import { HandshakeRefused } from '../../testing/test-station.js';

const PASSWORD = 'a-password-of-size-24---';

let server: TestAuthority;
let stations: TestAuthority;
let foreign: TestAuthority;
let identity: TestIdentity;
let folder: string;

beforeAll(async () => {
  server = await TestAuthority.create('Server Root');
  stations = await TestAuthority.create('Station Root');
  foreign = await TestAuthority.create('Foreign Root');
  identity = await server.issue({ commonName: 'csms', hosts: ['127.0.0.1', 'localhost'] });
  folder = mkdtempSync(join(tmpdir(), 'voltlog-tls-'));
  writeFileSync(join(folder, 'ca.pem'), stations.certificate);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('TLS listeners', () => {
  let world: World;
  let instance: Instance;
  const serve = (shown: TestIdentity) => {
    writeFileSync(join(folder, 'cert.pem'), shown.certificate);
    writeFileSync(join(folder, 'key.pem'), shown.key);
  };
  const start = async (config: Parameters<World['start']>[0] = {}) => {
    serve(identity);
    instance = await world.start({
      OCPP_TLS_PORT: '0',
      OCPP_MTLS_PORT: '0',
      OCPP_TLS_CERT_PATH: join(folder, 'cert.pem'),
      OCPP_TLS_KEY_PATH: join(folder, 'key.pem'),
      OCPP_MTLS_CA_PATH: join(folder, 'ca.pem'),
      ...config,
    });
    return instance.runtime.ports;
  };
  const tls = (more: ConnectionOptions = {}) => ({ ca: server.certificate, ...more });
  const as = ({ certificate, key }: TestIdentity) => tls({ cert: certificate, key });
  const connected = () => world.facts('voltlog.connection.StationConnected.v1');

  beforeEach(async () => {
    world = await World.open();
    world.device.register('CP1', { passwordHash: sha256Of(PASSWORD) });
  });
  afterEach(() => world.close());

  it('profile 2: lets in by password over TLS and says so', async () => {
    const { tls: port } = await start();
    const station = await world.connect({ port, tls: tls(), password: PASSWORD });
    await station.ask('Heartbeat', {});
    await eventually(() => connected().length > 0, 'the station to be told of');
    expect(connected()).toMatchObject([{ stationId: 'CP1', securityProfile: 2 }]);
  });

  it('profile 2: refuses a wrong password and none, also where profile 0 is on', async () => {
    const { tls: port } = await start();
    await expect(world.connect({ port, tls: tls(), password: `${PASSWORD}x` })).rejects.toMatchObject({ status: 401 });
    world.device.register('CP2');
    await expect(world.connect({ port, tls: tls(), stationId: 'CP2' })).rejects.toMatchObject({ status: 401 });
  });

  it('profile 3: a certificate that its foreign authority has revoked is not let in, and nobody is asked twice', async () => {
    const { mtls: port } = await start();
    const good = await stations.issue({ commonName: 'CP1' });
    const open = (shown: TestIdentity) => world.connect({ port, tls: as(shown) });
    await open(good);
    await open(good);
    expect(world.certificates.clients.map(({ certificate, issuer }) => [Buffer.from(certificate), Buffer.from(issuer)])).toEqual([
      [new X509Certificate(good.certificate).raw, new X509Certificate(stations.certificate).raw],
    ]);
    world.certificates.client = { status: 'Revoked', nextUpdate: undefined, reason: '' };
    await expect(open(await stations.issue({ commonName: 'CP1' }))).rejects.toMatchObject({ status: 403 });
    world.skewMs += 61_000;
    await expect(open(good)).rejects.toMatchObject({ status: 403 });
  });

  it.each([
    ['soft', true],
    ['hard', false],
    ['off', true],
  ] as const)('profile 3: while nobody can say whether it is revoked, %s lets it in: %s', async (policy, letsIn) => {
    const { mtls: port } = await start({ OCPP_MTLS_REVOCATION: policy });
    const open = async () => {
      const station = world.connect({ port, tls: as(await stations.issue({ commonName: 'CP1' })) });
      return station.then(
        () => true,
        (error: unknown) => (error instanceof HandshakeRefused && error.status === 403 ? false : Promise.reject(error)),
      );
    };
    world.certificates.client = { status: 'Failed', nextUpdate: undefined, reason: 'the list is away' };
    expect(await open()).toBe(letsIn);
    world.certificates.away = true;
    expect(await open()).toBe(letsIn);
    expect(world.certificates.clients).toHaveLength(policy === 'off' ? 0 : 1);
  });

  it('profile 3: lets in by certificate without a password, and tells its serial number', async () => {
    const { mtls: port } = await start();
    const certificate = await stations.issue({ commonName: 'CP1' });
    await world.connect({ port, tls: as(certificate) });
    await eventually(() => connected().length > 0, 'the station to be told of');
    expect(connected()).toMatchObject([{ securityProfile: 3, certificateSerial: certificate.serialNumber }]);
  });

  it('profile 3: the name may be the serial number the station has', async () => {
    world.device.register('CP1', { serialNumber: 'SN-77' });
    const { mtls: port } = await start();
    await world.connect({ port, tls: as(await stations.issue({ commonName: 'SN-77' })) });
  });

  it('profile 3: refuses the certificate of another station, of another organization, and a revoked one', async () => {
    const { mtls: port } = await start({ OCPP_MTLS_ORGANIZATION: 'Acme' });
    const refused = async (shown: TestIdentity) =>
      expect(await world.connect({ port, tls: as(shown) }).catch((error: unknown) => error)).toMatchObject({ status: 403 });
    await refused(await stations.issue({ commonName: 'CP2', organization: 'Acme' }));
    await refused(await stations.issue({ commonName: 'CP1', organization: 'Other' }));
    const revoked = await stations.issue({ commonName: 'CP1', organization: 'Acme' });
    world.device.register('CP1', { revokedCertificates: [revoked.serialNumber] });
    await world.deviceChanged('CP1');
    await refused(revoked);
    await world.connect({ port, tls: as(await stations.issue({ commonName: 'CP1', organization: 'Acme' })) });
  });

  it('SOAP is served on both, by the same rules', async () => {
    const ports = await start();
    const open = async (port: number, options: { tls: ConnectionOptions; password?: string }) => {
      const station = await SoapTestStation.open({ port, stationId: 'CP1', ...options });
      await station.close();
      return station.ask('Heartbeat', {}, 'http://127.0.0.1/');
    };
    await open(ports.tls, { tls: tls(), password: PASSWORD });
    await expect(open(ports.tls, { tls: tls() })).rejects.toMatchObject({ subcode: 'SecurityError' });
    await open(ports.mtls, { tls: as(await stations.issue({ commonName: 'CP1' })) });
    await expect(open(ports.mtls, { tls: as(await stations.issue({ commonName: 'CP2' })) })).rejects.toMatchObject({
      subcode: 'SecurityError',
      message: 'the certificate is of CP2',
    });
    world.device.register('CP1', { passwordHash: sha256Of(PASSWORD), securityProfileMin: 3 });
    await world.deviceChanged('CP1');
    await expect
      .poll(() => open(ports.tls, { tls: tls(), password: PASSWORD }).catch(({ message }: Error) => message))
      .toContain('below 3');
    expect(connected().map(({ securityProfile, dialect }) => [securityProfile, dialect])).toEqual([
      [2, '1.6S'],
      [3, '1.6S'],
    ]);
  });

  it.each([
    ['none', async () => tls()],
    ['a foreign one', async () => as(await foreign.issue({ commonName: 'CP1' }))],
    ['an expired one', async () => as(await stations.issue({ commonName: 'CP1', notBefore: -9, notAfter: -1 }))],
    ['one of the future', async () => as(await stations.issue({ commonName: 'CP1', notBefore: 1, notAfter: 9 }))],
    ["a server's", async () => as(await stations.issue({ commonName: 'CP1', hosts: ['CP1'] }))],
  ])('profile 3: gets nowhere with %s', async (_what, options) => {
    const { mtls: port } = await start();
    const error = await world.connect({ port, tls: await options(), password: PASSWORD }).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(HandshakeRefused);
    expect(connected()).toEqual([]);
  });

  it('closes the socket of a certificate that is revoked', async () => {
    const { mtls: port } = await start();
    const certificate = await stations.issue({ commonName: 'CP1' });
    const station = await world.connect({ port, tls: as(certificate) });
    world.device.register('CP1', { revokedCertificates: [certificate.serialNumber] });
    await world.deviceChanged('CP1');
    expect(await station.closing()).toMatchObject({ code: 1008 });
  });

  it('closes the socket of a certificate that its foreign authority has revoked since, as soon as the answer before is no longer good', async () => {
    const { mtls: port } = await start();
    const [revoked, good] = [await stations.issue({ commonName: 'CP1' }), await stations.issue({ commonName: 'CP2' })];
    world.device.register('CP2');
    const station = await world.connect({ port, tls: as(revoked) });
    const other = await world.connect({ port, stationId: 'CP2', tls: as(good) });
    const raw = new X509Certificate(revoked.certificate).raw;
    world.certificates.clientOf = (certificate) => (raw.equals(certificate) ? 'Revoked' : 'Good');
    const look = () => world.instances[0]?.runtime.watchRevocations();
    await look();
    await station.ask('Heartbeat', {});
    world.skewMs += 61_000;
    await look();
    expect(await station.closing()).toMatchObject({ code: 1008, reason: expect.stringContaining('revoked') });
    await other.ask('Heartbeat', {});
  });

  it.each(['soft', 'hard'])(
    'leaves a connected station alone while nobody can say whether its certificate is revoked (%s)',
    async (policy) => {
      const { mtls: port } = await start({ OCPP_MTLS_REVOCATION: policy });
      const station = await world.connect({ port, tls: as(await stations.issue({ commonName: 'CP1' })) });
      world.skewMs += 61_000;
      world.certificates.client = { status: 'Failed', nextUpdate: undefined, reason: 'the list is away' };
      await world.instances[0]?.runtime.watchRevocations();
      expect(world.certificates.clients).toHaveLength(2);
      await station.ask('Heartbeat', {});
    },
  );

  it.each([
    [1, 2, 403],
    [2, 2, 101],
    [2, 3, 403],
    [3, 3, 101],
  ])('a station on profile %i where %i is the least gets %i', async (profile, securityProfileMin, status) => {
    world.device.register('CP1', { passwordHash: sha256Of(PASSWORD), securityProfileMin });
    const ports = await start();
    const way = [
      { port: ports.plain, password: PASSWORD },
      { port: ports.tls, password: PASSWORD, tls: tls() },
      { port: ports.mtls, tls: as(await stations.issue({ commonName: 'CP1' })) },
    ][profile - 1];
    const outcome = await world.connect(way).then(
      () => 101,
      (error: unknown) => (error instanceof HandshakeRefused ? error.status : error),
    );
    expect(outcome).toBe(status);
  });

  it('tells nothing of the least profile to who does not know the password', async () => {
    world.device.register('CP1', { passwordHash: sha256Of(PASSWORD), securityProfileMin: 2 });
    const { plain: port } = await start();
    await expect(world.connect({ port, password: 'x'.repeat(20) })).rejects.toMatchObject({ status: 401 });
  });

  it('lets in by the password that is on its way too, as digits or as the octets they stand for, and tells', async () => {
    const offered = '00ff8042aabbccddeeff00112233445566778899';
    world.device.register('CP1', { passwordHash: sha256Of(PASSWORD), offeredPasswordHash: sha256Of(offered) });
    const { plain: port } = await start();
    await world.connect({ port, password: PASSWORD });
    await world.connect({ port, password: offered });
    await world.connect({ port, password: Buffer.from(offered, 'hex') });
    await eventually(() => connected().length === 3, 'all three');
    expect(connected().map((fact) => fact.showedOffered ?? false)).toEqual([false, true, true]);
  });

  describe('the protocol', () => {
    const shake = (port: number, options: ConnectionOptions) =>
      new Promise<TLSSocket>((resolve, reject) => {
        const socket = connectTls({ port, host: '127.0.0.1', ca: server.certificate, ...options }, () => resolve(socket));
        socket.once('error', reject);
      });

    it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
      const { tls: port } = await start();
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const socket = await shake(port, { minVersion: version, maxVersion: version });
        expect(socket.getProtocol()).toBe(version);
        socket.destroy();
      }
      const old = shake(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
      await expect(old).rejects.toMatchObject({ code: expect.stringMatching(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|ECONNRESET/) });
    });

    it.each([
      ['ECDHE-ECDSA-AES128-GCM-SHA256', true],
      ['ECDHE-ECDSA-AES256-GCM-SHA384', true],
      ['ECDHE-ECDSA-CHACHA20-POLY1305', false],
      ['ECDHE-ECDSA-AES128-SHA', false],
    ])('A00.FR.318: the suite %s: %s', async (ciphers, taken) => {
      const { tls: port } = await start();
      const socket = await shake(port, { ciphers, maxVersion: 'TLSv1.2' }).catch(() => undefined);
      expect(socket?.getCipher().name).toBe(taken ? ciphers : undefined);
      socket?.destroy();
    });

    it('refuses to renegotiate', async () => {
      const { tls: port } = await start();
      const socket = await shake(port, { maxVersion: 'TLSv1.2' });
      const error = await new Promise((resolve) => {
        socket.once('error', resolve);
        socket.once('close', () => resolve('closed'));
        socket.renegotiate({}, resolve);
      });
      expect(error).not.toBeNull();
      socket.destroy();
    });

    it('answers a plain client with nothing it could take for consent', async () => {
      const { tls: port } = await start();
      await expect(world.connect({ port, password: PASSWORD })).rejects.toThrow(/hang up|ECONNRESET|Parse Error/);
    });

    it('shows a certificate that is new, keeps the old one when that is spoilt, and leaves open sockets alone', async () => {
      const { tls: port } = await start();
      const station = await world.connect({ port, tls: tls(), password: PASSWORD });
      const shown = async () => {
        const socket = await shake(port, {});
        const { serialNumber } = socket.getPeerCertificate();
        socket.destroy();
        return serialNumber.toLowerCase().replace(/^0+/, '');
      };
      expect(await shown()).toBe(identity.serialNumber);
      const next = await server.issue({ commonName: 'csms', hosts: ['127.0.0.1'] });
      serve(next);
      await instance.runtime.refreshCertificates();
      expect(await shown()).toBe(next.serialNumber);
      serve({ ...next, key: identity.key });
      await instance.runtime.refreshCertificates();
      expect(await shown()).toBe(next.serialNumber);
      await station.ask('Heartbeat', {});
    });
  });

  it('is not starved by those who hold handshakes half open', async () => {
    const { tls: port } = await start({ OCPP_TLS_HANDSHAKES_MAX: '8' });
    const idle: Socket[] = [];
    for (let i = 0; i < 40; i += 1) {
      const socket = connectTcp(port, '127.0.0.1');
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve));
      idle.push(socket);
    }
    await world.connect({ port, tls: tls(), password: PASSWORD });
    expect(instance.gauges.get('voltlog_tls_handshakes')?.()).toBeLessThanOrEqual(8);
    await eventually(() => idle.filter((socket) => socket.closed).length >= 32, 'the oldest to be given up');
    for (const socket of idle) socket.destroy();
    await eventually(() => instance.gauges.get('voltlog_tls_handshakes')?.() === 0, 'nobody to be counted any more');
  });

  it('gives up a handshake, and a request, that does not come', async () => {
    const { tls: port } = await start({ OCPP_TLS_HANDSHAKE_SECONDS: '1' });
    const mute = connectTcp(port, '127.0.0.1');
    const idle = connectTls({ port, host: '127.0.0.1', ca: server.certificate });
    for (const socket of [mute, idle]) socket.on('error', () => {}).resume();
    await eventually(() => mute.closed && idle.closed, 'both to be closed', 8_000);
  });

  it('waits with profile 3, and with it alone, until the roots are known', async () => {
    const ports = await start({ OCPP_MTLS_CA_PATH: '' });
    expect([ports.tls > 0, ports.mtls]).toEqual([true, 0]);
    await expect(instance.readiness.get('listeners')?.()).rejects.toThrow(/roots of client certificates/);
    world.device.roots = stations.certificate;
    const port = await eventually(() => instance.runtime.ports.mtls || undefined, 'the listener of profile 3');
    await world.connect({ port, tls: as(await stations.issue({ commonName: 'CP1' })) });
    await instance.readiness.get('listeners')?.();
  });

  it('cannot be asked for without a certificate', async () => {
    await expect(world.start({ OCPP_TLS_PORT: '0' })).rejects.toThrow(/OCPP_TLS_CERT_PATH/);
    await expect(
      world.start({ OCPP_TLS_PORT: '0', OCPP_TLS_CERT_PATH: join(folder, 'none.pem'), OCPP_TLS_KEY_PATH: join(folder, 'none.pem') }),
    ).rejects.toMatchObject({ code: 'TlsMaterial' });
  });
});
