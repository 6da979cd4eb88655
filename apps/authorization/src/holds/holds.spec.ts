import { DECISION_TOPIC, TOKEN_TOPIC } from '@voltlog/authorization-contract';
import { isoTime, OperatingError } from '@voltlog/kernel';
import { authorizationV1 } from '@voltlog/proto';
import { RESERVATION_TOPIC, type ReservationFact } from '@voltlog/reservation-contract';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authorization, createAuthorization } from '../authorization.js';
import { authorizationConfig } from '../config.js';
import { NO_RULES } from '../testing/facts.js';
import { holdsProjection } from './hold-projection.js';

const { AuthorizationPurpose: Purpose, AuthorizationStatus: Status } = authorizationV1;
const MINUTE = 60_000;

describe('a hold', () => {
  let context: TestContext;
  let service: Authorization;

  const start = async (): Promise<void> => {
    service = await createAuthorization(context, authorizationConfig.parse({ AUTHORIZATION_UNKNOWN_TOKENS: 'accept' }));
    await service.start();
  };
  beforeEach(async () => {
    context = await openTestContext('authorization');
    const topics = [TOKEN_TOPIC, DECISION_TOPIC, 'connection.station.v1', RESERVATION_TOPIC];
    await context.log.ensureTopics(topics.map((name) => ({ name, partitions: 3 })));
    await start();
  });
  afterEach(async () => {
    await service.stop();
    await context.close();
  });

  const tell = async (name: string, change: Partial<ReservationFact> & Record<string, unknown> = {}): Promise<void> => {
    const now = context.clock.now();
    const data = {
      reservationId: 'R1',
      number: 1,
      stationId: 'S1',
      evseId: 1,
      stationEvses: 2,
      idToken: { idToken: 'card', type: 'ISO14443' },
      groupId: 'fleet',
      startsAt: isoTime(now),
      expiresAt: isoTime(now + 30 * MINUTE),
      at: isoTime(now),
      ...change,
    };
    const type = `voltlog.reservation.Reservation${name}.v1`;
    const event = { id: context.ids.next(), type, source: '/test', subject: 'station:S1', time: isoTime(now), data };
    await context.log.append(RESERVATION_TOPIC, data.reservationId, [event]);
  };
  const ask = async (idToken: string, change: Partial<authorizationV1.AuthorizationRequestItem> = {}): Promise<string> => {
    const item = {
      stationId: 'S1',
      evseId: 1,
      idToken: { idToken, type: 'Local' },
      purpose: Purpose.START,
      transactionKey: `S1/${context.ids.next()}`,
      occurredAt: undefined,
      offline: false,
      ...change,
    };
    const [decision] = (await service.grpc.authorize({ requests: [item] })).decisions;
    return decision?.status === Status.ACCEPTED ? 'Accepted' : `${decision?.status} ${decision?.reason}`;
  };
  const REFUSED = `${Status.NOT_AT_THIS_TIME} ReservedForOther`;
  const refused = (what: string): Promise<void> => until(async () => (await ask('OTHER')) === REFUSED, what);

  it('lets in its reserver, refuses strangers at its EVSE, and never refuses a stop', async () => {
    expect(await ask('OTHER')).toBe('Accepted');
    await tell('Confirmed');
    await refused('the hold is known');
    expect(await ask('CARD')).toBe('Accepted');
    expect(await ask('OTHER', { evseId: 2 })).toBe('Accepted');
    expect(await ask('OTHER', { stationId: 'S2' })).toBe('Accepted');
    expect(await ask('OTHER', { purpose: Purpose.STOP })).toBe('Accepted');
    expect(await ask('', { idToken: { idToken: '', type: 'NoAuthorization' } })).toBe(REFUSED);
    expect(await ask('OTHER', { purpose: Purpose.REQUEST_START, transactionKey: '' })).toBe(REFUSED);
    // The calendar knows whether there is room.
    expect(await ask('OTHER', { purpose: Purpose.RESERVE, transactionKey: '' })).toBe('Accepted');
    expect(await ask('OTHER', { purpose: Purpose.IDENTIFY, evseId: 0, transactionKey: '' })).toBe('Accepted');
    await tell('Confirmed', { reservationId: 'R2', evseId: 2 });
    await until(async () => (await ask('OTHER', { purpose: Purpose.IDENTIFY, evseId: 0, transactionKey: '' })) === REFUSED, 'all are held');
    expect(await ask('CARD', { purpose: Purpose.IDENTIFY, evseId: 0, transactionKey: '' })).toBe('Accepted');
  });

  it('that begins later is kept free: who starts before has the time until then, who comes after waits; where the site keeps none, nobody does', async () => {
    const now = context.clock.now();
    const later = { startsAt: isoTime(now + 60 * MINUTE), expiresAt: isoTime(now + 90 * MINUTE) };
    const limitOf = async (idToken: string, change: Partial<authorizationV1.AuthorizationRequestItem> = {}) => {
      const item = { stationId: 'S1', evseId: 1, idToken: { idToken, type: 'Local' }, purpose: Purpose.START, transactionKey: 'S1/k' };
      const request = { ...item, occurredAt: undefined, offline: false, ...change };
      return (await service.grpc.authorize({ requests: [request] })).decisions[0]?.limit?.durationSeconds;
    };
    await tell('Confirmed', { ...later, keptFrom: isoTime(now + 45 * MINUTE) });
    await tell('Confirmed', { reservationId: 'R2', evseId: 2, ...later });
    await until(async () => (await limitOf('OTHER')) === 45 * 60, 'the hold is known');
    expect(await limitOf('CARD')).toBeUndefined();
    // One that has to find a place first, and has a limit of its own.
    const { grpc } = service;
    await grpc.putToken({
      idToken: { idToken: 'GUEST', type: '' },
      clearExpiresAt: false,
      expectedVersion: 0,
      mustBeNew: false,
      idempotencyKey: '',
      ...NO_RULES,
      concurrentTransactionsMax: 1,
    });
    expect(await limitOf('GUEST', { transactionKey: 'S1/guest' })).toBe(45 * 60);
    expect(await limitOf('OTHER', { purpose: Purpose.IDENTIFY, transactionKey: '' })).toBeUndefined();
    expect(await limitOf('OTHER', { evseId: 2 })).toBeUndefined();
    context.clock.ms += 45 * MINUTE - 1;
    expect(await limitOf('OTHER')).toBe(1);
    context.clock.ms += 1;
    expect(await ask('OTHER')).toBe(REFUSED);
    expect(await ask('CARD')).toBe('Accepted');
    expect(await ask('OTHER', { evseId: 2 })).toBe('Accepted');
    await tell('Cancelled', later);
    await until(async () => (await ask('OTHER')) === 'Accepted', 'it is free again');
  });

  it('lets in its group', async () => {
    const token = {
      idToken: { idToken: 'MATE', type: 'ISO14443' },
      groupId: 'FLEET',
      clearExpiresAt: false,
      expectedVersion: 0,
      mustBeNew: false,
      idempotencyKey: '',
    };
    await service.grpc.putToken({ ...NO_RULES, ...token });
    await tell('Confirmed');
    await refused('the hold is known');
    expect(await ask('MATE')).toBe('Accepted');
  });

  it('for a group alone lets in whoever is of the group, by themselves or by contract, and nobody else', async () => {
    const { grpc } = service;
    const none = { clearExpiresAt: false, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' };
    await grpc.putToken({ ...NO_RULES, ...none, idToken: { idToken: 'MATE', type: 'ISO14443' }, groupId: 'FLEET' });
    const contract = authorizationV1.Contract.fromPartial({
      contractId: 'C1',
      status: authorizationV1.TokenStatus.ACTIVE,
      groupId: 'FLEET',
    });
    await grpc.putContract({ contract, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
    await grpc.putToken({ ...NO_RULES, ...none, idToken: { idToken: 'VAN', type: 'ISO14443' }, contractId: 'C1' });
    await tell('Confirmed', { idToken: { idToken: 'FLEET', type: 'Central' }, groupId: 'FLEET', forGroup: true });
    await refused('the hold is known');
    expect([await ask('MATE'), await ask('VAN'), await ask('CARD')]).toEqual(['Accepted', 'Accepted', REFUSED]);
    const members = async (groupId: string, countMax = 0) =>
      (await grpc.listGroupMembers({ groupId, countMax })).idTokens.map(({ idToken }) => idToken);
    expect(await members('FLEET')).toEqual(['MATE', 'VAN']);
    expect(await members('FLEET', 1)).toEqual(['MATE']);
    expect(await members('TAXI')).toEqual([]);
    // One of the contract that has a group of its own hides nobody, whichever of them is found first.
    await grpc.putToken({ ...NO_RULES, ...none, idToken: { idToken: 'A-CAB', type: 'ISO14443' }, contractId: 'C1', groupId: 'CAB' });
    expect([await members('FLEET', 2), await members('CAB')]).toEqual([['MATE', 'VAN'], ['A-CAB']]);
    await expect(members('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await grpc.putToken({ ...NO_RULES, ...none, idToken: { idToken: 'MATE', type: '' }, status: authorizationV1.TokenStatus.BLOCKED });
    await grpc.putToken({ ...NO_RULES, ...none, idToken: { idToken: 'VAN', type: '' }, groupId: 'TAXI' });
    expect([await members('FLEET'), await members('TAXI')]).toEqual([[], ['VAN']]);
  });

  it('tells the members of a group also where one of its contracts has many tokens of other groups, or many have none', async () => {
    const { grpc } = service;
    const none = { clearExpiresAt: false, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' };
    const contractIds = Array.from({ length: 51 }, (_, at) => `C${at + 10}`);
    for (const contractId of contractIds) {
      const contract = { contractId, status: authorizationV1.TokenStatus.ACTIVE, groupId: 'FLEET' };
      await grpc.putContract({
        contract: authorizationV1.Contract.fromPartial(contract),
        expectedVersion: 0,
        mustBeNew: false,
        idempotencyKey: '',
      });
    }
    const put = (idToken: string, contractId: string | undefined, groupId?: string) =>
      grpc.putToken({ ...NO_RULES, ...none, idToken: { idToken, type: 'ISO14443' }, contractId, groupId });
    await put('VAN-1', contractIds.at(-1));
    for (let at = 10; at < 61; at += 1) await put(`CAB-${at}`, contractIds[0], 'TAXI');
    const members = async () => (await grpc.listGroupMembers({ groupId: 'FLEET', countMax: 0 })).idTokens.map(({ idToken }) => idToken);
    expect(await members()).toEqual(['VAN-1']);
    await put('VAN-2', contractIds[0]);
    expect((await members()).toSorted()).toEqual(['VAN-1', 'VAN-2']);
  });

  it('holds from its start to its end, also when nobody tells of the end', async () => {
    await tell('Confirmed', { reservationId: 'R0', stationId: 'S0' });
    await tell('Confirmed', { startsAt: isoTime(context.clock.now() + MINUTE) });
    await until(async () => (await ask('OTHER', { stationId: 'S0' })) === REFUSED, 'the one before is known');
    expect(await ask('OTHER')).toBe('Accepted');
    context.clock.ms += MINUTE;
    await refused('it has begun');
    const before = { offline: true, occurredAt: isoTime(context.clock.now() - 1) };
    expect(await ask('OTHER', before)).toBe('Accepted');
    context.clock.ms += 29 * MINUTE - 1;
    expect(await ask('OTHER')).toBe(REFUSED);
    context.clock.ms += 1;
    expect(await ask('OTHER')).toBe('Accepted');
  });

  it.each(['Used', 'Cancelled', 'Expired'])('is over when it was %s, and does not come back with a repeated beginning', async (name) => {
    await tell('Confirmed');
    await refused('the hold is known');
    await tell(name);
    await until(async () => (await ask('OTHER')) === 'Accepted', 'the end is known');
    await tell('Confirmed');
    await tell('Confirmed', { reservationId: 'R9', stationId: 'S9' });
    await until(async () => (await ask('OTHER', { stationId: 'S9' })) === REFUSED, 'the one after is known');
    expect(await ask('OTHER')).toBe('Accepted');
    await service.stop();
    await start();
    expect(await ask('OTHER')).toBe('Accepted');
  });

  it('is known after a restart before the first question, and what was told meanwhile too', async () => {
    await tell('Confirmed');
    await refused('the hold is known');
    await service.stop();
    await tell('Confirmed', { reservationId: 'R2', evseId: 2 });
    await start();
    expect(await ask('OTHER')).toBe(REFUSED);
    expect(await ask('OTHER', { evseId: 2 })).toBe(REFUSED);
    expect(await holdsProjection.rebuild(context, () => {})).toBe(2);
  });

  it('that ended keeps nobody away: a refusal waits for what was told before, and no longer than it may', async () => {
    await service.stop();
    const { log } = context;
    const { promise: behind, resolve: letIn } = Promise.withResolvers<void>();
    let isSlow = false;
    let whenAsked = (): void => undefined;
    const own: Pick<typeof log, 'caughtUp' | 'subscribe'> = {
      caughtUp(question) {
        if (question.group.startsWith('authorization-holds-memory')) whenAsked();
        return log.caughtUp(question);
      },
      subscribe: ({ handle, ...options }) =>
        log.subscribe({
          ...options,
          async handle(batch) {
            if (isSlow && options.group.startsWith('authorization-holds-memory')) await behind;
            await handle(batch);
          },
        }),
    };
    const slow = new Proxy(log, {
      get: (target, name) => (name in own ? Reflect.get(own, name) : Reflect.get(target, name).bind(target)),
    });
    service = await createAuthorization(
      { ...context, log: slow },
      authorizationConfig.parse({ AUTHORIZATION_UNKNOWN_TOKENS: 'accept', AUTHORIZATION_VERIFY_MS: '400' }),
    );
    await service.start();
    await tell('Confirmed');
    await refused('the hold is known');
    isSlow = true;
    await tell('Cancelled');
    expect(await ask('OTHER')).toBe(REFUSED);
    whenAsked = letIn;
    expect(await ask('OTHER')).toBe('Accepted');
  });

  it('is not ready before every hold is known, and goes on looking until then', async () => {
    await tell('Confirmed', { reservationId: 'R0', stationId: 'S0' });
    await until(async () => (await ask('OTHER', { stationId: 'S0' })) === REFUSED, 'the one before is known');
    await service.stop();
    await tell('Cancelled', { reservationId: 'R0', stationId: 'S0' });
    await tell('Confirmed');
    let isBehind = true;
    const checks: (() => Promise<void>)[] = [];
    const { log } = context;
    // The instance that writes the read model has no store.
    const own: Pick<typeof log, 'caughtUp' | 'subscribe'> = {
      caughtUp: async (question) => !isBehind && log.caughtUp(question),
      subscribe: ({ handle, ...options }) =>
        log.subscribe({
          ...options,
          async handle(batch) {
            if (isBehind && options.group === 'authorization-holds') throw new OperatingError('StoreUnavailable', 'not now');
            await handle(batch);
          },
        }),
    };
    const behind = new Proxy(log, {
      get: (target, name) => (name in own ? Reflect.get(own, name) : Reflect.get(target, name).bind(target)),
    });
    service = await createAuthorization(
      { ...context, instanceId: 'late', log: behind, readiness: (_name, check) => checks.push(check) },
      authorizationConfig.parse({ AUTHORIZATION_UNKNOWN_TOKENS: 'accept' }),
    );
    await service.start();
    const ready = async (): Promise<boolean> =>
      (await Promise.allSettled(checks.map((check) => check()))).every((each) => each.status === 'fulfilled');
    expect(await ready()).toBe(false);
    expect(await ask('OTHER')).toBe('Accepted');
    isBehind = false;
    await until(ready, 'it is ready');
    expect(await ask('OTHER')).toBe(REFUSED);
    expect(await ask('OTHER', { stationId: 'S0' })).toBe('Accepted');
  });
});
