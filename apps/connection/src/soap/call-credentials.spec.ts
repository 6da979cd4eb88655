import { OperatingError } from '@voltlog/kernel';
import { SecretBox } from '@voltlog/outbound';
import { callCredentialsV1, connectionV1, deviceV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PresenceRow, presenceSchema } from '../presence/presence.schema.js';
import { type Instance, World } from '../testing/harness.js';
import { sha256Of } from '../testing/passwords.js';
import { SoapTestStation } from '../testing/soap-test-station.js';
import { basic } from '../testing/test-station.js';
import { type CallCredentialRow, CallCredentials, CredentialUnavailable, callCredentialSchema } from './call-credentials.js';
import { type Challenge, digestOf, readChallenge } from './digest.js';

const { CommandStatus } = connectionV1;
const { StationLifecycle } = deviceV1;
const PASSWORD = 'a-password-of-size-24---';
const CALL_PASSWORD = 'pä:ss word';

let world: World;
let station: SoapTestStation;
const open: SoapTestStation[] = [];
const credentials = (instance: Instance | undefined = world.instances[0]): callCredentialsV1.CallCredentialService => {
  if (instance === undefined) throw new Error('no instance was started');
  return instance.rpc.client<callCredentialsV1.CallCredentialService>(callCredentialsV1.CallCredentialServiceDefinition, { address: '' });
};
const put = (more: Partial<callCredentialsV1.PutCallCredentialRequest> = {}) =>
  credentials().putCallCredential({ stationId: 'SECURE', username: '', password: CALL_PASSWORD, scheme: '', ...more });
const reset = (stationId = 'SECURE', instance?: Instance) =>
  world.command(
    stationId,
    { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE, evseId: 0 } },
    { ...(instance && { instance }) },
  );
const stationOf = async (
  stationId: string,
  password?: string,
  { port = world.instances[0]?.port ?? 0, from = undefined as string | undefined } = {},
) => {
  const one = await SoapTestStation.open({ port, stationId, ...(password === undefined ? {} : { password }) });
  open.push(one);
  await one.ask('Heartbeat', {}, from);
  return one;
};

beforeEach(async () => {
  world = await World.open();
  await world.start();
  world.device.register('SECURE', { passwordHash: sha256Of(PASSWORD) });
  station = await stationOf('SECURE', PASSWORD);
});
afterEach(async () => {
  await world.close();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe('calls to a station that speaks SOAP', () => {
  it('carry no password where none is set', async () => {
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(station.shown).toEqual([undefined]);
  });

  it('are refused as a SecurityError where one is demanded and none is set, and it is not sent again', async () => {
    station.demanded = basic('SECURE', CALL_PASSWORD);
    expect(await reset()).toMatchObject({
      status: CommandStatus.REJECTED,
      stationStatus: 'SecurityError',
      reason: expect.stringContaining('it demands a password, and none is set for calls to it (HTTP 401)'),
    });
    expect(station.shown).toEqual([undefined]);
  });

  it('carry the one that is set, at once, from any instance and from one that was started anew', async () => {
    station.demanded = basic('SECURE', CALL_PASSWORD);
    await put();
    const second = await world.start();
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(await reset('SECURE', second)).toMatchObject({ status: CommandStatus.ACCEPTED });
    await world.instances[0]?.runtime.drain();
    expect(await reset('SECURE', await world.start())).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(new Set(station.shown)).toEqual(new Set([basic('SECURE', CALL_PASSWORD)]));
  });

  it('carry it also where nobody demands it, with the user name that was given', async () => {
    await put({ username: 'csms' });
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(station.shown).toEqual([basic('csms', CALL_PASSWORD)]);
  });

  it('with a wrong one are refused as that, and right once it is changed', async () => {
    station.demanded = basic('SECURE', CALL_PASSWORD);
    await put({ password: 'another' });
    expect(await reset()).toMatchObject({
      status: CommandStatus.REJECTED,
      stationStatus: 'SecurityError',
      reason: expect.stringContaining('it does not take the user name and password that are set for calls to it (HTTP 401)'),
    });
    await put();
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    await credentials().deleteCallCredential({ stationId: 'SECURE' });
    expect(await reset()).toMatchObject({ status: CommandStatus.REJECTED, reason: expect.stringContaining('none is set') });
  });

  it('do not show it to who has shown nothing: anybody could take that name', async () => {
    const anybody = await stationOf('CP1');
    await put({ stationId: 'CP1' });
    expect(await reset('CP1')).toMatchObject({ status: CommandStatus.ACCEPTED });
    anybody.demanded = basic('CP1', CALL_PASSWORD);
    expect(await reset('CP1')).toMatchObject({
      status: CommandStatus.REJECTED,
      reason: expect.stringContaining('was not shown, since the station is not registered or has shown no password'),
    });
    expect(anybody.shown).toEqual([undefined, undefined]);
  });

  it('are not sent without it where it cannot be decrypted', async () => {
    await put();
    const other = await world.start({ CONNECTION_SECRET_KEY: Buffer.alloc(32, 7).toString('base64') });
    await credentials(other).putCallCredential({ stationId: 'SECURE', username: '', password: CALL_PASSWORD, scheme: '' });
    expect(await reset()).toMatchObject({
      status: CommandStatus.OFFLINE,
      reason: expect.stringContaining('cannot be decrypted: set it again'),
    });
    expect(station.shown).toEqual([]);
    expect(await reset('SECURE', other)).toMatchObject({ status: CommandStatus.ACCEPTED });
  });
});

describe('calls to a station that asks for Digest', () => {
  let nonce = 'one';
  /** Asks for its nonce, and checks what it is shown against the password. */
  const asking = (more = '') => {
    const challenge = `Digest realm="CP", qop="auth", nonce="${nonce}"${more}`;
    const { realm, algorithm } = readChallenge(challenge) as Challenge;
    return (shown: string | undefined): string | undefined => {
      const [, count = '', cnonce = ''] = /nc=(\w+), cnonce="(\w+)"/.exec(shown ?? '') ?? [];
      const right = { realm, algorithm, nonce, opaque: undefined, qop: true };
      const of = { username: 'SECURE', password: CALL_PASSWORD, method: 'POST', uri: '/cp' };
      const expected = digestOf(right, of, { count: Number.parseInt(count, 16), cnonce });
      return shown === expected ? undefined : challenge.replace(/nonce="\w+"/, `nonce="${nonce}"`);
    };
  };
  beforeEach(() => {
    nonce = 'one';
    station.asks = asking();
  });
  const counted = () =>
    station.shown.map((each) => (each === undefined ? 'none' : /nonce="(\w+)".*nc=0*(\w+)/.exec(each)?.slice(1).join(' ')));

  it('show who they are once it asks, and from then on at once; a nonce that is over costs one more', async () => {
    await put({ scheme: 'Digest' });
    for (const _ of [1, 2, 3]) expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    nonce = 'two';
    for (const _ of [1, 2]) expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(counted()).toEqual(['none', 'one 1', 'one 2', 'one 3', 'one 4', 'two 1', 'two 2']);
    expect(station.received.map(({ action }) => action)).toEqual(Array(5).fill('Reset'));
    expect(JSON.stringify(station.shown)).not.toContain(Buffer.from(CALL_PASSWORD).toString('base64').slice(0, 8));
  });

  it('do so by SHA-256 too, and from an instance that was started anew', async () => {
    station.asks = asking(', algorithm=SHA-256');
    await put({ scheme: 'Digest' });
    for (const instance of [undefined, await world.start()])
      expect(await reset('SECURE', instance)).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(counted()).toEqual(['none', 'one 1', 'none', 'one 1']);
  });

  it('with a wrong password are refused as that, after one more try', async () => {
    await put({ scheme: 'Digest', password: 'another' });
    const refused = { status: CommandStatus.REJECTED, stationStatus: 'SecurityError', reason: expect.stringContaining('does not take') };
    expect(await reset()).toMatchObject(refused);
    expect(counted()).toEqual(['none', 'one 1']);
    expect(await reset()).toMatchObject(refused);
    expect(counted()).toEqual(['none', 'one 1', 'one 2']);
    await put({ scheme: 'Digest' });
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(counted()).toEqual(['none', 'one 1', 'one 2', 'one 3']);
  });

  it('show no count twice where what may be asked again is, since its answer was lost', async () => {
    let cuts = 1;
    station.onCall = () => (cuts-- > 0 ? undefined : { status: 'Accepted', configurationKey: [] });
    await put({ scheme: 'Digest' });
    const call = { $case: 'rawCall', value: { action: 'GetConfiguration', payloadJson: '{}' } } as const;
    expect(await world.command('SECURE', call)).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(counted()).toEqual(['none', 'one 1', 'one 2']);
  });

  it('never show the password to one that asks for Basic, and say so', async () => {
    station.asks = () => 'Basic realm="CP"';
    await put({ scheme: 'Digest' });
    expect(await reset()).toMatchObject({ reason: expect.stringContaining('asks for them otherwise than by Digest') });
    expect(station.shown).toEqual([undefined]);
  });

  it('where it is set for Basic, say what is to be done', async () => {
    await put();
    expect(await reset()).toMatchObject({ reason: expect.stringContaining('set it again, for Digest') });
  });

  it('carry nothing where it asks for nothing', async () => {
    station.asks = () => undefined;
    await put({ scheme: 'Digest' });
    expect(await reset()).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(station.shown).toEqual([undefined]);
  });
});

describe.each(['quarantine', 'accept'])('where stations that are not registered get in (%s)', (policy) => {
  let first: Instance;
  let second: Instance;
  let anybody: SoapTestStation;
  beforeEach(async () => {
    first = await world.start({ UNKNOWN_STATIONS: policy });
    world.device.register('Q', { lifecycle: StationLifecycle.QUARANTINED });
    anybody = await stationOf('Q', 'whatever', { port: first.port });
    // Registered since: that says nothing about who came before.
    world.device.register('Q', { passwordHash: sha256Of(PASSWORD) });
    second = await world.start({ UNKNOWN_STATIONS: policy });
    await credentials(second).putCallCredential({ stationId: 'Q', username: '', password: CALL_PASSWORD, scheme: '' });
  });

  it('no instance shows who came so the password for calls', async () => {
    expect(await reset('Q', first)).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(await reset('Q', second)).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(await reset('Q', await world.start())).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(anybody.shown).toEqual([undefined, undefined, undefined]);
  });

  it('the station itself connects anew, and does not take over the address of who came before', async () => {
    const itself = await stationOf('Q', PASSWORD, { port: second.port, from: 'http://10.9.9.9:1/' });
    expect(await reset('Q', second)).toMatchObject({ status: CommandStatus.OFFLINE });
    expect(anybody.shown).toEqual([]);
    await itself.ask('Heartbeat', {});
    for (const instance of [second, await world.start()])
      expect(await reset('Q', instance)).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(itself.shown).toEqual([basic('Q', CALL_PASSWORD), basic('Q', CALL_PASSWORD)]);
    expect(anybody.shown).toEqual([]);
  });

  it('the station itself connects anew also on the instance that let in who came before', async () => {
    await world.deviceChanged('Q');
    await expect.poll(async () => (await anybody.post(anybody.envelope('Heartbeat', {}))).status, { timeout: 20_000 }).toBe(401);
    const itself = await stationOf('Q', PASSWORD, { port: first.port, from: 'http://10.9.9.9:1/' });
    expect(await reset('Q', first)).toMatchObject({ status: CommandStatus.OFFLINE });
    await itself.ask('Heartbeat', {});
    expect(await reset('Q', first)).toMatchObject({ status: CommandStatus.ACCEPTED });
    expect(itself.shown).toEqual([basic('Q', CALL_PASSWORD)]);
    expect(anybody.shown).toEqual([]);
  });
});

it('a station whose row is from before it was kept who is registered is shown nothing until it is heard', async () => {
  await put();
  const rows = await world.store.collection<PresenceRow>('presence', presenceSchema);
  const row = await rows.get('SECURE');
  expect(row).toMatchObject({ registered: true, securityProfile: 1 });
  const { registered: _, ...old } = row as PresenceRow;
  await rows.upsert([{ doc: old, expectedVersion: old.version }]);
  const second = await world.start();
  expect(await reset('SECURE', second)).toMatchObject({ status: CommandStatus.ACCEPTED });
  station.port = second.port;
  await station.ask('Heartbeat', {});
  expect(await reset('SECURE', second)).toMatchObject({ status: CommandStatus.ACCEPTED });
  expect(station.shown).toEqual([undefined, basic('SECURE', CALL_PASSWORD)]);
});

it('a password for calls that cannot be looked up is told as that, and not taken for none', async () => {
  const away = async () => {
    throw new OperatingError('StoreUnavailable', 'away');
  };
  const kept = new CallCredentials({ get: away } as never, new SecretBox([Buffer.alloc(32)]), { warn: () => {} } as never);
  await expect(kept.shownTo({ stationId: 'CP1', registered: true, securityProfile: 1 } as never)).rejects.toThrow(CredentialUnavailable);
});

describe('a password for calls', () => {
  it('is told by nobody, and lies nowhere readable: not in the answer, the store, the facts or the message log', async () => {
    const told = [await put(), await credentials().getCallCredential({ stationId: 'SECURE' })];
    expect(told[1]).toEqual({ credential: { stationId: 'SECURE', username: 'SECURE', scheme: 'Basic', updatedAt: expect.any(String) } });
    await reset();
    await world.instances[0]?.runtime.flushFrames();
    const { frames } = await world.rpc().listFrames({ stationId: 'SECURE', pageSize: 10, pageToken: '' });
    expect(frames.length).toBeGreaterThan(0);
    await expect.poll(() => world.facts('voltlog.connection.CommandAnswered.v1')).toHaveLength(1);
    const rows = await world.store.collection<CallCredentialRow>('callCredentials', callCredentialSchema);
    const kept = await rows.find({ limit: 10 });
    expect(kept.docs).toHaveLength(1);
    const everything = JSON.stringify([told, frames, world.log.appended, kept]);
    for (const secret of [CALL_PASSWORD, basic('SECURE', CALL_PASSWORD), Buffer.from(CALL_PASSWORD).toString('base64')])
      expect(everything).not.toContain(secret);
  });

  it.each([
    ['a refusal', 401],
    ['any answer', 500],
  ])('that %s (HTTP %i) repeats is kept and told nowhere', async (_what, status) => {
    await put();
    const text = `<html>${basic('SECURE', CALL_PASSWORD)}, who is that?</html>`;
    station.rawAnswer = { status, headers: {}, text };
    const told = await reset();
    await world.instances[0]?.runtime.flushFrames();
    const { frames } = await world.rpc().listFrames({ stationId: 'SECURE', pageSize: 10, pageToken: '' });
    const answer = frames.find(({ direction }) => direction === connectionV1.FrameDirection.FROM_STATION)?.text;
    expect(answer).toEqual(status === 401 ? 'HTTP 401' : text.replace(/Basic [^,]+/, 'Basic ***'));
    await expect.poll(() => world.facts('voltlog.connection.CommandAnswered.v1')).toHaveLength(1);
    expect(JSON.stringify([told, frames, world.log.appended])).not.toContain(basic('SECURE', CALL_PASSWORD).slice(6));
  });

  it.each([
    [StationLifecycle.QUARANTINED, 'NOT_FOUND'],
    [StationLifecycle.RETIRED, 'NOT_FOUND'],
    [StationLifecycle.ACTIVE, undefined],
  ])('of a station that is %s is answered %s', async (lifecycle, code) => {
    world.device.register('SOME', { lifecycle });
    const told = put({ stationId: 'SOME' }).then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
    expect(await told).toBe(code);
  });

  it.each<[string, Partial<callCredentialsV1.PutCallCredentialRequest>, object]>([
    ['no password', { password: '' }, { code: 'INVALID_ARGUMENT' }],
    ['one that is too long', { password: 'x'.repeat(256) }, { code: 'INVALID_ARGUMENT' }],
    ['a line break in it', { password: 'a\r\nX-Other: b' }, { code: 'INVALID_ARGUMENT' }],
    ['another scheme', { scheme: 'Bearer' }, { code: 'INVALID_ARGUMENT' }],
    ['a colon in the user name', { username: 'a:b' }, { code: 'INVALID_ARGUMENT' }],
    ['a station that is not registered', { stationId: 'NOBODY' }, { code: 'NOT_FOUND' }],
    ['no station', { stationId: '' }, { code: 'INVALID_ARGUMENT' }],
  ])('with %s is refused', async (_what, request, error) => {
    await expect(put(request)).rejects.toMatchObject(error);
  });

  it('as long as it may be is taken, and what is not there is not found', async () => {
    await put({ password: 'x'.repeat(255), username: 'y'.repeat(255) });
    const nobody = { stationId: 'CP1' };
    await expect(credentials().getCallCredential(nobody)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(credentials().deleteCallCredential(nobody)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
