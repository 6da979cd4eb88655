import { POLICY_TOPIC } from '@voltlog/authorization-contract';
import { authorizationV1, connectionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually, World } from '../testing/harness.js';
import { QUEUE_MAX } from './station-socket.js';

const { AuthorizationStatus } = authorizationV1;
const boot = { chargePointVendor: 'A', chargePointModel: 'B' };
const start = { connectorId: 1, idTag: 'AA', meterStart: 100, timestamp: '2026-01-02T03:04:05.000Z' };
const stop = { transactionId: 7, meterStop: 200, timestamp: '2026-01-02T04:04:05.000Z' };
const meter = {
  connectorId: 1,
  transactionId: 7,
  meterValue: [{ timestamp: '2026-01-02T03:30:00.000Z', sampledValue: [{ value: '150' }] }],
};

describe('the call of a station', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  describe('kept as it was sent', () => {
    const values = { ...meter, meterValue: [{ ...meter.meterValue[0], sampledValue: [{ value: '150', context: 'Sample.Periodic' }] }] };

    it('is written on the log by the text of its frame', async () => {
      await world.start();
      const station = await world.connect();
      const sent = JSON.stringify(values).replaceAll('"150"', '"15\\u0030"');
      station.raw(`[2,"m1","MeterValues",${sent}]`);
      await station.until(() => station.received.find((frame) => frame[1] === 'm1'), 'the answer');
      expect(world.facts('voltlog.connection.MeterValuesReported.v1')).toMatchObject([{ raw: values }]);
      expect(world.log.texts.filter((text) => text.includes(`"raw":${sent}`))).toHaveLength(1);
    });

    it('is written anew where its frame is written in another way', async () => {
      await world.start();
      const station = await world.connect();
      station.raw(JSON.stringify([2, 'm1', 'MeterValues', values], null, 2));
      await station.until(() => station.received.find((frame) => frame[1] === 'm1'), 'the answer');
      expect(world.facts('voltlog.connection.MeterValuesReported.v1')).toMatchObject([{ raw: values }]);
      expect(world.log.texts.filter((text) => text.includes('MeterValues'))).toEqual([]);
    });
  });

  describe('repeated', () => {
    it('with the same id and body gets the same answer and has one effect', async () => {
      await world.start();
      const station = await world.connect();
      const first = await station.call('StartTransaction', start, 'same');
      const second = await station.call('StartTransaction', start, 'same');
      expect(second).toEqual(first);
      expect(world.facts('voltlog.connection.TransactionStarted.v1')).toHaveLength(1);
      expect(world.authorization.asked).toHaveLength(1);
    });

    it('is recognised after the station was idle for long', async () => {
      await world.start();
      const station = await world.connect();
      const first = await station.call('StartTransaction', start, 'same');
      world.skewMs += 30_000;
      for (const socket of world.instances[0]?.runtime.stations.all() ?? []) socket.sweep(world.clock.now());
      expect(await station.call('StartTransaction', start, 'same')).toEqual(first);
      expect(await station.call('StartTransaction', { ...start, meterStart: 1 }, 'same')).not.toEqual(first);
      expect(world.facts('voltlog.connection.TransactionStarted.v1')).toHaveLength(2);
    });

    it('with the same id and another body is a new call', async () => {
      await world.start();
      const station = await world.connect();
      await station.call('StartTransaction', start, 'same');
      await station.call('StartTransaction', { ...start, connectorId: 2 }, 'same');
      expect(world.facts('voltlog.connection.TransactionStarted.v1')).toMatchObject([{ evseId: 1 }, { evseId: 2 }]);
    });

    it('as a StartTransaction whose answer was lost, with a new id, also on another instance, gets the same transaction', async () => {
      await world.start();
      const second = await world.start();
      const one = await world.connect();
      const lost = await one.ask('StartTransaction', start);
      const elsewhere = await world.connect({ port: second.port });
      expect(await elsewhere.ask('StartTransaction', { ...start, connectorId: 2 })).not.toMatchObject({
        transactionId: lost['transactionId'],
      });
      expect(await elsewhere.ask('StartTransaction', start)).toEqual(lost);
      const keys = world.facts('voltlog.connection.TransactionStarted.v1').map((fact) => fact.transactionKey);
      expect(keys[2]).toBe(keys[0]);
      expect(keys[1]).not.toBe(keys[0]);
      expect(world.authorization.asked.map((one) => one.transactionKey)).toEqual(keys.map((key) => `CP1/${key}`));
    });
  });

  it('about an offline start with a blocked token is given an id, status Blocked, and kept', async () => {
    await world.start();
    world.authorization.statuses.set('AA', AuthorizationStatus.BLOCKED);
    const station = await world.connect();
    const answer = await station.ask('StartTransaction', start);
    expect(answer).toEqual({ transactionId: expect.any(Number), idTagInfo: { status: 'Blocked' } });
    expect(world.authorization.asked).toMatchObject([{ offline: true, purpose: 'AUTHORIZATION_PURPOSE_START' }]);
    expect(world.facts('voltlog.connection.TransactionStarted.v1')).toMatchObject([
      { offline: true, meterStartWh: 100, authorization: { status: 'Blocked', source: 'authorization', reason: 'TokenRefused' } },
    ]);
  });

  it('about a start by a slow clock counts as online once the station was connected then', async () => {
    await world.start({ DEAD_SECONDS: '7200' });
    const station = await world.connect();
    const tenMinutesSlow = () => new Date(world.clock.now() - 600_000).toISOString();
    await station.ask('StartTransaction', { ...start, timestamp: tenMinutesSlow() });
    world.skewMs += 660_000;
    await station.ask('StartTransaction', { ...start, timestamp: tenMinutesSlow() });
    expect(world.authorization.asked.map((one) => one.offline)).toEqual([true, false]);
    expect(world.facts('voltlog.connection.TransactionStarted.v1').map((fact) => fact.offline)).toEqual([true, false]);

    // What is known of its clock outlives its socket and the instance.
    await station.close();
    await expect.poll(async () => (await world.rpc().getConnection({ stationId: 'CP1' })).connection?.connected).toBe(false);
    const second = await world.start();
    const again = await world.connect({ port: second.port });
    await again.ask('StartTransaction', { ...start, timestamp: tenMinutesSlow() });
    expect(world.authorization.asked[2]).toMatchObject({ offline: false });
    const clockSet = new Date(world.clock.now() + 1_000).toISOString();
    await again.ask('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', timestamp: clockSet });
    await again.ask('StartTransaction', { ...start, timestamp: tenMinutesSlow() });
    expect(world.authorization.asked[3]).toMatchObject({ offline: true });
  });

  it.each([-1, 0, 123_456])('to stop the unknown transaction %d is kept as told', async (transactionId) => {
    await world.start();
    const station = await world.connect();
    expect(await station.ask('StopTransaction', { ...stop, transactionId })).toEqual({});
    expect(world.facts('voltlog.connection.TransactionEnded.v1')).toMatchObject([
      { transactionId: String(transactionId), meterStopWh: 200 },
    ]);
  });

  describe('while the log is slow', () => {
    it('is not answered before its fact is durable; heartbeats are', async () => {
      await world.start();
      const station = await world.connect();
      await station.ask('BootNotification', boot);
      world.log.hold();
      const answer = station.call('MeterValues', meter);
      await eventually(() => world.log.waiting === 1, 'the append');
      expect(await station.ask('Heartbeat', {})).toHaveProperty('currentTime');
      expect(station.received.map((frame) => frame[1])).not.toContain('m2');
      world.log.release();
      expect(await answer).toEqual([3, 'm2', {}]);
    });

    it('waits its turn: one at a time, in the order of arrival, and nothing is dropped though reading stops', async () => {
      await world.start({ CALLS_PER_SECOND_MAX: '1000' });
      const station = await world.connect();
      await station.ask('BootNotification', boot);
      world.log.hold();
      const count = 60;
      const answers = Array.from({ length: count }, (_, i) => station.call('MeterValues', { ...meter, transactionId: i }));
      await eventually(() => world.log.waiting === 1, 'the append');
      const socket = world.instances[0]?.runtime.stations.get('CP1');
      await eventually(() => socket?.socket.isPaused, 'reading to stop');
      expect(world.log.waiting).toBe(1);
      world.log.release();
      await Promise.all(answers);
      expect(world.facts('voltlog.connection.MeterValuesReported.v1').map((fact) => fact.transactionId)).toEqual(
        Array.from({ length: count }, (_, i) => String(i)),
      );
      expect(station.received.slice(1).map((frame) => frame[1])).toEqual(Array.from({ length: count }, (_, i) => `m${i + 2}`));
      expect(socket?.socket.isPaused).toBe(false);
    });
  });

  describe('while the log is away', () => {
    it('is answered when the log is back, if that is soon', async () => {
      await world.start();
      const station = await world.connect();
      await station.ask('BootNotification', boot);
      world.log.away = true;
      const answer = station.call('MeterValues', meter);
      expect(await station.ask('Heartbeat', {})).toHaveProperty('currentTime');
      world.log.away = false;
      expect(await answer).toEqual([3, 'm2', {}]);
      expect(world.facts('voltlog.connection.MeterValuesReported.v1')).toHaveLength(1);
    });

    it('and carries money, is never answered, least of all by an error: the socket is closed so that the station keeps it', async () => {
      await world.start({ LOG_WAIT_SECONDS: '1' });
      const station = await world.connect();
      await station.ask('BootNotification', boot);
      world.log.away = true;
      station.send([2, 'money', 'StopTransaction', stop]);
      expect(await station.closing()).toMatchObject({ code: 1013 });
      expect(station.received.map((frame) => frame[1])).toEqual(['m1']);
      world.log.away = false;
      const again = await world.connect();
      expect(await again.call('StopTransaction', stop, 'money')).toEqual([3, 'money', {}]);
      expect(world.facts('voltlog.connection.TransactionEnded.v1')).toHaveLength(1);
    });

    it('and carries none, waits: heartbeats and commands go on', async () => {
      await world.start({ LOG_WAIT_SECONDS: '1' });
      const station = await world.connect();
      station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: 'Accepted' }]);
      world.log.away = true;
      const answer = station.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' });
      // What comes after it on the same socket is answered once it is in work.
      await station.ask('Heartbeat', {});
      let pinged = false;
      station.socket.once('ping', () => (pinged = true));
      world.skewMs += 61_000;
      await eventually(() => pinged, 'a sweep long after the bound');
      expect(station.closed).toBeUndefined();
      expect(await station.ask('Heartbeat', {})).toHaveProperty('currentTime');
      expect(await world.command('CP1', { $case: 'clearCache', value: {} })).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED' });
      world.log.away = false;
      expect(await answer).toMatchObject([3, 'm1', {}]);
    });
  });

  describe('while the authorization service is away', () => {
    it.each([
      ['accept-known', 'Accepted', 'Invalid'],
      ['accept-unknown', 'Accepted', 'Accepted'],
      ['reject', 'Accepted', 'Invalid'],
    ])('is answered by cache and the policy %s', async (policy, known, unknown) => {
      await world.start({ AUTHORIZATION_FALLBACK: policy });
      const station = await world.connect();
      expect(await station.ask('Authorize', { idTag: 'AA' })).toMatchObject({ idTagInfo: { status: 'Accepted' } });
      world.authorization.away = true;
      expect(await station.ask('StartTransaction', start)).toMatchObject({ idTagInfo: { status: known } });
      expect(await station.ask('StartTransaction', { ...start, idTag: 'BB' })).toMatchObject({
        transactionId: expect.any(Number),
        idTagInfo: { status: unknown },
      });
      const [cached, decided] = world.facts('voltlog.connection.TransactionStarted.v1');
      expect(cached?.authorization).toEqual({ status: 'Accepted', source: 'cache' });
      expect(decided?.authorization).toEqual({ status: unknown, source: 'policy', reason: 'AuthorizationUnavailable' });
    });

    it('whoever asks for a reservation or a start is answered as its station would be, and does not wait', async () => {
      const { RESERVE, REQUEST_START } = connectionV1.TokenUse;
      await world.start({ AUTHORIZATION_FALLBACK: 'accept-known', AUTHORIZATION_WAIT_MS: '20000' });
      // As the API has it where it is not told what kind of token it is; a station of 1.6 says Local.
      const ask = (idToken: string, use: connectionV1.TokenUse) =>
        world.rpc().authorizeToken({ stationId: 'CP1', evseId: 1, idToken: { idToken, type: 'Central' }, use, startsAt: undefined });
      world.authorization.statuses.set('BB', authorizationV1.AuthorizationStatus.BLOCKED);
      expect(await ask('AA', RESERVE)).toMatchObject({ status: 'Accepted', decisionId: 'decision-1-0' });
      expect(await ask('BB', REQUEST_START)).toMatchObject({ status: 'Blocked', reason: 'TokenRefused' });
      expect(world.authorization.asked.map(({ purpose }) => purpose)).toEqual([
        authorizationV1.AuthorizationPurpose.RESERVE,
        authorizationV1.AuthorizationPurpose.REQUEST_START,
      ]);
      const station = await world.connect();
      await station.ask('Authorize', { idTag: 'AA' });
      world.authorization.away = true;
      expect(await ask('AA', REQUEST_START)).toMatchObject({ status: 'Accepted', decisionId: '' });
      await expect(ask('BB', RESERVE)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    });

    it('a token that is good nowhere stays refused, at once and whatever the policy, until that is old or something else is said of it', async () => {
      await world.start({ AUTHORIZATION_FALLBACK: 'accept-unknown', AUTHORIZATION_WAIT_MS: '20000', AUTHORIZATION_CACHE_SECONDS: '60' });
      const station = await world.connect();
      const told = async (idTag: string) => (await station.ask('Authorize', { idTag }))['idTagInfo'];
      const refuse = (idTag: string, status: authorizationV1.AuthorizationStatus, reason: string): void => {
        world.authorization.statuses.set(idTag, status);
        world.authorization.reasons.set(idTag, reason);
      };
      refuse('BB', AuthorizationStatus.BLOCKED, 'TokenBlocked');
      refuse('CC', AuthorizationStatus.EXPIRED, 'ContractExpired');
      refuse('DD', AuthorizationStatus.NOT_AT_THIS_LOCATION, 'TokenNotHere');
      refuse('EE', AuthorizationStatus.BLOCKED, 'TokenBlocked');
      for (const idTag of ['BB', 'CC', 'DD', 'EE']) await told(idTag);
      world.authorization.statuses.delete('CC');
      // Let in again, and its places are taken: it is no longer good nowhere.
      refuse('EE', AuthorizationStatus.CONCURRENT_TX, 'ConcurrentLimitExceeded');
      for (const idTag of ['CC', 'EE']) await told(idTag);
      world.authorization.away = true;
      expect(await told('bb')).toEqual({ status: 'Blocked' });
      const decided = world.facts('voltlog.connection.IdTokenPresented.v1').at(-1)?.authorization;
      expect(decided).toEqual({ status: 'Blocked', source: 'cache', reason: 'TokenBlocked' });
      const use = connectionV1.TokenUse.REQUEST_START;
      const order = { stationId: 'CP1', evseId: 1, idToken: { idToken: 'BB', type: 'Central' }, use, startsAt: undefined };
      expect(await world.rpc().authorizeToken(order)).toMatchObject({ status: 'Blocked', reason: 'TokenBlocked' });
      for (const idTag of ['CC', 'DD', 'EE']) expect(await told(idTag)).toEqual({ status: 'Accepted' });
      world.skewMs += 60_000;
      expect(await told('BB')).toEqual({ status: 'Accepted' });
    });

    it('what was answered about a reservation or a start to come says nothing about who is let in now', async () => {
      const { RESERVE, REQUEST_START } = connectionV1.TokenUse;
      await world.start({ AUTHORIZATION_FALLBACK: 'accept-known', AUTHORIZATION_WAIT_MS: '0' });
      const ask = (idToken: string, use: connectionV1.TokenUse) =>
        world.rpc().authorizeToken({ stationId: 'CP1', evseId: 1, idToken: { idToken, type: 'Local' }, use, startsAt: undefined });
      const station = await world.connect();
      await station.ask('Authorize', { idTag: 'AA' });
      world.authorization.statuses.set('AA', AuthorizationStatus.EXPIRED);
      for (const use of [RESERVE, REQUEST_START]) {
        expect(await ask('AA', use)).toMatchObject({ status: 'Expired' });
        expect(await ask('CC', use)).toMatchObject({ status: 'Accepted' });
      }
      world.authorization.away = true;
      expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Accepted' } });
      expect(await station.ask('Authorize', { idTag: 'CC' })).toEqual({ idTagInfo: { status: 'Invalid' } });
    });

    it('whoever asks for a reservation is let in by the policy of the site of its station, also where the station never came', async () => {
      await world.start({ AUTHORIZATION_FALLBACK: 'reject' });
      world.device.register('CP9', { siteId: 'open' });
      const policy = { siteId: 'open', unknownTokens: 'reject', authorizationAway: 'accept-unknown', noAuthorization: 'reject' };
      const time = new Date(world.clock.now()).toISOString();
      const type = 'voltlog.authorization.AuthorizationPolicyChanged.v1';
      await world.log.append(POLICY_TOPIC, 'open', [{ id: 'p', type, source: '/test', subject: 'open', time, data: policy }]);
      world.authorization.away = true;
      const ask = (stationId: string) => {
        const use = connectionV1.TokenUse.RESERVE;
        return world.rpc().authorizeToken({ stationId, evseId: 0, idToken: { idToken: 'ZZ', type: 'Local' }, use, startsAt: time });
      };
      await vi.waitFor(async () => expect(await ask('CP9')).toMatchObject({ status: 'Accepted', reason: 'AuthorizationUnavailable' }));
      await expect(ask('CP1')).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    });

    it('a card that nobody has seen waits for a service that is started anew, a known one does not', async () => {
      await world.start({ AUTHORIZATION_WAIT_MS: '20000' });
      const station = await world.connect();
      world.device.register('CP2');
      const other = await world.connect({ stationId: 'CP2' });
      await other.ask('Authorize', { idTag: 'AA' });
      world.authorization.away = true;
      const asked = world.authorization.calls;
      const waits = station.ask('StartTransaction', { ...start, idTag: 'BB' });
      await eventually(() => world.authorization.calls > asked + 1, 'it to be asked again');
      expect(await other.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Accepted' } });
      world.authorization.away = false;
      expect(await waits).toMatchObject({ idTagInfo: { status: 'Accepted' } });
      const [begun] = world.facts('voltlog.connection.TransactionStarted.v1');
      expect(begun?.authorization).toMatchObject({ status: 'Accepted', source: 'authorization' });
    });

    it('no card waits once the service has been away for longer', async () => {
      await world.start({ AUTHORIZATION_WAIT_MS: '20000' });
      const station = await world.connect();
      world.authorization.away = true;
      const asked = world.authorization.calls;
      const waits = station.ask('Authorize', { idTag: 'BB' });
      await eventually(() => world.authorization.calls > asked, 'it to be asked');
      world.skewMs += 20_000;
      expect(await waits).toEqual({ idTagInfo: { status: 'Invalid' } });
      const before = world.authorization.calls;
      expect(await station.ask('Authorize', { idTag: 'BB' })).toEqual({ idTagInfo: { status: 'Invalid' } });
      expect(world.authorization.calls).toBe(before + 1);
    });

    it.each([
      ['accept-known', 'Accepted'],
      ['reject', 'Invalid'],
    ])('and the cached decision is old, the policy %s decides', async (policy, status) => {
      await world.start({ AUTHORIZATION_FALLBACK: policy, AUTHORIZATION_CACHE_SECONDS: '60' });
      const station = await world.connect();
      await station.ask('Authorize', { idTag: 'AA' });
      world.authorization.away = true;
      world.skewMs += 61_000;
      expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status } });
    });

    it('the cache stands in for a token in any spelling, and no longer than the decision said', async () => {
      await world.start({ AUTHORIZATION_FALLBACK: 'reject' });
      world.authorization.cacheExpiresAt = new Date(world.clock.now() + 60_000).toISOString();
      const station = await world.connect();
      await station.ask('Authorize', { idTag: 'AA' });
      world.authorization.away = true;
      expect(await station.ask('Authorize', { idTag: 'aa' })).toEqual({ idTagInfo: { status: 'Accepted' } });
      world.skewMs += 61_000;
      expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Invalid' } });
    });

    it.each([
      ['accept-known', 'AA', 'Accepted'],
      ['accept-known', 'BB', 'Invalid'],
      ['accept-known', 'CC', 'Invalid'],
      ['reject', 'AA', 'Invalid'],
    ])('an instance that has just started knows what was accepted before: %s, %s, %s', async (policy, idTag, status) => {
      const first = await world.start();
      const station = await world.connect();
      world.authorization.groupId = 'G';
      for (const token of ['AA', 'CC']) await station.ask('Authorize', { idTag: token });
      world.authorization.statuses.set('CC', AuthorizationStatus.BLOCKED);
      await station.ask('Authorize', { idTag: 'CC' });
      await first.runtime.drain();
      world.authorization.away = true;
      const second = await world.start({ AUTHORIZATION_FALLBACK: policy, AUTHORIZATION_CACHE_SECONDS: '0' });
      const again = await world.connect({ port: second.port });
      const parent = status === 'Accepted' ? { parentIdTag: 'G' } : {};
      expect(await again.ask('Authorize', { idTag: idTag.toLowerCase() })).toMatchObject({ idTagInfo: { status, ...parent } });
      second.store.away = true;
      expect(await again.ask('Authorize', { idTag })).toMatchObject({ idTagInfo: { status } });
      expect(await again.ask('Authorize', { idTag: 'DD' })).toMatchObject({ idTagInfo: { status: 'Invalid' } });
    });

    it('a start button is let in where it was before, and not because it was elsewhere', async () => {
      await world.start({ AUTHORIZATION_WAIT_MS: '0' });
      world.device.register('CP2');
      const [here, elsewhere] = [
        await world.connect({ protocols: ['ocpp2.0.1'] }),
        await world.connect({ stationId: 'CP2', protocols: ['ocpp2.0.1'] }),
      ];
      const nobody = { idToken: { idToken: '', type: 'NoAuthorization' } };
      expect(await here.ask('Authorize', nobody)).toEqual({ idTokenInfo: { status: 'Accepted' } });
      world.authorization.away = true;
      expect(await here.ask('Authorize', nobody)).toEqual({ idTokenInfo: { status: 'Accepted' } });
      expect(await elsewhere.ask('Authorize', nobody)).toEqual({ idTokenInfo: { status: 'Invalid' } });
    });

    it('a token refused since it was cached is not let in by the cache', async () => {
      await world.start();
      const station = await world.connect();
      await station.ask('Authorize', { idTag: 'AA' });
      world.authorization.statuses.set('AA', AuthorizationStatus.BLOCKED);
      expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Blocked' } });
      world.authorization.away = true;
      expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Invalid' } });
    });
  });

  it.each([
    [AuthorizationStatus.ACCEPTED, 'Accepted', 'Accepted'],
    [AuthorizationStatus.BLOCKED, 'Blocked', 'Blocked'],
    [AuthorizationStatus.CONCURRENT_TX, 'ConcurrentTx', 'ConcurrentTx'],
    [AuthorizationStatus.EXPIRED, 'Expired', 'Expired'],
    [AuthorizationStatus.UNKNOWN, 'Invalid', 'Unknown'],
    [AuthorizationStatus.NO_CREDIT, 'Blocked', 'NoCredit'],
    [AuthorizationStatus.NOT_AT_THIS_TIME, 'Blocked', 'NotAtThisTime'],
    [AuthorizationStatus.NOT_AT_THIS_LOCATION, 'Blocked', 'NotAtThisLocation'],
    [AuthorizationStatus.NOT_ALLOWED_TYPE_EVSE, 'Blocked', 'NotAllowedTypeEVSE'],
  ])('Authorize that the service decides %s is answered %s in 1.6 and %s in 2.0.1', async (decision, status16, status201) => {
    await world.start();
    world.authorization.statuses.set('AA', decision);
    world.authorization.groupId = 'GROUP';
    const old = await world.connect();
    expect(await old.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: status16, parentIdTag: 'GROUP' } });
    const newer = await world.connect({ protocols: ['ocpp2.0.1'] });
    expect(await newer.ask('Authorize', { idToken: { idToken: 'AA', type: 'ISO14443' } })).toMatchObject({
      idTokenInfo: { status: status201 },
    });
  });

  it('follows the policy of its site while the authorization service is away, else that of all sites', async () => {
    await world.log.ensureTopics([{ name: POLICY_TOPIC, partitions: 1 }]);
    const policy = (key: string, authorizationAway: string) =>
      world.log.append(POLICY_TOPIC, key, [
        {
          id: `policy-${key}-${authorizationAway}`,
          type: 'voltlog.authorization.AuthorizationPolicyChanged.v1',
          source: '/authorization/test',
          subject: `policy:${key}`,
          time: '2026-03-01T08:00:00.000Z',
          data: { siteId: key, authorizationAway },
        },
      ]);
    await policy('open', 'accept-unknown');
    await world.start();
    world.device.register('CP-OPEN', { siteId: 'open' });
    world.device.register('CP-ELSE', { siteId: 'else' });
    const open = await world.connect({ stationId: 'CP-OPEN' });
    const elsewhere = await world.connect({ stationId: 'CP-ELSE' });
    world.authorization.away = true;
    expect(await open.ask('Authorize', { idTag: 'NEW' })).toMatchObject({ idTagInfo: { status: 'Accepted' } });
    expect(await elsewhere.ask('Authorize', { idTag: 'NEW' })).toMatchObject({ idTagInfo: { status: 'Invalid' } });
    await policy('*', 'accept-unknown');
    await policy('open', 'reject');
    await expect.poll(() => elsewhere.ask('Authorize', { idTag: 'NEW' })).toMatchObject({ idTagInfo: { status: 'Accepted' } });
    await expect.poll(() => open.ask('Authorize', { idTag: 'NEW' })).toMatchObject({ idTagInfo: { status: 'Invalid' } });
  });

  it('keeps the limit and the contract of a decision in the fact', async () => {
    await world.start();
    world.authorization.limit = { energyWh: 5_000, costAmount: '12.50', costCurrency: 'EUR' };
    world.authorization.contractId = 'C-1';
    const station = await world.connect({ protocols: ['ocpp2.0.1'] });
    await station.ask('Authorize', { idToken: { idToken: 'AA', type: 'ISO14443' } });
    const [fact] = world.facts('voltlog.connection.IdTokenPresented.v1');
    expect(fact).toMatchObject({
      authorization: { limit: { energyWh: 5_000, cost: { amount: '12.50', currency: 'EUR' } }, contractId: 'C-1' },
    });
  });

  it('Authorize is answered with how long the station may keep the answer, in every version', async () => {
    await world.start();
    const until = '2026-03-02T10:00:00.000Z';
    world.authorization.cacheExpiresAt = until;
    const old = await world.connect();
    expect(await old.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Accepted', expiryDate: until } });
    const newer = await world.connect({ protocols: ['ocpp2.0.1'] });
    expect(await newer.ask('Authorize', { idToken: { idToken: 'AA', type: 'ISO14443' } })).toEqual({
      idTokenInfo: { status: 'Accepted', cacheExpiryDateTime: until },
    });
    expect(world.facts('voltlog.connection.IdTokenPresented.v1').map((fact) => fact.authorization.cacheExpiresAt)).toEqual([until, until]);
  });

  it('a group that the version has no room for is not told', async () => {
    await world.start();
    world.authorization.groupId = 'G'.repeat(37);
    const token = { idToken: { idToken: 'AA', type: 'ISO14443' } };
    expect(await (await world.connect()).ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Accepted' } });
    expect(await (await world.connect({ protocols: ['ocpp2.0.1'] })).ask('Authorize', token)).toEqual({
      idTokenInfo: { status: 'Accepted' },
    });
    expect(await (await world.connect({ protocols: ['ocpp2.1'] })).ask('Authorize', token)).toEqual({
      idTokenInfo: { status: 'Accepted', groupIdToken: { idToken: 'G'.repeat(37), type: 'Central' } },
    });
  });

  describe('of 2.0.1', () => {
    const event = (eventType: string, seqNo: number, more: object = {}) => ({
      eventType,
      seqNo,
      timestamp: '2026-01-02T03:04:05Z',
      triggerReason: 'Authorized',
      transactionInfo: { transactionId: 'tx-1' },
      evse: { id: 2, connectorId: 1 },
      ...more,
    });
    const idToken = { idToken: 'AA', type: 'ISO14443' };

    it('becomes the same facts', async () => {
      await world.start();
      const station = await world.connect({ protocols: ['ocpp2.0.1'] });
      expect(await station.ask('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'A', model: 'B' } })).toMatchObject({
        status: 'Accepted',
      });
      expect(await station.ask('TransactionEvent', event('Started', 0, { idToken }))).toEqual({ idTokenInfo: { status: 'Accepted' } });
      const meterValue = [
        {
          timestamp: '2026-01-02T03:05:00Z',
          sampledValue: [
            { value: 12.5, unitOfMeasure: { unit: 'kWh' } },
            { value: 7, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W', multiplier: 3 } },
          ],
        },
      ];
      expect(await station.ask('TransactionEvent', event('Updated', 1, { triggerReason: 'MeterValuePeriodic', meterValue }))).toEqual({});
      expect(
        await station.ask(
          'TransactionEvent',
          event('Ended', 2, {
            triggerReason: 'EVDeparted',
            offline: true,
            transactionInfo: { transactionId: 'tx-1', stoppedReason: 'EVDisconnected' },
          }),
        ),
      ).toEqual({});
      expect(world.facts('voltlog.connection.TransactionStarted.v1')).toMatchObject([
        {
          transactionId: 'tx-1',
          transactionKey: 'tx-1',
          evseId: 2,
          seqNo: 0,
          occurredAt: '2026-01-02T03:04:05.000Z',
          offline: false,
          authorization: { status: 'Accepted' },
        },
      ]);
      expect(world.facts('voltlog.connection.TransactionUpdated.v1')[0]?.meterValues[0]?.samples).toEqual([
        { measurand: 'Energy.Active.Import.Register', value: 12_500, unit: 'Wh' },
        { measurand: 'Power.Active.Import', value: 7_000, unit: 'W' },
      ]);
      expect(world.facts('voltlog.connection.TransactionEnded.v1')).toMatchObject([
        { stoppedReason: 'EVDisconnected', offline: true, seqNo: 2 },
      ]);
      expect(world.authorization.asked).toMatchObject([{ purpose: 'AUTHORIZATION_PURPOSE_START', transactionKey: 'CP1/tx-1', evseId: 2 }]);
    });

    it.each([
      [event('Updated', 1, { idToken }), 'AUTHORIZATION_PURPOSE_START', undefined],
      [event('Updated', 1, { idToken, triggerReason: 'StopAuthorized' }), 'AUTHORIZATION_PURPOSE_STOP', false],
      [event('Updated', 1, { idToken, triggerReason: 'StopAuthorized', offline: true }), 'AUTHORIZATION_PURPOSE_STOP', true],
      [event('Ended', 1, { idToken, triggerReason: 'StopAuthorized' }), 'AUTHORIZATION_PURPOSE_STOP', true],
      [event('Updated', 1, { idToken, triggerReason: 'MeterValuePeriodic' }), 'AUTHORIZATION_PURPOSE_IDENTIFY', undefined],
    ])('with a token asks for its purpose', async (request, purpose, ended) => {
      await world.start();
      const station = await world.connect({ protocols: ['ocpp2.0.1'] });
      await station.ask('TransactionEvent', request);
      expect(world.authorization.asked).toMatchObject([{ purpose }]);
      expect(world.authorization.asked[0]?.stops).toEqual(ended === undefined ? undefined : { transactionId: 'tx-1', ended });
    });
  });

  it('is counted', async () => {
    const { counts } = await world.start();
    const station = await world.connect();
    await station.ask('BootNotification', boot);
    await station.call('BootNotification', {});
    const of = (result: string) =>
      counts.get(
        `voltlog_ocpp_messages_total${JSON.stringify({ action: 'BootNotification', direction: 'in', result, version: 'ocpp1.6' })}`,
      )?.value;
    expect([of('answered'), of('refused')]).toEqual([1, 1]);
  });

  it('over the rate is read more slowly, not dropped', async () => {
    await world.start({ CALLS_PER_SECOND_MAX: '20' });
    const station = await world.connect();
    const calls = Array.from({ length: 230 }, (_, i) => station.call('Heartbeat', {}, `h${i}`));
    await eventually(() => world.instances[0]?.runtime.stations.get('CP1')?.socket.isPaused, 'reading to stop');
    await Promise.all(calls);
    expect(station.closed).toBeUndefined();
  });
});

describe('a station that waits for no answer', () => {
  it('is closed once more calls wait than its socket can hold', async () => {
    const world = await World.open();
    await world.start();
    const station = await world.connect();
    await station.ask('BootNotification', boot);
    const socket = world.instances[0]?.runtime.stations.get('CP1');
    world.log.hold();
    station.send([2, 'first', 'MeterValues', meter]);
    await eventually(() => world.log.waiting === 1, 'the append');
    for (let i = 0; i < QUEUE_MAX; i++) socket?.received(Buffer.from(`[2,"q${i}","ClearCache",{}]`), false);
    expect(socket?.closed).toBe(false);
    socket?.received(Buffer.from('[2,"one-too-many","ClearCache",{}]'), false);
    expect(await station.closing()).toMatchObject({ code: 1008 });
    await world.close();
  });
});

describe('a 2.1 message without an answer', () => {
  it('is a fact and is not answered, also when it is wrong', async () => {
    const world = await World.open();
    await world.start();
    const station = await world.connect({ protocols: ['ocpp2.1'] });
    station.send([6, 's1', 'NotifyPeriodicEventStream', { id: 1, pending: 0, basetime: '2026-01-02T03:04:05Z', data: [{ t: 0, v: '1' }] }]);
    station.send([6, 's2', 'NotifyPeriodicEventStream', {}]);
    station.send([6, 's3', 'Heartbeat', {}]);
    await station.ask('Heartbeat', {});
    const fact = await eventually(() => world.facts('voltlog.connection.EventStreamReported.v1')[0], 'the fact');
    expect(fact).toMatchObject({ action: 'NotifyPeriodicEventStream', messageId: 's1', streamId: 1 });
    expect(world.facts('voltlog.connection.EventStreamReported.v1')).toHaveLength(1);
    expect(station.received).toHaveLength(1);
    await world.close();
  });
});

describe('an idle station', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  it('is pinged, and lives as long as it answers', async () => {
    await world.start({ PING_SECONDS: '60', DEAD_SECONDS: '150' });
    const station = await world.connect();
    let pings = 0;
    station.socket.on('ping', () => (pings += 1));
    for (let i = 1; i <= 3; i++) {
      world.skewMs += 61_000;
      await eventually(() => pings === i, 'a ping');
      await eventually(() => heard(world) < 61_000, 'the pong');
    }
    expect(station.closed).toBeUndefined();
  });

  it('that answers no ping is given up', async () => {
    await world.start({ PING_SECONDS: '60', DEAD_SECONDS: '150' });
    const station = await world.connect();
    await eventually(() => world.facts('voltlog.connection.StationConnected.v1').length === 1, 'the connection');
    world.skewMs += 151_000;
    expect(await station.closing()).toMatchObject({ code: 1006 });
    expect(await eventually(() => world.facts('voltlog.connection.StationDisconnected.v1')[0], 'the fact')).toMatchObject({
      code: 1006,
      reason: 'nothing was heard',
    });
  });
});

const heard = (world: World): number => world.clock.now() - (world.instances[0]?.runtime.stations.get('CP1')?.heardAtMs ?? 0);
