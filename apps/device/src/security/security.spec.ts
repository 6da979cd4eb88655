import { createHash, X509Certificate } from 'node:crypto';
import { STATION_TOPIC, type StationFacts } from '@voltlog/connection-contract';
import { DEVICE_TOPIC } from '@voltlog/device-contract';
import { isoTime, OperatingError } from '@voltlog/kernel';
import { connectionV1, deviceV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, testCsr, until, untilPassed } from '@voltlog/testing';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from '../config.js';
import { createDevice, type Device } from '../device.js';
import { type IssuedDoc, issuedSchema } from '../pki/issued-certificates.js';
import { EstServer } from '../testing/est-server.js';
import { type Intent, intentSchema } from './intents.js';
import { renewalSchema } from './renewals.js';

const { CommandStatus } = connectionV1;
const STATION = 'CP-1';
const CONFIG = {
  DEVICE_SECRET_KEY: Buffer.alloc(32, 5).toString('base64'),
  DEVICE_INTENT_LOOK_MS: '10',
  DEVICE_STATION_TLS_URL: 'wss://csms:9221/ocpp',
};
const ANSWER = connectionV1.SendCommandResponse.fromPartial({});

/** A station as the connection service shows it. */
class FakeConnection {
  online = true;
  away = false;
  ocppVersion = 'ocpp1.6';
  dialect = '1.6J';
  securityProfile = 1;
  connectedAt = '2026-11-02T07:00:00.000Z';
  /** What asked dies before the answer is there. */
  hangs = false;
  end: () => void = () => undefined;
  /** By command; absent: accepted. */
  refusesVariable = '';
  /** It takes this, and is gone before its answer is there. */
  goesWithVariable = '';
  readonly answers = new Map<string, Partial<connectionV1.SendCommandResponse>>();
  readonly sent: NonNullable<connectionV1.SendCommandRequest['command']>[] = [];

  async sendCommand({ command }: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    if (command === undefined) throw new Error('no command');
    if (!this.online) return { ...ANSWER, status: CommandStatus.OFFLINE };
    this.sent.push(command);
    if (this.hangs) {
      await new Promise<void>((resolve) => {
        this.end = resolve;
      });
      throw new OperatingError('ServiceUnavailable', 'away');
    }
    const sets = (variable: string) => command.$case === 'setVariables' && command.value.variables.some(({ name }) => name === variable);
    if (sets(this.goesWithVariable)) return { ...ANSWER, status: CommandStatus.OFFLINE };
    if (sets(this.refusesVariable)) return { ...ANSWER, status: CommandStatus.REJECTED, reason: 'the station answered Rejected' };
    return { ...ANSWER, status: CommandStatus.ACCEPTED, ...this.answers.get(command.$case) };
  }

  async getConnection({ stationId }: connectionV1.GetConnectionRequest): Promise<connectionV1.GetConnectionResponse> {
    const { ocppVersion, dialect, securityProfile, connectedAt, online: connected } = this;
    return {
      connection: connectionV1.Connection.fromPartial({ stationId, connected, ocppVersion, dialect, securityProfile, connectedAt }),
    };
  }

  of<Case extends string>(name: Case) {
    return this.sent.flatMap((each) => (each.$case === name ? [each.value as Record<string, unknown>] : []));
  }
}

describe('the security of stations', () => {
  let context: TestContext;
  let connection: FakeConnection;
  let service: Device;
  const devices: Device[] = [];
  const logged: string[] = [];

  const open = async (env: Record<string, string> = CONFIG): Promise<Device> => {
    const device = await createDevice(
      {
        ...context,
        logger: pino({ level: 'warn' }, { write: (line) => void logged.push(line) }),
        rpc: { ...context.rpc, client: <Impl extends object>() => connection as object as Impl },
      },
      deviceConfig.parse(env),
    );
    await device.start();
    devices.push(device);
    return device;
  };
  const register = () =>
    service.grpc.registerStation({
      stationId: STATION,
      siteId: '',
      name: '',
      evses: [],
      tags: [],
      password: '',
      withoutCredential: false,
      idempotencyKey: '',
    });

  beforeEach(async () => {
    context = await openTestContext('device');
    connection = new FakeConnection();
    logged.length = 0;
    await context.log.ensureTopics([DEVICE_TOPIC, STATION_TOPIC].map((name) => ({ name, partitions: 1 })));
    service = await open();
    await register();
  });
  afterEach(async () => {
    for (const device of devices.splice(0)) await device.stop();
    await context.close();
  });

  const say = <Type extends keyof StationFacts>(type: Type, data: Partial<StationFacts[Type]>): Promise<void> => {
    const at = isoTime(context.clock.now());
    const fact = {
      stationId: STATION,
      ocppVersion: 'ocpp1.6',
      receivedAt: at,
      occurredAt: at,
      messageId: 'm',
      action: 'x',
      raw: {},
      ...data,
    };
    return context.log.append(STATION_TOPIC, STATION, [
      { id: context.ids.next(), type, source: '/connection/test', subject: STATION, time: at, data: fact },
    ]);
  };
  const asks = (csr: string, more: Partial<StationFacts['voltlog.connection.CertificateSigningRequested.v1']> = {}) =>
    say('voltlog.connection.CertificateSigningRequested.v1', { csr, certificateType: 'ChargingStationCertificate', ...more });
  const connects = (more: Partial<StationFacts['voltlog.connection.StationConnected.v1']> = {}) =>
    say('voltlog.connection.StationConnected.v1', { epoch: 1, registered: true, ...more });
  const security = async () => {
    const { security: known } = await service.securityGrpc.getStationSecurity({ stationId: STATION });
    if (known === undefined) throw new Error('it is known');
    return known;
  };
  const access = async () => (await service.grpc.getStationAccess({ stationIds: [STATION], changedStationIds: [] })).stations[0];
  const newest = async () => (await security()).certificates[0]?.status;

  describe('a certificate', () => {
    it('is made for a good CSR, brought to the station, and known to be there', async () => {
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await newest()) === 'Installed', 'the certificate to be installed');
      const [sent] = connection.of('certificateSigned');
      const { rootCertificates } = await service.securityGrpc.getAuthority({});
      const certificate = new X509Certificate(String(sent?.['certificateChain']));
      expect(certificate.verify(new X509Certificate(rootCertificates).publicKey)).toBe(true);
      expect(certificate.serialNumber.toLowerCase()).toBe((await security()).certificates[0]?.serialNumber);
    });

    it('waits for a station that is away, and goes on as soon as that comes', async () => {
      connection.online = false;
      await asks((await testCsr(STATION, 'Voltlog')).csr, { requestId: 7 });
      await until(async () => (await newest()) === 'Issued', 'the certificate to be made');
      connection.online = true;
      await connects();
      await until(async () => (await newest()) === 'Installed', 'the certificate to be installed');
      expect(connection.of('certificateSigned')).toMatchObject([{ requestId: 7 }]);
    });

    it('is brought by the instance that comes after a crash', async () => {
      connection.away = true;
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await newest()) === 'Issued', 'the certificate to be made');
      await devices.pop()?.stop();
      connection.away = false;
      service = await open();
      context.clock.ms += 60_000;
      await until(async () => (await newest()) === 'Installed', 'the certificate to be installed');
    });

    it('that the station does not want is told', async () => {
      connection.answers.set('certificateSigned', { status: CommandStatus.REJECTED, reason: 'the station answered Rejected' });
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await newest()) === 'Rejected', 'the certificate to be rejected');
      expect((await security()).certificates[0]?.reason).toBe('the station answered Rejected');
    });

    it('that cannot be brought within a week is given up, unless the station shows it after all', async () => {
      connection.online = false;
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await newest()) === 'Issued', 'the certificate to be made');
      context.clock.ms += 8 * 86_400_000;
      await until(async () => (await newest()) === 'Undelivered', 'the certificate to be given up');
      const certificateSerial = (await security()).certificates[0]?.serialNumber ?? '';
      await connects({ securityProfile: 3, certificateSerial });
      await until(async () => (await newest()) === 'Installed', 'the certificate to be known as installed');
    });

    it.each([
      ['another station', 'ChargingStationCertificate', 'CP-2', /is for CP-2, and CP-1 sent it/],
      ['the vehicle side', 'V2GCertificate', STATION, /no authority for a V2GCertificate/],
    ])('for %s is refused, and that is told', async (_who, certificateType, name, words) => {
      await asks((await testCsr(name, 'Voltlog')).csr, { certificateType });
      await until(async () => (await security()).csrRefusal !== '', 'the refusal');
      expect((await security()).csrRefusal).toMatch(words);
      expect(connection.sent).toEqual([]);
    });

    it('is not made in a loop', async () => {
      const { csr } = await testCsr(STATION, 'Voltlog');
      for (let i = 0; i < 12; i += 1) await asks(csr);
      expect(await context.log.caughtUp({ group: 'device-facts', topic: STATION_TOPIC, key: STATION, deadlineMs: 5_000 })).toBe(true);
      const intents = await context.store.collection<Intent>('security_intents', intentSchema);
      await until(async () => (await intents.count()) === 0, 'all requests to be worked on');
      expect((await security()).certificates).toHaveLength(8);
    });

    it('of an authority outside waits for it, and is given up only when it refuses', { timeout: 30_000 }, async () => {
      const est = await EstServer.start();
      try {
        est.answer = (response) => response.writeHead(503).end('in maintenance');
        await Promise.all(devices.splice(0).map((device) => device.stop()));
        const more = {
          DEVICE_EST_URL: est.url,
          DEVICE_EST_USER: 'voltlog',
          DEVICE_EST_PASSWORD: 'secret',
          DEVICE_EST_CA_PATH: est.file('root.pem'),
        };
        service = await open({ ...CONFIG, ...more });
        await asks((await testCsr(STATION, 'Voltlog')).csr);
        await until(() => logged.some((line) => line.includes('in maintenance')), 'the first try');
        expect([await newest(), (await security()).csrRefusal]).toEqual([undefined, '']);
        // A crash meanwhile loses nothing.
        await Promise.all(devices.splice(0).map((device) => device.stop()));
        service = await open({ ...CONFIG, ...more });
        est.answer = undefined;
        context.clock.ms += 60_000;
        await until(async () => (await newest()) === 'Installed', 'the certificate to be installed');
        expect(connection.of('certificateSigned')[0]?.['certificateChain']).toContain('BEGIN CERTIFICATE');
        expect((await service.securityGrpc.getAuthority({})).rootCertificates).toContain(est.read('root.pem').trim());

        est.answer = (response) => response.writeHead(400).end('this name is not yours');
        await asks((await testCsr(STATION, 'Voltlog')).csr);
        await until(async () => (await security()).csrRefusal.includes('this name is not yours'), 'the refusal to be told');
      } finally {
        await est.stop();
      }
    });

    it('is revoked at once, once', async () => {
      const revoke = () =>
        service.securityGrpc.revokeCertificate({ stationId: STATION, serialNumber: '0A:BC', reason: 'stolen', idempotencyKey: '' });
      await revoke();
      await revoke();
      expect((await access())?.revokedCertificates).toEqual(['abc']);
    });

    it('from before those that were made were noted is known all the same, and so is that it was revoked', async () => {
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await newest()) === 'Installed', 'the certificate to be installed');
      const shown = new X509Certificate(String(connection.of('certificateSigned')[0]?.['certificateChain']));
      const issuer = new X509Certificate((await service.securityGrpc.getAuthority({})).rootCertificates).raw;
      const forget = async (): Promise<void> => {
        const rows = await context.store.collection<IssuedDoc>('issued_certificates', issuedSchema);
        await rows.delete((await rows.find({ where: {}, limit: 10 })).docs.map(({ id }) => id));
      };
      const check = async () => (await service.certificatesGrpc.checkClientCertificate({ certificate: shown.raw, issuer })).status;
      await forget();
      expect(await check()).toBe('Good');
      await service.securityGrpc.revokeCertificate({
        stationId: STATION,
        serialNumber: shown.serialNumber,
        reason: 'stolen',
        idempotencyKey: '',
      });
      await forget();
      // An answer is good for an hour.
      context.clock.ms += 2 * 3_600_000;
      expect(await check()).toBe('Revoked');
    });

    it('is renewed before it expires: the station is asked for a new CSR, in waves', async () => {
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await newest()) === 'Installed', 'the certificate to be installed');
      context.clock.ms += 359 * 86_400_000;
      await new Promise((resolve) => setImmediate(resolve));
      expect(connection.of('triggerMessage')).toEqual([]);
      context.clock.ms += 9 * 86_400_000;
      await until(() => connection.of('triggerMessage').length === 1, 'the station to be asked');
      expect(connection.of('triggerMessage')).toMatchObject([{ requestedMessage: 'SignChargingStationCertificate' }]);
    });

    it('is not renewed at a station that was retired meanwhile, and its entry goes', async () => {
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await newest()) === 'Installed', 'the certificate to be installed');
      await service.grpc.retireStation({ stationId: STATION, idempotencyKey: '' });
      const renewals = await context.store.collection('certificate_renewals', renewalSchema);
      await until(async () => (await renewals.find({ where: {}, limit: 1 })).docs.length === 1, 'its entry');
      context.clock.ms += 368 * 86_400_000;
      await until(async () => (await renewals.find({ where: {}, limit: 1 })).docs.length === 0, 'its entry to go');
      expect(connection.of('triggerMessage')).toEqual([]);
    });

    it('cannot be had where no key is configured', async () => {
      await devices.pop()?.stop();
      service = await open({ DEVICE_INTENT_LOOK_MS: '10' });
      await expect(service.securityGrpc.getAuthority({})).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'NoSecretKey' });
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await security()).csrRefusal.includes('DEVICE_SECRET_KEY'), 'the refusal');
    });
  });

  describe('a new password', () => {
    const change = (idempotencyKey = '') => service.securityGrpc.changePassword({ stationId: STATION, idempotencyKey });
    const fits = (hash: string | undefined, password: string) => {
      const [, salt = '', digest] = (hash ?? '').split('$');
      return createHash('sha256').update(Buffer.from(salt, 'base64url')).update(password).digest('base64url') === digest;
    };
    const sentPassword = () => {
      const [value] = connection.of('setVariables');
      return (value?.['variables'] as connectionV1.Variable[] | undefined)?.[0];
    };

    it('counts beside the old one until the station has shown it', async () => {
      const before = (await access())?.passwordHash;
      await change();
      await until(() => sentPassword() !== undefined, 'the password to be sent');
      const sent = sentPassword();
      expect(sent).toMatchObject({ name: 'AuthorizationKey', value: expect.stringMatching(/^[0-9a-f]{40}$/) });
      expect(await access()).toMatchObject({ passwordHash: before });
      expect(fits((await access())?.offeredPasswordHash, sent?.value ?? '')).toBe(true);
      await connects({ showedOffered: true });
      await connects({ showedOffered: true, offeredChangeId: 'an earlier one' });
      expect(await context.log.caughtUp({ group: 'device-facts', topic: STATION_TOPIC, key: STATION, deadlineMs: 5_000 })).toBe(true);
      expect((await access())?.offeredPasswordHash).not.toBe('');
      await connects({ showedOffered: true, offeredChangeId: (await access())?.offeredChangeId ?? '' });
      await until(async () => (await access())?.offeredPasswordHash === '', 'the new one to count');
      expect(fits((await access())?.passwordHash, sent?.value ?? '')).toBe(true);
    });

    it('is BasicAuthPassword for 2.x', async () => {
      connection.ocppVersion = 'ocpp2.0.1';
      await change();
      await until(() => sentPassword() !== undefined, 'the password to be sent');
      expect(sentPassword()).toMatchObject({ component: 'SecurityCtrlr', name: 'BasicAuthPassword' });
    });

    it('that the station refuses is taken back', async () => {
      connection.answers.set('setVariables', { status: CommandStatus.REJECTED, reason: 'the station answered Rejected' });
      await change();
      await until(async () => (await security()).passwordChange === undefined, 'the offer to be taken back');
      // What is remembered for the edge follows the commit.
      await until(async () => (await access())?.offeredPasswordHash === '', 'the edge to know');
    });

    it('whose answer was lost stays, whatever the station says later: it may have it', async () => {
      connection.answers.set('setVariables', { status: CommandStatus.TIMED_OUT });
      await change();
      await until(() => connection.sent.length === 1, 'the password to be sent');
      connection.answers.set('setVariables', { status: CommandStatus.REJECTED, reason: 'no' });
      await untilPassed(context.clock, 60_000, () => connection.sent.length >= 2, 'the password to be sent again');
      expect(connection.of('setVariables')[0]).toEqual(connection.of('setVariables')[1]);
      expect((await access())?.offeredPasswordHash).not.toBe('');
    });

    it('that was never sent in 30 days is taken back, so that another can be made', async () => {
      connection.online = false;
      await change();
      context.clock.ms += 30 * 86_400_000;
      await until(async () => (await security()).passwordChange === undefined, 'the offer to be taken back');
      await change();
      expect((await access())?.offeredPasswordHash).not.toBe('');
    });

    it('that was sent is sent on until it is shown, however long that takes', async () => {
      connection.answers.set('setVariables', { status: CommandStatus.TIMED_OUT });
      await change();
      await until(() => connection.sent.length === 1, 'the password to be sent');
      await untilPassed(context.clock, 31 * 86_400_000, () => logged.length === 1, 'somebody to be told');
      const before = connection.sent.length;
      await untilPassed(context.clock, 3_600_000, () => connection.sent.length > before, 'it to be sent again');
      expect((await access())?.offeredPasswordHash).not.toBe('');
      await expect(change('other')).rejects.toMatchObject({ reason: 'PasswordChangeUnderWay' });
    });

    it('that a process died over is not taken back when the station says no later: it may have it', async () => {
      connection.hangs = true;
      await change();
      await until(() => connection.sent.length === 1, 'the password to be on its way');
      connection.hangs = false;
      const dying = devices.pop()?.stop();
      connection.answers.set('setVariables', { status: CommandStatus.REJECTED, reason: 'no' });
      service = await open();
      await untilPassed(context.clock, 60_000, () => connection.sent.length >= 2, 'the password to be sent again');
      expect((await access())?.offeredPasswordHash).not.toBe('');
      connection.end();
      await dying;
    });

    it('is one at a time, and the same for the same request', async () => {
      connection.online = false;
      await change('k');
      const offered = (await access())?.offeredPasswordHash;
      await change('k');
      expect((await access())?.offeredPasswordHash).toBe(offered);
      await expect(change('other')).rejects.toMatchObject({ reason: 'PasswordChangeUnderWay' });
    });

    it('that the station took counts on when another is set by hand meanwhile, until it shows that one', async () => {
      connection.answers.set('setVariables', { status: CommandStatus.TIMED_OUT });
      await change();
      await until(() => sentPassword() !== undefined, 'the password to be sent');
      const sent = sentPassword()?.value ?? '';
      const { password: byHand } = await service.grpc.setStationCredential({ stationId: STATION, password: '', idempotencyKey: '' });
      const { passwordHash, offeredPasswordHash, offeredChangeId = '' } = (await access()) ?? {};
      expect([fits(passwordHash, sent), fits(offeredPasswordHash, byHand)]).toEqual([true, true]);
      expect((await security()).passwordChange?.status).toBe('SetByHand');
      // It is not sent any more.
      const intents = await context.store.collection<Intent>('security_intents', intentSchema);
      await untilPassed(context.clock, 60_000, async () => (await intents.count()) === 0, 'nothing to be on its way');
      expect(connection.of('setVariables')).toHaveLength(1);
      await connects({ showedOffered: true, offeredChangeId });
      await until(async () => (await access())?.offeredPasswordHash === '', 'the one set by hand to count alone');
      expect(fits((await access())?.passwordHash, byHand)).toBe(true);
    });

    it('does not lie readable in the store', async () => {
      connection.online = false;
      await change();
      connection.online = true;
      await connects();
      await until(() => sentPassword() !== undefined, 'the password to be sent');
      const streams = [...(await context.store.streams.load([`station:${STATION}`])).values()];
      expect(JSON.stringify(streams)).not.toContain(sentPassword()?.value);
    });
  });

  describe('a password that is made to be set by hand', () => {
    const set = (more: object = {}) =>
      service.grpc.setStationCredential({ stationId: STATION, password: '', idempotencyKey: 'k', ...more });
    const fits = (hash: string | undefined, password: string) => {
      const [, salt = '', digest] = (hash ?? '').split('$');
      return createHash('sha256').update(Buffer.from(salt, 'base64url')).update(password).digest('base64url') === digest;
    };
    const restart = async () => {
      await devices.pop()?.stop();
      service = await open();
    };

    it('is told again to a repetition, whose first answer was lost with the process, and to nobody else', async () => {
      const { password } = await set();
      expect(password).toMatch(/^[A-Za-z0-9_-]{20}$/);
      await restart();
      expect(await set()).toEqual({ password });
      expect(fits((await access())?.passwordHash, password)).toBe(true);
      const intents = await context.store.collection<Intent>('security_intents', intentSchema);
      expect(JSON.stringify((await intents.find({ limit: 10 })).docs)).not.toContain(password);
    });

    it('is told to both of two requests that are the same', async () => {
      const [one, other] = await Promise.all([set(), set()]);
      expect(one.password).toMatch(/^[A-Za-z0-9_-]{20}$/);
      expect(other).toEqual(one);
      expect(fits((await access())?.passwordHash, one.password)).toBe(true);
    });

    it('is not told once another one counts', async () => {
      await set();
      await set({ password: 'set-by-hand-meanwhile', idempotencyKey: 'another' });
      expect(await set()).toEqual({ password: '' });
    });

    it('that was registered with the station is told again too', async () => {
      const request = deviceV1.RegisterStationRequest.fromPartial({ stationId: 'CP-2', securityProfileMin: 1, idempotencyKey: 'r' });
      const { password } = await service.grpc.registerStation(request);
      await restart();
      expect(await service.grpc.registerStation(request)).toMatchObject({ password, station: { securityProfileMin: 1 } });
    });

    it('is kept for a day, and not brought to the station, also while another one is on its way', async () => {
      connection.answers.set('setVariables', { status: CommandStatus.TIMED_OUT });
      await service.securityGrpc.changePassword({ stationId: STATION, idempotencyKey: '' });
      await until(() => connection.of('setVariables').length === 1, 'the other one to be sent');
      const { password } = await set();
      const intents = await context.store.collection<Intent>('security_intents', intentSchema);
      await untilPassed(context.clock, 60_000, async () => (await intents.count()) === 1, 'the other one to be over');
      await connects();
      expect(await context.log.caughtUp({ group: 'device-facts', topic: STATION_TOPIC, key: STATION, deadlineMs: 5_000 })).toBe(true);
      expect(await set()).toEqual({ password });
      await untilPassed(context.clock, 86_400_000, async () => (await intents.count()) === 0, 'it to be forgotten');
      expect(await set()).toEqual({ password: '' });
      expect(connection.of('setVariables')).toHaveLength(1);
      expect(fits((await access())?.offeredPasswordHash, password)).toBe(true);
    });
  });

  describe('the password of a station that is accepted', () => {
    const STRANGER = 'CP-9';
    const accept = (more: object = {}) =>
      service.grpc.updateStation(deviceV1.UpdateStationRequest.fromPartial({ stationId: STRANGER, accept: true, ...more }));
    const accessOf = async () => (await service.grpc.getStationAccess({ stationIds: [STRANGER], changedStationIds: [] })).stations[0];
    const fits = (hash: string | undefined, password: string) => {
      const [, salt = '', digest] = (hash ?? '').split('$');
      return createHash('sha256').update(Buffer.from(salt, 'base64url')).update(password).digest('base64url') === digest;
    };
    const brought = () =>
      connection.of('setVariables').flatMap((value) => (value['variables'] as connectionV1.Variable[]).map((each) => each.value));
    const comesWithIt = async () =>
      connects({ stationId: STRANGER, showedOffered: true, offeredChangeId: (await accessOf())?.offeredChangeId ?? '' });

    beforeEach(async () => {
      await say('voltlog.connection.StationConnected.v1', { stationId: STRANGER, epoch: 1, registered: false });
      await until(async () => (await accessOf())?.lifecycle === deviceV1.StationLifecycle.QUARANTINED, 'it to be in quarantine');
    });

    it('is made with the acceptance, told to that request alone, brought to it, and counts', async () => {
      const { station, password } = await accept({ idempotencyKey: 'k' });
      expect([station?.lifecycle, station?.hasCredential]).toEqual([deviceV1.StationLifecycle.ACTIVE, true]);
      expect(fits((await accessOf())?.offeredPasswordHash, password)).toBe(true);
      await until(() => brought().length > 0, 'the password to be brought');
      expect(brought()).toEqual([password]);
      expect((await accept()).password).toBe('');
      await comesWithIt();
      await until(async () => (await accessOf())?.offeredPasswordHash === '', 'it to be settled');
      expect(fits((await accessOf())?.passwordHash, password)).toBe(true);
    });

    it.each([
      ['on its way', () => undefined],
      ['refused by the station', () => connection.answers.set('setVariables', { status: CommandStatus.NOT_SUPPORTED, reason: 'no' })],
    ])('is told again to a repetition, whose first answer was lost with the process, while it is %s', async (_, goesWrong) => {
      goesWrong();
      const { password } = await accept({ idempotencyKey: 'k' });
      await until(() => brought().length > 0, 'the password to be brought');
      const settled = async () => (await accessOf())?.offeredPasswordHash === '';
      if (connection.answers.size > 0) await until(settled, 'it to be settled');
      await devices.pop()?.stop();
      service = await open();
      expect(await accept({ idempotencyKey: 'k' })).toMatchObject({ password });
      expect((await accept({ idempotencyKey: 'another' })).password).toBe('');
      await service.grpc.setStationCredential({ stationId: STRANGER, password: 'set-by-hand-meanwhile', idempotencyKey: '' });
      if (await settled()) expect((await accept({ idempotencyKey: 'k' })).password).toBe('');
    });

    it('is told to both of two requests that are the same', async () => {
      const [one, other] = await Promise.all([accept({ idempotencyKey: 'k' }), accept({ idempotencyKey: 'k' })]);
      expect(one.password).toMatch(/^[0-9a-f]{40}$/);
      expect(other.password).toBe(one.password);
      expect(fits((await accessOf())?.offeredPasswordHash, one.password)).toBe(true);
    });

    it('is the one that the operator chose', async () => {
      expect((await accept({ password: 'chosen-by-an-operator', idempotencyKey: 'c' })).password).toBe('');
      expect((await accept({ idempotencyKey: 'c' })).password).toBe('');
      await until(() => brought().length > 0, 'the password to be brought');
      expect([brought(), (await accessOf())?.offeredPasswordHash]).toEqual([['chosen-by-an-operator'], expect.stringMatching(/^scrypt\$/)]);
    });

    it('is brought by the process that comes after one that died behind the acceptance', async () => {
      connection.away = true;
      const { password } = await accept();
      await devices.pop()?.stop();
      connection.away = false;
      service = await open();
      await untilPassed(context.clock, 60_000, () => brought().length > 0, 'the password to be brought');
      expect(brought()).toEqual([password]);
    });

    it.each([
      ['refuses it', () => connection.answers.set('setVariables', { status: CommandStatus.NOT_SUPPORTED, reason: 'no such key' })],
      ['is away for 30 days', () => void (connection.online = false)],
    ])('goes on to count when the station %s, since somebody was told it', async (_, goesWrong) => {
      goesWrong();
      const { password } = await accept();
      expect(password).not.toBe('');
      if (!connection.online) context.clock.ms += 30 * 86_400_000;
      await until(async () => (await accessOf())?.offeredPasswordHash === '', 'it to be settled');
      expect(fits((await accessOf())?.passwordHash, password)).toBe(true);
    });

    it.each([0, 3])('is not made for one on security profile %d', async (profile) => {
      connection.securityProfile = profile;
      expect((await accept()).password).toBe('');
      expect(await accessOf()).toMatchObject({
        lifecycle: deviceV1.StationLifecycle.ACTIVE,
        passwordHash: '',
        offeredPasswordHash: '',
      });
    });

    it('is not made for one that has one already, or is to have none', async () => {
      await service.grpc.setStationCredential({ stationId: STRANGER, password: '', idempotencyKey: '' });
      expect((await accept()).password).toBe('');
      expect((await accessOf())?.offeredPasswordHash).toBe('');
      await expect(accept({ withoutCredential: true, password: 'chosen-by-an-operator' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await expect(accept({ accept: false, password: 'chosen-by-an-operator' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('is not made where somebody else changed the station in between: it stays in quarantine', async () => {
      await expect(accept({ expectedVersion: 99 })).rejects.toMatchObject({ reason: 'RevisionMismatch' });
      expect(await accessOf()).toMatchObject({ lifecycle: deviceV1.StationLifecycle.QUARANTINED, offeredPasswordHash: '' });
    });
  });

  describe('another security profile', () => {
    const change = (toProfile: number, more: object = {}) =>
      service.securityGrpc.changeSecurityProfile({
        stationId: STATION,
        toProfile,
        csmsRootCertificate: '',
        csmsUrl: '',
        slot: 0,
        allowDowngrade: false,
        enforce: true,
        idempotencyKey: '',
        ...more,
      });
    const phase = async () => (await security()).profileChange?.phase;
    const comesBack = async (securityProfile: number) => {
      context.clock.ms += 5_000;
      connection.securityProfile = securityProfile;
      connection.connectedAt = isoTime(context.clock.now());
      await connects({ securityProfile });
    };
    const variables = () =>
      connection.of('setVariables').flatMap((value) => (value['variables'] as connectionV1.Variable[]).map((one) => [one.name, one.value]));

    it('1.6 from 1 to 2: root, SecurityProfile, and required once it has come', async () => {
      await change(2, { csmsRootCertificate: 'PEM' });
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      // None of the keys that are known for its address is there: it goes by its profile alone.
      expect(connection.sent.map((each) => each.$case)).toEqual(['installCertificate', 'getVariables', 'setVariables']);
      expect(variables()).toEqual([['SecurityProfile', '2']]);
      expect((await access())?.securityProfileMin).toBe(0);
      await comesBack(2);
      await until(async () => (await phase()) === 'Completed', 'the change to be done');
      expect((await access())?.securityProfileMin).toBe(2);
    });

    const hasKey = () =>
      connection.answers.set('getVariables', {
        variables: [
          connectionV1.VariableResult.fromPartial({
            variable: { name: 'Cst_BackendUrl', value: 'ws://csms:9220/ocpp' },
            status: 'Accepted',
          }),
        ],
      });

    it('1.6 is told the address of the new profile by the key of its make, before the profile', async () => {
      hasKey();
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      expect(variables()).toEqual([
        ['Cst_BackendUrl', 'wss://csms:9221/ocpp'],
        ['SecurityProfile', '2'],
      ]);
      expect(connection.sent.at(-1)?.$case).toBe('reset');
      await comesBack(2);
      await until(async () => (await phase()) === 'Completed', 'the change to be done');
    });

    it('1.6 that comes back on the old profile is given its old address again', async () => {
      hasKey();
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      await comesBack(1);
      context.clock.ms += 79_000;
      await until(async () => (await phase()) === 'RolledBack', 'the change to be given up');
      expect(variables().at(-1)).toEqual(['Cst_BackendUrl', 'ws://csms:9220/ocpp']);
    });

    it('1.6 that does not take the new profile keeps its address', async () => {
      hasKey();
      connection.refusesVariable = 'SecurityProfile';
      await change(2);
      await until(async () => (await phase()) === 'Failed', 'the change to fail');
      expect(variables()).toEqual([
        ['Cst_BackendUrl', 'wss://csms:9221/ocpp'],
        ['SecurityProfile', '2'],
        ['Cst_BackendUrl', 'ws://csms:9220/ocpp'],
      ]);
    });

    it('1.6 that goes before it answers has come once it is on the new profile: nothing is told to it twice', async () => {
      hasKey();
      connection.goesWithVariable = 'SecurityProfile';
      await change(2);
      await until(() => variables().length === 2, 'the station to be told');
      expect(await phase()).toBe('Switch');
      connection.goesWithVariable = '';
      connection.refusesVariable = 'SecurityProfile';
      await comesBack(2);
      await until(async () => (await phase()) === 'Completed', 'the change to be done');
      expect(variables()).toHaveLength(2);
      await until(async () => (await access())?.securityProfileMin === 2, 'it to be required');
    });

    it('1.6 that is gone while its old address is written is told it again', async () => {
      hasKey();
      connection.refusesVariable = 'SecurityProfile';
      const { sendCommand } = connection;
      connection.sendCommand = async (request) => {
        const answer = await sendCommand.call(connection, request);
        return variables().length === 3 ? { ...answer, status: CommandStatus.OFFLINE } : answer;
      };
      await change(2);
      await until(() => variables().length === 3, 'the old address to be told');
      expect(await phase()).toBe('Switch');
      await comesBack(1);
      await until(async () => (await phase()) === 'Failed', 'the change to fail');
      expect(variables().at(-1)).toEqual(['Cst_BackendUrl', 'ws://csms:9220/ocpp']);
      expect(variables()).toHaveLength(6);
    });

    it('1.6 whose time is over before it took the new profile is given its old address again', async () => {
      hasKey();
      connection.goesWithVariable = 'SecurityProfile';
      await change(2);
      await until(() => variables().length === 2, 'the station to be told');
      context.clock.ms += 86_400_000;
      await connects();
      await until(async () => (await phase()) === 'Failed', 'the change to fail');
      expect(variables().at(-1)).toEqual(['Cst_BackendUrl', 'ws://csms:9220/ocpp']);
    });

    it('of a SOAP station is refused, clearly: it has none', async () => {
      connection.dialect = '1.6S';
      await expect(change(2)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', message: expect.stringContaining('NotSupported') });
      expect([await phase(), connection.sent]).toEqual([undefined, []]);
    });

    it('to 3 waits for a certificate, which it asks the station to ask for', async () => {
      connection.securityProfile = 2;
      await change(3);
      await until(() => connection.of('triggerMessage').length === 1, 'the station to be asked');
      expect(await phase()).toBe('AwaitCertificate');
      await asks((await testCsr(STATION, 'Voltlog')).csr);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      expect(variables()).toEqual([['SecurityProfile', '3']]);
    });

    it('2.x by a network profile that comes first, the old ones after it', async () => {
      connection.ocppVersion = 'ocpp2.0.1';
      connection.answers.set('getVariables', {
        variables: [connectionV1.VariableResult.fromPartial({ variable: { value: '1,0' }, status: 'Accepted' })],
      });
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      expect(connection.of('setNetworkProfile')).toMatchObject([{ slot: 2, csmsUrl: 'wss://csms:9221/ocpp', securityProfile: 2 }]);
      expect(variables()).toEqual([['NetworkConfigurationPriority', '2,1,0']]);
      expect(connection.sent.at(-1)?.$case).toBe('reset');
    });

    it('is given up when the station comes back on the old one and stays there; nothing is required then', async () => {
      connection.ocppVersion = 'ocpp2.0.1';
      connection.answers.set('getVariables', {
        variables: [connectionV1.VariableResult.fromPartial({ variable: { value: '1' }, status: 'Accepted' })],
      });
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      await comesBack(1);
      context.clock.ms += 59_000;
      expect(await phase()).toBe('AwaitConnection');
      context.clock.ms += 20_000;
      await until(async () => (await phase()) === 'RolledBack', 'the change to be given up');
      expect(variables().at(-1)).toEqual(['NetworkConfigurationPriority', '1']);
      expect((await access())?.securityProfileMin).toBe(0);
      expect((await security()).profileChange?.reason).toBe('the station is back on security profile 1');
    });

    it('fails when the station refuses, and when it does not come in a day', async () => {
      connection.answers.set('setVariables', { status: CommandStatus.REJECTED, reason: 'the station answered Rejected' });
      await change(2);
      await until(async () => (await phase()) === 'Failed', 'the change to fail');
      connection.answers.clear();
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      connection.online = false;
      context.clock.ms += 86_400_000;
      await until(async () => (await phase()) === 'Failed', 'the change to fail');
    });

    it('2.x that has not gone within a day is told to stay', async () => {
      connection.ocppVersion = 'ocpp2.0.1';
      connection.answers.set('getVariables', {
        variables: [connectionV1.VariableResult.fromPartial({ variable: { value: '1' }, status: 'Accepted' })],
      });
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      context.clock.ms += 86_400_000;
      await until(async () => (await phase()) === 'Failed', 'the change to fail');
      expect(variables().at(-1)).toEqual(['NetworkConfigurationPriority', '1']);
    });

    it('1.6 that has not gone within a day keeps the address that goes with the profile it has taken', async () => {
      hasKey();
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      context.clock.ms += 86_400_000;
      await until(async () => (await phase()) === 'Failed', 'the change to fail');
      expect(variables().at(-1)).toEqual(['SecurityProfile', '2']);
    });

    it('is done when the station came within the day, though nobody looked until after it', async () => {
      await change(2);
      await until(async () => (await phase()) === 'AwaitConnection', 'the station to be switched');
      connection.securityProfile = 2;
      connection.connectedAt = isoTime(context.clock.now() + 5_000);
      context.clock.ms += 86_400_000;
      await until(async () => (await phase()) === 'Completed', 'the change to be done');
    });

    it('is cancelled', async () => {
      connection.answers.set('setVariables', { status: CommandStatus.TIMED_OUT });
      await change(2);
      await until(async () => (await phase()) === 'Switch', 'the change to begin');
      await service.securityGrpc.cancelSecurityProfileChange({ stationId: STATION, idempotencyKey: '' });
      expect(await phase()).toBe('Cancelled');
      await expect(service.securityGrpc.cancelSecurityProfileChange({ stationId: STATION, idempotencyKey: '' })).rejects.toMatchObject({
        reason: 'NoProfileChange',
      });
    });

    it('is refused where it makes no sense', async () => {
      await expect(change(1)).rejects.toMatchObject({ reason: 'ProfileUnchanged' });
      await expect(change(4)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(change(2, { csmsUrl: 'http://x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      connection.securityProfile = 3;
      await expect(change(2)).rejects.toMatchObject({ reason: 'DowngradeNotAllowed' });
      connection.online = false;
      await expect(change(2)).rejects.toMatchObject({ reason: 'StationOffline' });
    });
  });
});
