import type { StationFacts, TransactionStarted } from '@voltlog/connection-contract';
import type { EventEnvelope } from '@voltlog/kernel';
import type { sessionV1 } from '@voltlog/proto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, ended, event, metered, register, started, updated, values } from './testing/facts.js';
import { type IntakeHarness, openIntake } from './testing/intake-harness.js';

type Step = { minutes: number; wh: number };

const steps = fc.array(fc.record({ minutes: fc.integer({ min: 1, max: 30 }), wh: fc.integer({ min: 0, max: 9_000 }) }), { maxLength: 8 });

/** How the register behaves: as it should, is set to 0 somewhere, or shows one wrong value. */
const trouble = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  fc.record({ kind: fc.constantFrom('reset', 'dip', 'spike', 'replaced'), after: fc.nat({ max: 7 }) }),
);

interface Plan {
  readonly connector: number;
  /** Of several transactions on the connector. */
  readonly nth: number;
  readonly begin: number;
  readonly startWh: number;
  readonly steps: Step[];
  readonly trouble: { kind: string; after: number } | undefined;
  readonly ends: boolean;
  readonly offline: boolean;
  readonly blocked: boolean;
}

const plan = (connector: number, nth = 0): fc.Arbitrary<Plan> =>
  fc.record({
    connector: fc.constant(connector),
    nth: fc.constant(nth),
    begin: fc.integer({ min: 0, max: 60 }).map((minute) => minute + nth * 400),
    startWh: fc.integer({ min: 0, max: 5_000_000 }),
    steps,
    trouble,
    ends: fc.boolean(),
    offline: fc.boolean(),
    blocked: fc.boolean(),
  });

/** Register values of a plan, with the minute of each. */
function readingsOf({ begin, startWh, steps: all, trouble: odd }: Plan): { minute: number; wh: number }[] {
  let minute = begin;
  let wh = startWh;
  return all.map((step, i) => {
    minute += step.minutes;
    wh += step.wh;
    if (odd !== undefined && odd.after === i) {
      if (odd.kind === 'reset') wh = 0;
      if (odd.kind === 'replaced') wh += 50_000_000;
      if (odd.kind === 'dip') return { minute, wh: 0 };
      if (odd.kind === 'spike') return { minute, wh: wh + 90_000_000 };
    }
    return { minute, wh };
  });
}

/** What a 1.6 station says of a plan. */
function messages16(plan: Plan): EventEnvelope[] {
  const { connector, nth, begin, startWh, offline, blocked } = plan;
  const transactionId = `${100 + connector + nth * 100}`;
  const readings = readingsOf(plan);
  const last = readings.at(-1) ?? { minute: begin, wh: startWh };
  const late = offline ? 600 : 0;
  return [
    started({
      minute: begin,
      receivedMinute: begin + late,
      transactionId,
      evseId: connector,
      meterStartWh: startWh,
      authorization: { status: blocked ? 'Blocked' : 'Accepted', source: 'authorization' },
    }),
    ...readings.map(({ minute, wh }) =>
      metered({
        minute,
        receivedMinute: minute + late,
        transactionId,
        evseId: connector,
        meterValues: [values(minute, register(wh), { measurand: 'SoC', value: minute % 100, unit: 'Percent' })],
      }),
    ),
    ...(plan.ends ? [ended({ minute: last.minute + 1, receivedMinute: last.minute + 1 + late, transactionId, meterStopWh: last.wh })] : []),
  ];
}

/** What a 2.x station says of a plan. */
function messages2x(plan: Plan): EventEnvelope[] {
  const { connector, nth, begin, startWh, offline, blocked } = plan;
  const common = { ocppVersion: 'ocpp2.0.1' as const, transactionId: `tx-${connector}-${nth}`, evseId: connector, offline };
  const readings = readingsOf(plan);
  const last = readings.at(-1) ?? { minute: begin, wh: startWh };
  const {
    idToken: _i,
    authorization: _a,
    ...start
  } = started({
    ...common,
    minute: begin,
    seqNo: 0,
    chargingState: 'EVConnected',
    meterValues: [values(begin, register(startWh, { context: 'Transaction.Begin' }))],
  }).data as TransactionStarted;
  const authorization = { status: blocked ? 'Blocked' : 'Accepted', source: 'authorization' } as const;
  return [
    event('voltlog.connection.TransactionStarted.v1', start),
    updated({
      ...common,
      minute: begin,
      seqNo: 1,
      idToken: { idToken: 'TAG', type: 'ISO14443' },
      authorization,
      chargingState: 'Charging',
      triggerReason: 'Authorized',
    }),
    ...readings.map(({ minute, wh }, i) =>
      updated({
        ...common,
        minute,
        seqNo: i + 2,
        chargingState: i % 3 === 2 ? 'SuspendedEV' : 'Charging',
        meterValues: [values(minute, register(wh, { location: 'Outlet' }))],
      }),
    ),
    ...(plan.ends
      ? [
          ended({
            ...common,
            minute: last.minute + 1,
            seqNo: readings.length + 2,
            meterValues: [values(last.minute + 1, register(last.wh, { context: 'Transaction.End' }))],
          }),
        ]
      : []),
  ];
}

/** The same message once more, under another message id and event id, a little later; its answer may be another one then. */
function again(message: EventEnvelope): EventEnvelope {
  const type = message.type as keyof StationFacts;
  const data = message.data as StationFacts[typeof type];
  const receivedAt = new Date(Date.parse(data.receivedAt) + 120_000).toISOString();
  const answer = 'authorization' in data ? { authorization: { status: 'ConcurrentTx', source: 'authorization' } } : {};
  return event(type, { ...data, ...answer, receivedAt, messageId: `again-${message.id}` } as StationFacts[typeof type]);
}

interface Delivery {
  readonly order: readonly number[];
  readonly repeated: readonly boolean[];
  readonly redelivered: readonly boolean[];
  readonly splits: readonly boolean[];
  readonly restarts: readonly boolean[];
}

const delivery = fc.record({
  order: fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
  repeated: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
  redelivered: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
  splits: fc.array(fc.boolean(), { minLength: 90, maxLength: 90 }),
  restarts: fc.array(
    fc.nat({ max: 9 }).map((n) => n === 0),
    { minLength: 90, maxLength: 90 },
  ),
});

/** Messages as a bad day delivers them: any order, some handed over twice, in batches of any size, across restarts. */
async function deliver(
  harness: IntakeHarness,
  messages: readonly EventEnvelope[],
  { order, redelivered, splits, restarts }: Delivery,
): Promise<void> {
  const all = messages.flatMap((message, i) => (redelivered[i] ? [message, message] : [message]));
  const shuffled = all
    .map((message, i) => ({ message, key: (order[i % order.length] ?? 0) * 31 + i * 7919 }))
    .sort((a, b) => (a.key % 1009) - (b.key % 1009));
  let batch: EventEnvelope[] = [];
  for (const [i, { message }] of shuffled.entries()) {
    batch.push(message);
    if (!splits[i % splits.length]) continue;
    await harness.handle(batch);
    batch = [];
    if (restarts[i % restarts.length]) harness.restart();
  }
  if (batch.length > 0) await harness.handle(batch);
}

/**
 * What must not depend on the delivery: all but the version, the time of the write, and which milestones were passed unseen (a rest that is
 * told after it ended is not announced).
 */
const told = (sessions: readonly sessionV1.Session[]) =>
  sessions
    .map(({ version: _v, updatedAt: _u, milestones, ...rest }) => ({
      ...rest,
      milestones: milestones.map(({ kind }) => kind).filter(isOnce),
    }))
    .map((session) => ({ ...session, milestones: session.milestones.sort() }))
    .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));

const isOnce = (kind: string): boolean => ['BatteryAt', 'BatteryFull', 'ChargingEnded', 'SessionEnded'].includes(kind);

async function sessionsOf(messages: readonly EventEnvelope[], disturbed?: Delivery) {
  const harness = await openIntake();
  try {
    if (disturbed === undefined) for (const message of messages) await harness.handle([message]);
    else await deliver(harness, messages, disturbed);
    return { sessions: told(await harness.sessions()), meterValues: await harness.collections.meterValues.count() };
  } finally {
    await harness.store.close();
  }
}

describe('any order, repetition and splitting of a station messages ends in the same sessions', () => {
  for (const [version, messages] of [
    ['1.6', messages16],
    ['2.0.1', messages2x],
  ] as const) {
    it(`OCPP ${version}`, { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(plan(1), plan(2), plan(1, 1), delivery, async (one, two, next, disturbed) => {
          const sent = [...messages(one), ...messages(two), ...messages(next)];
          const all = sent.flatMap((message, i) => (disturbed.repeated[i] ? [message, again(message)] : [message]));
          expect(await sessionsOf(all, disturbed)).toEqual(await sessionsOf(all));
        }),
        // What was found is told, however far it was shrunk by then; too few runs prove nothing.
        { numRuns: Number(process.env['FOLD_RUNS'] ?? 60), interruptAfterTimeLimit: 45_000, markInterruptAsFailure: true },
      );
    });
  }

  const quiet: Plan = {
    connector: 1,
    nth: 0,
    begin: 0,
    startWh: 1_000,
    steps: [
      { minutes: 10, wh: 500 },
      { minutes: 10, wh: 700 },
    ],
    trouble: undefined,
    ends: true,
    offline: false,
    blocked: false,
  };

  it('a start that comes behind a later one is superseded by it, though that one has ended and is no longer in memory', async () => {
    for (const messages of [messages16, messages2x]) {
      const forgotten = messages({ ...quiet, steps: [], ends: false });
      const later = messages({ ...quiet, nth: 1, begin: 412 });
      const harness = await openIntake();
      try {
        await harness.handle(later);
        harness.restart();
        await harness.handle(forgotten);
        const disturbed = told(await harness.sessions());
        expect(disturbed.map((session) => session.stoppedReason)).toContain('Superseded');
        expect(disturbed).toEqual((await sessionsOf([...forgotten, ...later])).sessions);
      } finally {
        await harness.store.close();
      }
    }
  });

  it('a plain transaction gives what the registers say', async () => {
    for (const messages of [messages16, messages2x]) {
      const { sessions } = await sessionsOf(messages(quiet));
      expect(sessions).toMatchObject([
        { energyWh: 1_200, flags: [], incomplete: false, startedAt: at(0), endedAt: at(21), idToken: { idToken: 'TAG' } },
      ]);
    }
  });
});
