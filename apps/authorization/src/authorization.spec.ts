import { type AuthorizationDecided, DECISION_TOPIC } from '@voltlog/authorization-contract';
import type { EventLog } from '@voltlog/event-log';
import type { RequestError } from '@voltlog/kernel';
import { authorizationV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authorization, createAuthorization } from './authorization.js';
import { type AuthorizationConfig, authorizationConfig } from './config.js';
import { NO_RULES, StationVoice, TOPICS } from './testing/facts.js';

const { AuthorizationPurpose: Purpose, AuthorizationStatus: Status, TokenStatus } = authorizationV1;

const config = (env: Record<string, string> = {}): AuthorizationConfig => authorizationConfig.parse(env);

/** A log that tells nothing. */
const silentLog: EventLog = {
  ensureTopics: async () => {},
  append: async () => {},
  subscribe: async () => ({ stop: async () => {} }),
  caughtUp: async () => true,
  health: async () => {},
  close: async () => {},
};

const ALL_DECISIONS: authorizationV1.ListDecisionsRequest = {
  pageSize: 0,
  pageToken: '',
  stationId: '',
  idToken: undefined,
  contractId: '',
  status: Status.UNSPECIFIED,
  from: undefined,
  to: undefined,
};

type Asked = Partial<authorizationV1.AuthorizationRequestItem> & { readonly token?: string; readonly type?: string };

describe('authorization service', () => {
  let context: TestContext;
  let service: Authorization;
  const closing: (() => Promise<void>)[] = [];

  const open = async (options: Record<string, string> = {}): Promise<void> => {
    service = await createAuthorization(context, config(options));
    await service.start();
    const started = service;
    closing.push(() => started.stop());
  };

  beforeEach(async () => {
    context = await openTestContext('authorization');
    await context.log.ensureTopics(TOPICS);
    await open();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    await context.close();
  });

  const put = (request: Partial<authorizationV1.PutTokenRequest> & { readonly token?: string }, at = service) =>
    at.grpc.putToken({
      idToken: { idToken: request.token ?? 'CARD', type: 'ISO14443' },
      clearExpiresAt: false,
      ...NO_RULES,
      expectedVersion: 0,
      mustBeNew: false,
      idempotencyKey: '',
      ...request,
    });
  const get = async (token = 'CARD') => (await service.grpc.getToken({ idToken: { idToken: token, type: '' } })).token;
  const item = (asked: Asked): authorizationV1.AuthorizationRequestItem => ({
    stationId: 'S1',
    evseId: 0,
    idToken: { idToken: asked.token ?? 'CARD', type: asked.type ?? 'Local' },
    purpose: Purpose.IDENTIFY,
    transactionKey: '',
    occurredAt: undefined,
    offline: false,
    ...asked,
  });
  const ask = async (asked: Asked, at = service): Promise<authorizationV1.AuthorizationDecision> => {
    const [decision] = (await at.grpc.authorize({ requests: [item(asked)] })).decisions;
    if (decision === undefined) throw new Error('no decision');
    return decision;
  };
  const start = (stationId: string, key: string, more: Asked = {}, at = service) =>
    ask({ stationId, purpose: Purpose.START, transactionKey: `${stationId}/${key}`, ...more }, at);
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => {
        throw new Error('it did not fail');
      },
      (error: RequestError) => ({ code: error.code, reason: error.reason, message: error.message }),
    );

  describe('answers', () => {
    it('finds a card whatever its case and type, since a 1.6 station tells neither (OCPP 1.6 §7.28)', async () => {
      await put({ token: 'b4a63cdf', groupId: 'FLEET' });
      const decision = await ask({ token: 'B4A63CDF', type: 'Local' });
      expect(decision).toMatchObject({
        status: Status.ACCEPTED,
        reason: '',
        groupIdToken: { idToken: 'FLEET' },
        cacheExpiresAt: '2026-11-03T08:00:00.000Z',
      });
    });

    it('tells each refusal with its reason', async () => {
      await put({ token: 'BLOCKED', status: TokenStatus.BLOCKED });
      await put({ token: 'INVALID', status: TokenStatus.INVALID });
      await put({ token: 'EXPIRED', expiresAt: '2026-11-02T08:00:00Z' });
      await put({ token: 'NEARLY', expiresAt: '2026-11-02T08:00:00.001Z' });
      const requests = ['BLOCKED', 'INVALID', 'EXPIRED', 'NEARLY', 'NOBODY', 'con\ttrol', ''].map((token) => item({ token }));
      const { decisions } = await service.grpc.authorize({ requests });
      expect(decisions.map(({ status, reason }) => [status, reason])).toEqual([
        [Status.BLOCKED, 'TokenBlocked'],
        [Status.INVALID, 'TokenInvalid'],
        [Status.EXPIRED, 'TokenExpired'],
        [Status.ACCEPTED, ''],
        [Status.UNKNOWN, 'TokenUnknown'],
        [Status.INVALID, 'TokenMalformed'],
        [Status.INVALID, 'TokenMalformed'],
      ]);
      expect(decisions[3]?.cacheExpiresAt).toBe('2026-11-02T08:00:00.001Z');
      expect(decisions[0]?.cacheExpiresAt).toBeUndefined();
    });

    it('follows the policy for tokens nobody registered and stations that ask nobody', async () => {
      expect((await ask({ token: '', type: 'NoAuthorization' })).status).toBe(Status.ACCEPTED);
      await open({ AUTHORIZATION_UNKNOWN_TOKENS: 'accept', AUTHORIZATION_NO_AUTHORIZATION: 'reject' });
      expect(await ask({ token: 'NOBODY' })).toMatchObject({ status: Status.ACCEPTED, reason: 'UnknownTokenAccepted' });
      expect(await ask({ token: '', type: 'NoAuthorization' })).toMatchObject({ status: Status.INVALID, reason: 'NoAuthorizationRefused' });
    });

    it('sees a change at once', async () => {
      expect((await ask({})).status).toBe(Status.UNKNOWN);
      await put({});
      expect((await ask({})).status).toBe(Status.ACCEPTED);
      await put({ status: TokenStatus.BLOCKED });
      expect((await ask({})).status).toBe(Status.BLOCKED);
    });

    it('puts every decision on the log, under its station, before it answers', async () => {
      await put({});
      const seen: [string, AuthorizationDecided][] = [];
      const subscription = await context.log.subscribe({
        group: 'test',
        topics: [DECISION_TOPIC],
        handle: async (batch) => {
          for (const record of batch) seen.push([record.key, record.event.data as AuthorizationDecided]);
        },
      });
      const { decisions } = await service.grpc.authorize({
        requests: [item({ stationId: 'S1' }), item({ stationId: 'S2', token: 'NOBODY' }), item({ stationId: 'S1', offline: true })],
      });
      await until(() => seen.length === 3, 'three decisions on the log');
      expect(seen.map(([key]) => key).sort()).toEqual(['S1', 'S1', 'S2']);
      expect(seen.map(([, data]) => data.decisionId).sort()).toEqual(decisions.map((decision) => decision.decisionId).sort());
      await subscription.stop();
    });

    it('lists decisions, newest first, by station and by token, page by page', async () => {
      await put({});
      for (const stationId of ['S1', 'S2', 'S1', 'S1']) {
        context.clock.ms += 10;
        await ask({ stationId, token: 'card' });
      }
      const list = async (request: Partial<authorizationV1.ListDecisionsRequest>) =>
        service.grpc.listDecisions({ ...ALL_DECISIONS, pageSize: 2, ...request });
      await until(async () => (await list({ pageSize: 9 })).decisions.length === 4, 'four decisions listed');
      const first = await list({ stationId: 'S1' });
      const second = await list({ stationId: 'S1', pageToken: first.nextPageToken });
      const times = [...first.decisions, ...second.decisions].map((record) => record.at);
      expect(times).toEqual([...times].sort().toReversed());
      expect(times).toHaveLength(3);
      expect(second.nextPageToken).toBe('');
      expect((await list({ pageSize: 9, idToken: { idToken: 'CARD', type: '' } })).decisions).toHaveLength(4);
      expect((await list({ pageSize: 9, stationId: 'S2', idToken: { idToken: 'Card', type: '' } })).decisions).toHaveLength(1);
    });

    it('lists every decision of a batch that is written in several slices', async () => {
      await put({});
      const requests = Array.from({ length: 300 }, (_, i) => item({ stationId: `S${i % 7}` }));
      const { decisions } = await service.grpc.authorize({ requests });
      const list = async () => {
        const ids: string[] = [];
        let pageToken = '';
        do {
          const page = await service.grpc.listDecisions({ ...ALL_DECISIONS, pageSize: 100, pageToken });
          for (const { decision } of page.decisions) ids.push(decision?.decisionId ?? '');
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        return ids;
      };
      await until(async () => (await list()).length === 300, 'all are listed');
      expect((await list()).sort()).toEqual(decisions.map(({ decisionId }) => decisionId).sort());
    });

    it('lists what was decided while this service could not be asked, once and with the word for why', async () => {
      const station = new StationVoice(context, 'S1');
      const policy = { source: 'policy', reason: 'AuthorizationUnavailable' } as const;
      await station.presented('STRANGER', { status: 'Invalid', ...policy });
      await station.presented('ASKED', { status: 'Accepted', source: 'authorization', decisionId: 'd' });
      await station.presented('QUARANTINED', { status: 'NotAtThisLocation', source: 'policy', reason: 'StationQuarantined' });
      context.clock.ms += 10;
      await station.started('t1', 'CARD', { evseId: 2, answer: { status: 'Accepted', source: 'cache', groupId: 'G' } });
      context.clock.ms += 10;
      await station.authorized('t1', 'CARD', 'StopAuthorized', { status: 'Accepted', source: 'cache' });
      context.clock.ms += 10;
      await station.presented('LOST', { status: 'Blocked', source: 'cache', reason: 'TokenBlocked' });
      const list = async () => (await service.grpc.listDecisions({ ...ALL_DECISIONS, stationId: 'S1' })).decisions;
      await until(async () => (await list()).some((record) => record.request?.idToken?.idToken === 'LOST'), 'the last one is listed');
      const shown = (await list()).map(({ request, decision }) => [
        request?.idToken?.idToken,
        request?.purpose,
        request?.transactionKey,
        decision?.status,
        decision?.reason,
      ]);
      expect(shown).toEqual([
        ['LOST', Purpose.IDENTIFY, '', Status.BLOCKED, 'TokenBlocked'],
        ['CARD', Purpose.STOP, '', Status.ACCEPTED, 'AcceptedBefore'],
        ['CARD', Purpose.START, 'S1/t1', Status.ACCEPTED, 'AcceptedBefore'],
        ['STRANGER', Purpose.IDENTIFY, '', Status.INVALID, 'AuthorizationUnavailable'],
      ]);
    });

    it('refuses questions it cannot understand, naming them', async () => {
      expect(await failure(service.grpc.authorize({ requests: [item({}), item({ purpose: Purpose.UNSPECIFIED })] }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('requests[1].purpose'),
      });
      expect(await failure(service.grpc.authorize({ requests: [item({ purpose: Purpose.START })] }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('transactionKey'),
      });
      expect(await failure(service.grpc.authorize({ requests: [item({ idToken: undefined })] }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      expect(await failure(service.grpc.authorize({ requests: new Array(1_001).fill(item({})) }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      expect((await service.grpc.authorize({ requests: [] })).decisions).toEqual([]);
    });

    it('gives no answer when the decision cannot be made durable', async () => {
      await put({});
      const { append } = context.log;
      context.log.append = () => Promise.reject(new Error('the disk is full'));
      await expect(ask({})).rejects.toThrow('the disk is full');
      context.log.append = append;
    });
  });

  describe('tokens', () => {
    it('makes, changes and keeps what is not given', async () => {
      const made = await put({ expiresAt: '2027-01-01T00:00:00+01:00', groupId: 'G', concurrentTransactionsMax: 2, note: 'van' });
      expect(made).toMatchObject({
        created: true,
        token: {
          expiresAt: '2026-12-31T23:00:00.000Z',
          groupId: 'G',
          concurrentTransactionsMax: 2,
          note: 'van',
          version: 1,
          status: TokenStatus.ACTIVE,
        },
      });
      const changed = await put({ clearExpiresAt: true, groupId: '', token: 'card' });
      expect(changed).toMatchObject({
        created: false,
        token: { expiresAt: undefined, groupId: '', concurrentTransactionsMax: 2, note: 'van', version: 2, idToken: { idToken: 'CARD' } },
      });
      expect(await get()).toEqual(changed.token);
      expect((await put({})).token?.version).toBe(2);
    });

    it('takes an idempotency key once, whatever happened since', async () => {
      await put({ note: 'a', idempotencyKey: 'k1' });
      await put({ note: 'b' });
      const again = await put({ note: 'a', idempotencyKey: 'k1' });
      expect(again).toMatchObject({ created: false, token: { note: 'b', version: 2 } });
      await put({ note: 'c', expectedVersion: 2, idempotencyKey: 'k2' });
      expect((await put({ note: 'c', expectedVersion: 2, idempotencyKey: 'k2' })).token).toMatchObject({ note: 'c', version: 3 });
    });

    it('makes one that must be new for one of two who make it at once, and tells the same again to a repetition', async () => {
      const make = (note: string) => put({ token: 'NEW', note, mustBeNew: true, idempotencyKey: note });
      const made = await Promise.allSettled([make('a'), make('b')]);
      expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const [first] = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value.token] : []));
      expect((await get('NEW'))?.note).toBe(first?.note);
      expect((await make(first?.note ?? '')).token).toEqual(first);
      expect(await failure(make('c'))).toMatchObject({ code: 'ABORTED', reason: 'TokenExists' });
    });

    it("refuses a version that is not the token's", async () => {
      expect(await failure(put({ expectedVersion: 1 }))).toMatchObject({ code: 'ABORTED', reason: 'RevisionMismatch' });
      await put({});
      expect((await put({ expectedVersion: 1, note: 'x' })).token?.version).toBe(2);
      expect(await failure(put({ expectedVersion: 1, note: 'y' }))).toMatchObject({ code: 'ABORTED' });
    });

    it.each([
      ['an id of 256', { token: 'x'.repeat(256) }],
      ['no id', { token: '' }],
      ['a limit over the bound', { concurrentTransactionsMax: 1_001 }],
      ['a note over the bound', { note: 'x'.repeat(1_001) }],
      ['a status of no meaning', { status: TokenStatus.UNSPECIFIED }],
      ['a time that is none', { expiresAt: 'tomorrow' }],
      ['a group that is none', { groupId: 'x'.repeat(256) }],
      ['a key over the bound', { idempotencyKey: 'x'.repeat(256) }],
    ])('refuses %s', async (_, request) => {
      expect(await failure(put(request))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('takes what is just within the bounds', async () => {
      await put({ token: 'x'.repeat(255), concurrentTransactionsMax: 1_000, note: 'x'.repeat(1_000), idempotencyKey: 'x'.repeat(255) });
      expect((await get('x'.repeat(255)))?.concurrentTransactionsMax).toBe(1_000);
    });

    it('lists by group and status, page by page; unknown ones are not found', async () => {
      for (const token of ['A', 'B', 'C'])
        await put({ token, groupId: token === 'C' ? '' : 'G', ...(token === 'B' ? { status: TokenStatus.BLOCKED } : {}) });
      const list = async (request: Partial<authorizationV1.ListTokensRequest>) => {
        const page = await service.grpc.listTokens({
          pageSize: 0,
          pageToken: '',
          groupId: '',
          status: TokenStatus.UNSPECIFIED,
          ...request,
        });
        return { ids: page.tokens.map((token) => token.idToken?.idToken), next: page.nextPageToken };
      };
      expect((await list({ groupId: 'G' })).ids).toEqual(['A', 'B']);
      expect((await list({ status: TokenStatus.ACTIVE })).ids).toEqual(['A', 'C']);
      expect((await list({ groupId: 'G', status: TokenStatus.BLOCKED })).ids).toEqual(['B']);
      const first = await list({ pageSize: 2 });
      expect([...first.ids, ...(await list({ pageSize: 2, pageToken: first.next })).ids]).toEqual(['A', 'B', 'C']);
      expect(await failure(service.grpc.getToken({ idToken: { idToken: 'D', type: '' } }))).toMatchObject({ code: 'NOT_FOUND' });
      expect(await failure(list({ pageToken: 'nonsense' }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    });
  });

  describe('places', () => {
    const accepted = { status: Status.ACCEPTED };
    const full = { status: Status.CONCURRENT_TX, reason: 'ConcurrentLimit' };

    it('lets in as many as the limit, and the same transaction again', async () => {
      await put({ concurrentTransactionsMax: 2 });
      expect(await start('S1', 'a')).toMatchObject(accepted);
      expect(await start('S2', 'b')).toMatchObject(accepted);
      expect(await start('S1', 'a')).toMatchObject(accepted);
      expect(await start('S3', 'c')).toMatchObject(full);
      expect((await get())?.activeTransactions).toEqual(['S1/a', 'S2/b']);
    });

    it('never lets two take the last place at once, not even in two instances', async () => {
      await put({ concurrentTransactionsMax: 1 });
      const other = await createAuthorization(await openTestContext('authorization', context), config());
      await other.start();
      closing.push(() => other.stop());
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => start(`S${i}`, 't', {}, i % 2 === 0 ? service : other)));
      expect(answers.filter((answer) => answer.status === Status.ACCEPTED)).toHaveLength(1);
      expect((await get())?.activeTransactions).toHaveLength(1);
    });

    it('counts a batch of one call like calls one after the other', async () => {
      await put({ concurrentTransactionsMax: 2 });
      const requests = ['a', 'b', 'c', 'a'].map((key) => item({ stationId: 'S1', purpose: Purpose.START, transactionKey: `S1/${key}` }));
      const { decisions } = await service.grpc.authorize({ requests });
      expect(decisions.map(({ status }) => status)).toEqual([Status.ACCEPTED, Status.ACCEPTED, Status.CONCURRENT_TX, Status.ACCEPTED]);
    });

    it('lets the next in at once after a stop that was acknowledged', async () => {
      await put({ concurrentTransactionsMax: 1 });
      const station = new StationVoice(context, 'S1');
      for (let i = 0; i < 20; i += 1) {
        expect(await start('S1', `t${i}`)).toMatchObject(accepted);
        await station.started(`t${i}`, 'CARD');
        expect(await ask({ stationId: 'S2' })).toMatchObject(full);
        await station.ended(`t${i}`);
        expect(await ask({ stationId: 'S2' })).toMatchObject(accepted);
      }
    });

    it('knows a 1.6 transaction by its number when it ends', async () => {
      await put({ concurrentTransactionsMax: 1 });
      const station = new StationVoice(context, 'S1', 'ocpp1.6');
      expect(await start('S1', 'hash')).toMatchObject(accepted);
      await station.started('4711', 'CARD', { key: 'hash' });
      await station.ended('4712');
      expect(await start('S2', 'x')).toMatchObject(full);
      await station.ended('4711');
      expect(await start('S2', 'x')).toMatchObject(accepted);
    });

    it('knows the transaction a 1.6 station stops with -1 by its token or its group', async () => {
      await put({ concurrentTransactionsMax: 1, groupId: 'G' });
      await put({ token: 'MASTER', groupId: 'G' });
      const station = new StationVoice(context, 'S1', 'ocpp1.6');
      // The number comes twice, as from a station that counts anew: another key is another transaction.
      for (const stopper of ['CARD', 'MASTER']) {
        await start('S1', `h-${stopper}`);
        await station.started('4711', 'CARD', { key: `h-${stopper}` });
        await station.ended('-1', 'STRANGER');
        expect(await ask({ stationId: 'S2' })).toMatchObject(full);
        await station.ended('-1', stopper);
        expect(await ask({ stationId: 'S2' })).toMatchObject(accepted);
        await station.ended('4711');
      }
    });

    it('gives no place for good to a start that arrives after its end', async () => {
      await put({ concurrentTransactionsMax: 1 });
      const station = new StationVoice(context, 'S1');
      await station.ended('t1');
      expect(await start('S1', 't1', { offline: true })).toMatchObject(accepted);
      expect(await start('S2', 't2')).toMatchObject(accepted);
      await station.started('t1', 'CARD');
      expect((await get())?.activeTransactions).toEqual(['S2/t2']);
      expect(await start('S3', 't3')).toMatchObject(full);
    });

    it('takes a place for a token that is presented after the cable (2.0.1 E03)', async () => {
      await put({ concurrentTransactionsMax: 1 });
      const station = new StationVoice(context, 'S1');
      expect(await start('S1', 't1')).toMatchObject(accepted);
      await station.authorized('t1', 'CARD');
      expect(await start('S2', 't2')).toMatchObject(full);
      await station.ended('t1');
      expect(await start('S2', 't2')).toMatchObject(accepted);
    });

    it('counts what a station let in while this service was away, and flags what is over', async () => {
      await put({ concurrentTransactionsMax: 1 });
      const station = new StationVoice(context, 'S1');
      expect(await start('S2', 't2')).toMatchObject(accepted);
      await station.started('t1', 'CARD', { answer: { status: 'Accepted', source: 'policy' } });
      await until(async () => (await get())?.activeTransactions.length === 2, 'both counted');
      await station.started('t3', 'CARD', { answer: { status: 'ConcurrentTx', source: 'authorization' } });
      await station.ended('t1');
      await until(async () => (await get())?.activeTransactions.join() === 'S2/t2', 'a refused one is not counted');
    });

    it('records an offline start over the limit, since it has begun already', async () => {
      await put({ concurrentTransactionsMax: 1 });
      await start('S1', 'a');
      expect(await start('S2', 'b', { offline: true })).toMatchObject({
        status: Status.ACCEPTED,
        reason: 'ConcurrentLimitExceededOffline',
      });
      expect((await get())?.activeTransactions).toEqual(['S1/a', 'S2/b']);
      await put({ status: TokenStatus.BLOCKED });
      expect(await start('S3', 'c', { offline: true })).toMatchObject({ status: Status.BLOCKED, reason: 'TokenBlocked' });
      expect((await get())?.activeTransactions).toHaveLength(2);
    });

    it('answers a question without a start, a stop, and one at the station where the token charges', async () => {
      await put({ concurrentTransactionsMax: 1 });
      await start('S1', 'a');
      expect(await ask({ stationId: 'S2' })).toMatchObject(full);
      expect(await ask({ stationId: 'S1' })).toMatchObject(accepted);
      expect(await ask({ stationId: 'S2', purpose: Purpose.STOP })).toMatchObject(accepted);
      expect((await get())?.activeTransactions).toEqual(['S1/a']);
    });

    it('says when a refusal could not be verified in time', async () => {
      await put({ concurrentTransactionsMax: 1 });
      await start('S1', 'a');
      context.log.caughtUp = async () => false;
      expect(await start('S2', 'b')).toMatchObject({ status: Status.CONCURRENT_TX, reason: 'ConcurrentLimitUnverified' });
    });

    it('ends the transaction before when another begins later on the same EVSE', async () => {
      await put({ concurrentTransactionsMax: 1 });
      await start('S1', 'a', { evseId: 1, occurredAt: '2026-11-02T07:00:00.000Z' });
      expect(await start('S1', 'b', { evseId: 2, occurredAt: '2026-11-02T07:30:00.000Z' })).toMatchObject(full);
      expect(await start('S1', 'z', { evseId: 1, occurredAt: '2026-11-02T06:59:59.999Z' })).toMatchObject(full);
      expect(await start('S1', 'c', { evseId: 1, occurredAt: '2026-11-02T07:30:00.000Z' })).toMatchObject(accepted);
      expect((await get())?.activeTransactions).toEqual(['S1/c']);
    });

    it('gives back a place that another instance gave, before it heard of that', async () => {
      await put({ concurrentTransactionsMax: 1 });
      const other = await openTestContext('authorization', context);
      const deaf = { ...other, log: { ...silentLog, append: context.log.append.bind(context.log) } };
      const behind = await createAuthorization(deaf, config());
      expect((await ask({}, behind)).status).toBe(Status.ACCEPTED);
      await start('S1', 'a');
      const release = { kind: 'ReleaseTransaction', transactionKey: 'S1/a', cause: 'Ended', now: context.clock.now() } as const;
      await behind.tokens.execute([{ key: 'CARD', command: release, causationId: 'e1' }]);
      expect((await get())?.activeTransactions).toEqual([]);
      await put({ note: 'x' });
      expect((await put({ note: 'y', expectedVersion: 2 }, behind)).token).toMatchObject({ note: 'y', version: 3 });
    });

    it('gives back the place of a transaction that never started, and keeps those that did', async () => {
      await put({ concurrentTransactionsMax: 4 });
      await start('S2', 'did');
      await new StationVoice(context, 'S2').started('did', 'CARD');
      for (const triggerReason of ['Authorized', 'RemoteStart']) {
        await start('S3', triggerReason);
        await new StationVoice(context, 'S3').authorized(triggerReason, 'CARD', triggerReason);
      }
      context.clock.ms += 1;
      // Looked at last.
      await start('S1', 'never');
      context.clock.ms += 899_000;
      service.neverStarted.hurry();
      expect((await get())?.activeTransactions).toHaveLength(4);
      context.clock.ms += 2_000;
      service.neverStarted.hurry();
      await until(async () => (await get())?.activeTransactions.includes('S1/never') === false, 'the place is given back');
      expect((await get())?.activeTransactions).toEqual(['S2/did', 'S3/Authorized', 'S3/RemoteStart']);
    });

    it('stays right over a restart and a lost read model write', async () => {
      await put({ concurrentTransactionsMax: 1 });
      await start('S1', 'a');
      for (const close of closing.splice(0)) await close();
      const tokens = await context.store.collection<{ id: string; version: number }>(
        'tokens',
        (await import('./store/documents.js')).tokenSchema,
      );
      const doc = await tokens.get('CARD');
      // As a crash between the commit and the read model leaves it.
      await tokens.upsert([{ doc: { ...doc, id: 'CARD', version: 1, places: [] } as { id: string; version: number } }]);
      await open();
      expect(await start('S2', 'b')).toMatchObject(full);
      expect((await get())?.activeTransactions).toEqual(['S1/a']);
    });
  });

  it('goes by the stream while the read model is behind what another instance told', async () => {
    await put({});
    const other = await createAuthorization(await openTestContext('authorization', context), config());
    expect((await ask({}, other)).status).toBe(Status.ACCEPTED);
    const tokens = await context.store.collection<{ id: string }>('tokens', (await import('./store/documents.js')).tokenSchema);
    const before = await tokens.get('CARD');
    await put({ status: TokenStatus.BLOCKED });
    // As it is while the writer has not come to it, or died before it could.
    await tokens.upsert([{ doc: before ?? { id: '' } }]);
    const [told] = (await context.store.streams.load(['token:CARD'])).get('token:CARD')?.at(-1)?.events ?? [];
    if (told !== undefined) other.tokens.changed(told);
    expect((await ask({}, other)).status).toBe(Status.BLOCKED);
    expect((await ask({}, other)).status).toBe(Status.BLOCKED);
  });

  it('sees within moments what another instance changed', async () => {
    await put({});
    const other = await createAuthorization(await openTestContext('authorization', context), config());
    await other.start();
    closing.push(() => other.stop());
    expect((await ask({}, other)).status).toBe(Status.ACCEPTED);
    expect((await ask({ token: 'LATER' }, other)).status).toBe(Status.UNKNOWN);
    await put({ status: TokenStatus.BLOCKED });
    await put({ token: 'LATER' });
    await until(async () => (await ask({}, other)).status === Status.BLOCKED, 'the block arrives');
    await until(async () => (await ask({ token: 'LATER' }, other)).status === Status.ACCEPTED, 'the new token arrives');
  });
});
