import { STATION_TOPIC, type TransactionEnded, type TransactionFact } from '@voltlog/connection-contract';
import type { EventLog } from '@voltlog/event-log';
import { OperatingError } from '@voltlog/kernel';
import { authorizationV1, sessionV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { RunningTransactions } from './reactions/running.js';
import { StationVoice } from './testing/facts.js';
import { AuthorizationWorld } from './testing/world.js';

const { AuthorizationPurpose: Purpose, AuthorizationStatus: Status } = authorizationV1;

const NOT_YOURS = { status: Status.INVALID, reason: 'NotYourSession' };
const ACCEPTED = { status: Status.ACCEPTED, reason: '' };

describe('a stop', () => {
  let world: AuthorizationWorld;
  let station: StationVoice;
  const open = async (
    listSessions?: sessionV1.SessionService['listSessions'],
    watch: (log: EventLog) => void = () => undefined,
  ): Promise<void> => {
    world = await AuthorizationWorld.open({ AUTHORIZATION_MASTER_PASS_GROUP: 'GUARDS' }, (context) => {
      watch(context.log);
      return listSessions === undefined
        ? context
        : { ...context, rpc: { ...context.rpc, client: <Service extends object>() => ({ listSessions }) as unknown as Service } };
    });
    station = new StationVoice(world.context, 'S1');
    await world.putContract('C');
    await world.putToken('OWN');
    await world.putToken('MATE', { groupId: 'fleet' });
    await world.putToken('FLEET', { groupId: 'FLEET' });
    await world.putToken('OF-C1', { contractId: 'C' });
    await world.putToken('OF-C2', { contractId: 'C' });
    await world.putToken('GUARD', { groupId: 'GUARDS' });
    await world.putToken('STRANGER');
  };
  afterEach(() => world.close());

  const stop = (token: string, transactionId = 'T', ended = false) =>
    world.ask({ token, evseId: 1, purpose: Purpose.STOP, transactionKey: `S1/${transactionId}`, stops: { transactionId, ended } });
  /** A stranger is refused: the start is known. */
  const begun = async (token: string, transactionId = 'T'): Promise<void> => {
    await station.started(transactionId, token, { evseId: 1 });
    await until(async () => (await stop('STRANGER', transactionId)).status === Status.INVALID, 'the start is known');
  };

  it('is for the token itself, its group, its contract and the master pass, and for nobody else', async () => {
    await open();
    expect(await stop('STRANGER')).toMatchObject(ACCEPTED);
    await begun('own');
    expect(await stop('OWN')).toMatchObject(ACCEPTED);
    expect(await stop('GUARD')).toMatchObject(ACCEPTED);
    for (const token of ['STRANGER', 'MATE', 'OF-C1']) expect(await stop(token)).toMatchObject(NOT_YOURS);
    await begun('FLEET', 'T2');
    expect(await stop('MATE', 'T2')).toMatchObject({ ...ACCEPTED, groupIdToken: { idToken: 'fleet' } });
    expect(await stop('OWN', 'T2')).toMatchObject(NOT_YOURS);
    await begun('OF-C1', 'T3');
    expect(await stop('OF-C2', 'T3')).toMatchObject(ACCEPTED);
    expect(await stop('MATE', 'T3')).toMatchObject({ ...NOT_YOURS, groupIdToken: { idToken: 'fleet' } });
  });

  it('that happened is written down and answered for the cache; one of a transaction that is not known locks nobody in', async () => {
    await open();
    await begun('OWN');
    expect(await stop('STRANGER', 'T', true)).toMatchObject({ status: Status.ACCEPTED, reason: 'NotYourSession' });
    expect(await stop('OWN', 'T', true)).toMatchObject(ACCEPTED);
    expect(await stop('STRANGER', 'other')).toMatchObject(ACCEPTED);
    expect(await world.ask({ token: 'STRANGER', evseId: 1, purpose: Purpose.STOP })).toMatchObject(ACCEPTED);
    await station.ended('T', 'OWN');
    await until(async () => (await stop('STRANGER')).status === Status.ACCEPTED, 'the end is known');
    await world.putToken('STRANGER', { status: authorizationV1.TokenStatus.BLOCKED });
    expect(await stop('STRANGER')).toMatchObject({ status: Status.BLOCKED });
  });

  it('is asked about where this instance did not hear of the start: started anew, or another follows the station', async () => {
    const asked: string[] = [];
    const session = sessionV1.Session.fromPartial({ transactionId: 'T', idToken: { idToken: 'own', type: 'Local' }, groupId: 'GARAGE' });
    let answer = (): Promise<sessionV1.ListSessionsResponse> => Promise.resolve({ sessions: [session], nextPageToken: '' });
    await open(({ stationId, transactionId, state }) => {
      asked.push(`${stationId} ${transactionId} ${state}`);
      return answer();
    });
    await world.putToken('OTHER', { groupId: 'GARAGE' });
    expect(await stop('STRANGER')).toMatchObject(NOT_YOURS);
    for (const token of ['OWN', 'OTHER', 'GUARD']) expect(await stop(token)).toMatchObject(ACCEPTED);
    expect(new Set(asked)).toEqual(new Set([`S1 T ${sessionV1.SessionState.ACTIVE}`]));
    // What happened is not asked about, nor is what is known here.
    asked.length = 0;
    expect(await stop('STRANGER', 'T', true)).toMatchObject(ACCEPTED);
    expect(asked).toEqual([]);
    await begun('OWN', 'T2');
    asked.length = 0;
    expect(await stop('STRANGER', 'T2')).toMatchObject(NOT_YOURS);
    expect(await world.ask({ token: 'STRANGER' })).toMatchObject(ACCEPTED);
    expect(asked).toEqual([]);
    // Who cannot be asked locks nobody in, and is left alone for a while.
    answer = () => Promise.reject(new OperatingError('ServiceUnavailable', 'away'));
    expect(await stop('STRANGER')).toMatchObject(ACCEPTED);
    expect(await stop('STRANGER')).toMatchObject(ACCEPTED);
    expect(asked).toHaveLength(1);
    world.context.clock.ms += 5_000;
    answer = () => Promise.resolve({ sessions: [session], nextPageToken: '' });
    expect(await stop('STRANGER')).toMatchObject(NOT_YOURS);
  });

  it('may be identified for by a mate whose places are taken, where this instance did not hear of the start', async () => {
    const session = sessionV1.Session.fromPartial({ transactionId: 'T', idToken: { idToken: 'FLEET', type: 'Local' } });
    await open(() => Promise.resolve({ sessions: [session], nextPageToken: '' }));
    await world.putToken('MATE', { concurrentTransactionsMax: 1, groupId: 'fleet' });
    expect(await world.start('S9', 'm', { token: 'MATE' })).toMatchObject(ACCEPTED);
    expect(await world.ask({ token: 'MATE' })).toMatchObject(ACCEPTED);
    expect(await world.start('S1', 'new', { token: 'MATE' })).toMatchObject({ status: Status.CONCURRENT_TX });
    // Nor is it known of all that runs there when something is.
    await world.putToken('STRANGER', { concurrentTransactionsMax: 1 });
    expect(await world.start('S9', 's', { token: 'STRANGER' })).toMatchObject(ACCEPTED);
    await station.started('T2', 'OWN', { evseId: 1 });
    await until(async () => (await stop('FLEET', 'T2')).status === Status.INVALID, 'the start is known');
    expect(await world.ask({ token: 'MATE' })).toMatchObject(ACCEPTED);
    expect(await world.ask({ token: 'STRANGER' })).toMatchObject({ status: Status.CONCURRENT_TX });
  });

  it('is asked about again once another instance may have followed the station', async () => {
    const asked: string[] = [];
    const revoke: (() => void)[] = [];
    const listSessions: sessionV1.SessionService['listSessions'] = ({ stationId, transactionId }) => {
      asked.push(`${stationId} ${transactionId}`);
      return Promise.resolve({ sessions: [], nextPageToken: '' });
    };
    await open(listSessions, (log) => {
      const subscribe = log.subscribe.bind(log);
      log.subscribe = (options) => {
        if (options.topics.includes(STATION_TOPIC)) revoke.push(() => options.onRevoked?.([{ topic: STATION_TOPIC, partition: 0 }]));
        return subscribe(options);
      };
    });
    await begun('OWN');
    asked.length = 0;
    expect(await stop('STRANGER')).toMatchObject(NOT_YOURS);
    expect(asked).toEqual([]);
    for (const each of revoke) each();
    expect(await stop('STRANGER')).toMatchObject(ACCEPTED);
    expect(asked).toEqual(['S1 T']);
  });

  it('of a session whose group changed is for both, the group it began with and the one it has', async () => {
    await open();
    await station.started('T', 'OWN', { evseId: 1, answer: { status: 'Accepted', source: 'cache', groupId: 'FLEET' } });
    await until(async () => (await stop('STRANGER')).status === Status.INVALID, 'the start is known');
    expect(await stop('MATE')).toMatchObject(ACCEPTED);
    await world.putToken('OWN', { groupId: 'GARAGE' });
    await world.putToken('OTHER', { groupId: 'GARAGE' });
    expect(await stop('OTHER')).toMatchObject(ACCEPTED);
    expect(await stop('MATE')).toMatchObject(ACCEPTED);
  });

  it('is not begun by asking: a mate whose own places are taken may identify where the group charges, a stranger may not', async () => {
    await open();
    await world.putToken('MATE', { concurrentTransactionsMax: 1 });
    await world.putToken('STRANGER', { concurrentTransactionsMax: 1 });
    for (const token of ['MATE', 'STRANGER']) expect(await world.start('S9', token, { token })).toMatchObject(ACCEPTED);
    expect(await world.ask({ token: 'MATE' })).toMatchObject({ status: Status.CONCURRENT_TX });
    await begun('FLEET');
    expect(await world.ask({ token: 'MATE' })).toMatchObject(ACCEPTED);
    expect(await world.ask({ token: 'STRANGER' })).toMatchObject({ status: Status.CONCURRENT_TX });
    expect(await world.start('S1', 'new', { token: 'MATE' })).toMatchObject({ status: Status.CONCURRENT_TX });
  });
});

describe('the transactions that run', () => {
  const fact = (stationId: string, transactionId: string, token: string) =>
    ({ stationId, transactionId, idToken: { idToken: token, type: 'Local' } }) as TransactionFact & TransactionEnded;

  it('are those that began and did not end, of the token that began them', () => {
    const name = (prefix: string) => fc.integer({ min: 1, max: 4 }).map((number) => `${prefix}${number}`);
    const step = fc.record({ begins: fc.boolean(), station: name('S'), transaction: name('T'), token: name('A') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const running = new RunningTransactions();
        const model = new Map<string, string>();
        for (const { begins, station, transaction, token } of steps) {
          const key = `${station}/${transaction}`;
          if (begins) running.began(fact(station, transaction, token));
          else running.ended(fact(station, transaction, token));
          if (!begins) model.delete(key);
          else if (!model.has(key)) model.set(key, token);
        }
        const found = ['S1', 'S2', 'S3', 'S4'].flatMap((station) =>
          [...running.at(station)].map(([transaction, { tokenKey }]): [string, string] => [`${station}/${transaction}`, tokenKey]),
        );
        expect(new Map(found)).toEqual(model);
      }),
    );
  });

  it('have a limit at each station: the oldest is forgotten, and then anybody may stop it', () => {
    const running = new RunningTransactions();
    for (let i = 0; i < 70; i += 1) running.began(fact('S', `T${i}`, 'A'));
    expect(running.at('S').size).toBe(64);
    expect(running.at('S').has('T5')).toBe(false);
    expect(running.at('S').has('T6')).toBe(true);
  });
});
