import { isoTime } from '@voltlog/kernel';
import { authorizationV1 } from '@voltlog/proto';
import { SESSION_TOPIC, type SessionEventType } from '@voltlog/session-contract';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthorizationWorld } from './testing/world.js';

const { AuthorizationPurpose: Purpose, AuthorizationStatus: Status } = authorizationV1;
const LIMIT: NonNullable<authorizationV1.Contract['sessionLimit']> = { costAmount: '', costCurrency: '' };
const BUDGET: authorizationV1.Budget = { costPerDay: '', costPerMonth: '', currency: '', timeZone: 'UTC' };

describe('budgets', () => {
  let world: AuthorizationWorld;
  beforeEach(async () => {
    world = await AuthorizationWorld.open();
  });
  afterEach(() => world.close());

  const say = (type: SessionEventType, sessionId: string, data: object) =>
    world.context.log.append(SESSION_TOPIC, sessionId, [
      {
        id: world.context.ids.next(),
        type,
        source: '/session/test',
        subject: sessionId,
        time: isoTime(world.context.clock.now()),
        data: { sessionId, stationId: 'S1', transactionId: sessionId, ocppVersion: 'ocpp2.0.1', ...data },
      },
    ]);
  const begin = (sessionId: string, token = 'A', limit?: object) =>
    say('voltlog.session.SessionStarted.v1', sessionId, {
      transactionKey: sessionId,
      idToken: { idToken: token, type: 'ISO14443' },
      authorization: { status: 'Accepted', source: 'authorization', ...(limit === undefined ? {} : { limit }) },
      startedAt: isoTime(world.context.clock.now()),
    });
  const end = (sessionId: string, energyWh: number, token = 'A') =>
    say('voltlog.session.SessionEnded.v1', sessionId, {
      end: {},
      corrects: false,
      outcome: { state: 'Ended', energyWh, flags: [], incomplete: false, idToken: { idToken: token, type: 'ISO14443' } },
    });
  const used = async () => (await world.service.grpc.getContract({ contractId: 'C' })).contract?.used;

  it('count what sessions use, once each, and leave the rest as the limit of the next', async () => {
    await world.putContract('C', { budget: { ...BUDGET, energyWhPerDay: 10_000, energyWhPerMonth: 11_000 } });
    for (const token of ['A', 'B']) await world.putToken(token, { contractId: 'C' });
    expect((await world.ask({ token: 'A' })).limit).toMatchObject({ energyWh: 10_000 });
    await begin('s1');
    await end('s1', 4_000);
    await end('s1', 4_000);
    await begin('s2', 'B');
    await end('s2', 2_500, 'B');
    await until(async () => (await used())?.energyWhToday === 6_500, 'both sessions are counted');
    expect(await used()).toMatchObject({ sessionsToday: 2, energyWhThisMonth: 6_500 });
    expect((await world.start('S2', 't', { token: 'B' })).limit).toMatchObject({ energyWh: 3_500 });
    await begin('s3');
    await end('s3', 3_500);
    await until(async () => (await used())?.energyWhToday === 10_000, 'the third is counted');
    expect((await world.ask({ token: 'A', stationId: 'S2' })).status).toBe(Status.NO_CREDIT);
    expect(await world.start('S2', 't2', { token: 'A' })).toMatchObject({ reason: 'BudgetExhausted', contractId: 'C' });
    expect((await world.ask({ token: 'A', purpose: Purpose.STOP })).status).toBe(Status.ACCEPTED);
    world.context.clock.ms += 86_400_000;
    expect((await world.ask({ token: 'A' })).limit).toMatchObject({ energyWh: 1_000 });
  });

  it('count sessions and money, of a token too, and lock nobody in who charges', async () => {
    await world.putToken('A', { replaceRules: true, budget: { ...BUDGET, sessionsPerDay: 1, costPerMonth: '5.00', currency: 'EUR' } });
    expect((await world.ask({ token: 'A' })).limit).toMatchObject({ costAmount: '5', costCurrency: 'EUR' });
    await begin('s1');
    await until(async () => (await world.ask({ token: 'A', stationId: 'S2' })).status === Status.NO_CREDIT, 'the session is counted');
    expect((await world.ask({ token: 'A', stationId: 'S1' })).status).toBe(Status.ACCEPTED);
    await say('voltlog.session.SessionMilestoneReached.v1', 's1', { energyWh: 900, cost: { amount: '4.99', currency: 'EUR' } });
    await end('s1', 1_000);
    await until(async () => (await world.ask({ token: 'A' })).status === Status.NO_CREDIT, 'it ended');
    world.context.clock.ms += 86_400_000;
    await until(async () => (await world.ask({ token: 'A' })).limit?.costAmount === '0.01', 'a cent is left');
  });

  it('are shared by sessions at the same time: each holds what it was let in for, and gives back what it did not use', async () => {
    await world.putContract('C', { budget: { ...BUDGET, energyWhPerDay: 10_000 }, sessionLimit: { ...LIMIT, energyWh: 6_000 } });
    for (const token of ['A', 'B', 'D']) await world.putToken(token, { contractId: 'C' });
    const first = await world.start('S1', 's1', { token: 'A' });
    expect(first.limit).toMatchObject({ energyWh: 6_000 });
    // Before anybody told that the first began.
    expect((await world.start('S2', 's2', { token: 'B' })).limit).toMatchObject({ energyWh: 4_000 });
    expect(await world.start('S3', 's3', { token: 'D' })).toMatchObject({ reason: 'BudgetExhausted' });
    // Asked again it is the same.
    expect((await world.start('S1', 's1', { token: 'A' })).limit).toMatchObject({ energyWh: 6_000 });
    await begin('s1', 'A', { energyWh: 6_000 });
    await begin('s2', 'B', { energyWh: 4_000 });
    await until(async () => (await used())?.sessionsToday === 2, 'both are counted');
    world.context.clock.ms += 600_000;
    expect(await world.start('S3', 's3', { token: 'D' })).toMatchObject({ reason: 'BudgetExhausted' });
    await end('s1', 1_000);
    await until(async () => (await used())?.energyWhToday === 1_000, 'the first ended');
    expect((await world.start('S3', 's3', { token: 'D' })).limit).toMatchObject({ energyWh: 5_000 });
  });

  it('are held once by a session whose card is shown after the cable', async () => {
    await world.putContract('C', { budget: { ...BUDGET, energyWhPerDay: 10_000 }, sessionLimit: { ...LIMIT, energyWh: 4_000 } });
    for (const token of ['A', 'B']) await world.putToken(token, { contractId: 'C' });
    expect((await world.start('S1', 's1', { token: 'A' })).limit).toMatchObject({ energyWh: 4_000 });
    await say('voltlog.session.SessionIdTokenPresented.v1', 's1', {
      purpose: 'Start',
      idToken: { idToken: 'A', type: 'ISO14443' },
      authorization: { status: 'Accepted', source: 'authorization', limit: { energyWh: 4_000 } },
      at: isoTime(world.context.clock.now()),
    });
    await until(async () => (await used())?.sessionsToday === 1, 'it is counted');
    expect((await world.ask({ token: 'B', stationId: 'S2' })).limit).toMatchObject({ energyWh: 4_000 });
    await world.putContract('C', { budget: { ...BUDGET, energyWhPerDay: 7_000 }, sessionLimit: { ...LIMIT, energyWh: 4_000 } });
    expect((await world.ask({ token: 'B', stationId: 'S2' })).limit).toMatchObject({ energyWh: 3_000 });
  });

  it('are shared by starts that are asked about in one go, and by no start that is refused', async () => {
    await world.putContract('C', { budget: { ...BUDGET, energyWhPerDay: 10_000 }, concurrentTransactionsMax: 1 });
    for (const token of ['A', 'B']) await world.putToken(token, { contractId: 'C' });
    const item = (token: string, station: string) => ({
      stationId: station,
      evseId: 1,
      idToken: { idToken: token, type: 'Local' },
      purpose: Purpose.START,
      transactionKey: `${station}/${station}`,
      occurredAt: undefined,
      offline: false,
    });
    const { decisions } = await world.service.grpc.authorize({ requests: [item('A', 'S1'), item('B', 'S2')] });
    expect(decisions[0]?.limit).toMatchObject({ energyWh: 10_000 });
    expect(decisions[1]?.status).not.toBe(Status.ACCEPTED);
    await world.putContract('C2', { budget: { ...BUDGET, energyWhPerDay: 10_000 } });
    await world.putToken('BLOCKED', { contractId: 'C2', status: authorizationV1.TokenStatus.BLOCKED });
    await world.putToken('GOOD', { contractId: 'C2' });
    expect((await world.start('S4', 's4', { token: 'BLOCKED' })).status).toBe(Status.BLOCKED);
    expect((await world.start('S5', 's5', { token: 'GOOD' })).limit).toMatchObject({ energyWh: 10_000 });
  });

  it('are given back by a refused start after its answer', async () => {
    await world.close();
    let writes = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    world = await AuthorizationWorld.open({}, (context) => {
      const collection = context.store.collection.bind(context.store);
      context.store.collection = async (name, schema) => {
        const found = await collection(name, schema);
        const upsert = found.upsert.bind(found);
        if (name === 'grants')
          found.upsert = async (changes) => {
            if ((writes += 1) > 1) await held;
            return upsert(changes);
          };
        return found as never;
      };
      return context;
    });
    await world.putContract('C', { budget: { ...BUDGET, energyWhPerDay: 10_000 } });
    await world.putToken('BLOCKED', { contractId: 'C', status: authorizationV1.TokenStatus.BLOCKED });
    await world.putToken('GOOD', { contractId: 'C' });
    expect((await world.start('S1', 's1', { token: 'BLOCKED' })).status).toBe(Status.BLOCKED);
    const next = world.start('S2', 's2', { token: 'GOOD' });
    release();
    expect((await next).limit).toMatchObject({ energyWh: 10_000 });
  });

  it('of other tokens are not touched', async () => {
    await world.putToken('A', { replaceRules: true, budget: { ...BUDGET, sessionsPerDay: 1 } });
    await world.putToken('FREE');
    await begin('s1', 'FREE');
    await begin('s2', 'A');
    await until(async () => (await world.ask({ token: 'A', stationId: 'S2' })).status === Status.NO_CREDIT, 'A is counted');
    expect(await world.ask({ token: 'FREE' })).toMatchObject({ status: Status.ACCEPTED, limit: undefined });
  });

  it('are given out once by two instances that are asked in the same moment, and by one that was started anew', async () => {
    await world.putContract('C', { budget: { ...BUDGET, energyWhPerDay: 10_000 }, sessionLimit: { ...LIMIT, energyWh: 4_000 } });
    const cards = ['A', 'B', 'D', 'E', 'F', 'G'];
    for (const token of cards) await world.putToken(token, { contractId: 'C' });
    const other = await world.another();
    try {
      const decisions = await Promise.all(cards.map((token, i) => (i % 2 === 0 ? world : other).start(`S${i}`, 't', { token })));
      const given = decisions.flatMap(({ status, limit }) => (status === Status.ACCEPTED ? [limit?.energyWh ?? 0] : []));
      expect(given.sort()).toEqual([2_000, 4_000, 4_000]);
    } finally {
      await other.stop();
    }
    const anew = await world.another();
    expect(await anew.start('S9', 't', { token: 'A' })).toMatchObject({ reason: 'BudgetExhausted' });
    expect(await anew.ask({ token: 'A', stationId: 'S9' })).toMatchObject({ reason: 'BudgetExhausted' });
    // Nobody told that any of them began.
    world.context.clock.ms += 120_000;
    expect((await anew.start('S9', 't', { token: 'A' })).limit).toMatchObject({ energyWh: 4_000 });
    await anew.stop();
  });
});
