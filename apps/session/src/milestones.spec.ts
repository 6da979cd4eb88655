import type { EventEnvelope } from '@voltlog/kernel';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, ended, metered, register, started, status, updated, values } from './testing/facts.js';
import { openIntake } from './testing/intake-harness.js';
import { SessionHarness } from './testing/session-harness.js';

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness().start();
});
afterEach(() => harness.dispose());

const soc = (percent: number) => ({ measurand: 'SoC', value: percent, unit: 'Percent' });

/** What was announced of the only session: milestone, its mark or occurrence, minute. */
async function announced(): Promise<string[]> {
  const { sessionId } = await harness.only();
  return (await harness.milestones(sessionId)).map(({ milestone, percent, occurrence, at: time }) =>
    [milestone, percent, occurrence > 1 ? `#${occurrence}` : undefined, minuteOf(time)].filter((part) => part !== undefined).join(' '),
  );
}
const minuteOf = (time: string): string => `@${(Date.parse(time) - Date.parse(at(0))) / 60_000}`;

/** Each handled before the next is told, so that the times are those of the facts. */
async function oneByOne(facts: readonly EventEnvelope[]): Promise<void> {
  for (const fact of facts) await harness.given(fact);
}

/** A night at a 1.6 station. */
const night16 = (): EventEnvelope[] => [
  status({ minute: -1, detail: 'Preparing' }),
  started({ minute: 0 }),
  status({ minute: 1, detail: 'Charging' }),
  metered({ minute: 10, meterValues: [values(10, register(4_000), soc(70))] }),
  metered({ minute: 20, meterValues: [values(20, register(9_000), soc(91))] }),
  status({ minute: 21, detail: 'SuspendedEV' }),
  status({ minute: 25, detail: 'Charging' }),
  metered({ minute: 30, meterValues: [values(30, register(10_000), soc(100))] }),
  status({ minute: 31, detail: 'SuspendedEV' }),
  ended({ minute: 60, meterStopWh: 10_000, stoppedReason: 'Local' }),
  status({ minute: 60, detail: 'Finishing' }),
  status({ minute: 90, status: 'Available' }),
];

const NIGHT = [
  'ChargingStarted @1',
  'BatteryAt 90 @20',
  'SuspendedByVehicle @21',
  'BatteryFull @30',
  'SuspendedByVehicle #2 @31',
  'ChargingEnded @60',
  'ParkingStarted @60',
  'SessionEnded @90',
];

describe('milestones of a 1.6 session', () => {
  it('come from the status of its connector, its readings and its stop', async () => {
    await oneByOne(night16());
    expect(await announced()).toEqual(NIGHT);
    expect(await harness.only()).toMatchObject({ idleSeconds: 1_800, unpluggedAt: at(90), chargingState: 'EVConnected' });
  });

  it('are told once though every fact comes again, in one batch or after a restart', async () => {
    await oneByOne(night16());
    await harness.given(...night16());
    await harness.restart();
    await harness.given(...night16());
    expect(await announced()).toEqual(NIGHT);
  });

  it('carry who charges, how much, and where', async () => {
    await harness.given(
      started({ minute: 0, authorization: { status: 'Accepted', source: 'authorization', groupId: 'G', contractId: 'C' } }),
      metered({ minute: 10, meterValues: [values(10, register(4_000), soc(95))] }),
    );
    const { sessionId } = await harness.only();
    expect(await harness.milestones(sessionId)).toMatchObject([
      {
        milestone: 'ChargingStarted',
        energyWh: 3_000,
        evseId: 1,
        connectorId: 1,
        idToken: { idToken: 'TAG' },
        groupId: 'G',
        contractId: 'C',
      },
      { milestone: 'BatteryAt', percent: 90, stateOfChargePercent: 95 },
    ]);
  });

  it('show charging by the register where the station tells no status', async () => {
    await harness.given(started({ minute: 0 }), metered({ minute: 5, meterValues: [values(5, register(1_010))] }));
    expect(await announced()).toEqual([]);
    await harness.given(metered({ minute: 6, meterValues: [values(6, register(1_011))] }));
    expect(await announced()).toEqual(['ChargingStarted @6']);
  });

  it('do not say 90 % below it', async () => {
    await harness.given(started({ minute: 0 }), metered({ minute: 5, meterValues: [values(5, soc(89.9))] }));
    expect(await announced()).toEqual([]);
  });

  it('take a status that was told just before the start', async () => {
    await harness.given(status({ minute: -0.5, detail: 'Charging' }), started({ minute: 0 }));
    expect(await announced()).toEqual(['ChargingStarted @-0.5']);
  });

  it('leave the status of another connector and of the station alone', async () => {
    await harness.given(
      started({ minute: 0 }),
      status({ minute: 1, detail: 'Charging', evseId: 2 }),
      status({ minute: 1, status: 'Faulted', evseId: 0, connectorId: 0, errorCode: 'InternalError' }),
    );
    expect(await announced()).toEqual([]);
  });

  it('tell of a fault once until energy flows again', async () => {
    const fault = (minute: number) => status({ minute, status: 'Faulted', errorCode: 'GroundFailure' });
    await oneByOne([started({ minute: 0 }), status({ minute: 1, detail: 'Charging' }), fault(2), fault(3)]);
    await oneByOne([status({ minute: 4, detail: 'Charging' }), fault(3), fault(5)]);
    expect(await announced()).toEqual(['ChargingStarted @1', 'Faulted @2', 'FaultCleared @4', 'Faulted #2 @5']);
  });

  it('tell that a fault is over, once, and of the next one though no energy flowed between; across a restart', async () => {
    const fault = (minute: number) => status({ minute, status: 'Faulted', errorCode: 'GroundFailure' });
    const well = (minute: number) => status({ minute, detail: 'SuspendedEVSE' });
    await oneByOne([started({ minute: 0 }), status({ minute: 1, detail: 'Charging' }), well(1.5), fault(2), well(3)]);
    await harness.restart();
    await oneByOne([well(3), well(4), fault(2), fault(5)]);
    await harness.restart();
    await oneByOne([status({ minute: 6, status: 'Available' }), well(3)]);
    expect((await announced()).filter((each) => each.includes('Fault'))).toEqual([
      'Faulted @2',
      'FaultCleared @3',
      'Faulted #2 @5',
      'FaultCleared #2 @6',
    ]);
  });

  it('find the free connector though it was told before the stop came out of the queue, across a restart', async () => {
    await harness.given(started({ minute: 0 }), status({ minute: 1, detail: 'Charging' }), status({ minute: 31, status: 'Available' }));
    await harness.restart();
    await harness.given(ended({ minute: 30, receivedMinute: 120, meterStopWh: 3_000, stoppedReason: 'EVDisconnected' }));
    expect(await announced()).toEqual(['ChargingStarted @1', 'ChargingEnded @30', 'SessionEnded @31']);
    expect(await harness.only()).toMatchObject({ idleSeconds: 60 });
  });

  it('wait for the free connector over a restart, and not for ever: the next session there ends the wait', async () => {
    await harness.given(started({ minute: 0 }), status({ minute: 1, detail: 'Charging' }), ended({ minute: 30, meterStopWh: 3_000 }));
    await harness.restart();
    await harness.given(status({ minute: 40, status: 'Available' }));
    expect(await announced()).toContain('SessionEnded @40');
    await harness.given(
      started({ minute: 100, transactionId: '102', meterStartWh: 3_000 }),
      status({ minute: 101, detail: 'Charging' }),
      ended({ minute: 130, transactionId: '102', meterStopWh: 5_000 }),
      started({ minute: 200, transactionId: '103', meterStartWh: 5_000 }),
    );
    await harness.restart();
    await harness.given(status({ minute: 230, status: 'Available' }));
    const second = (await harness.all()).find((session) => session.transactionId === '102');
    expect((await harness.milestones(second?.sessionId ?? '')).map(({ milestone }) => milestone)).not.toContain('SessionEnded');
  });
});

describe('milestones of a 2.x session', () => {
  const common = { ocppVersion: 'ocpp2.0.1' as const, transactionId: 'tx-1' };
  const night2 = (): EventEnvelope[] => [
    started({ ...common, minute: 0, seqNo: 0, chargingState: 'EVConnected' }),
    updated({ ...common, minute: 1, seqNo: 1, chargingState: 'Charging' }),
    updated({ ...common, minute: 20, seqNo: 2, meterValues: [values(20, register(9_000), soc(91))] }),
    updated({ ...common, minute: 21, seqNo: 3, chargingState: 'SuspendedEVSE' }),
    updated({ ...common, minute: 22, seqNo: 4, chargingState: 'SuspendedEV' }),
    updated({ ...common, minute: 25, seqNo: 5, chargingState: 'Charging' }),
    ended({ ...common, minute: 60, seqNo: 6, stoppedReason: 'EnergyLimitReached', chargingState: 'EVConnected' }),
    status({ minute: 90, status: 'Available', ocppVersion: 'ocpp2.0.1' }),
  ];

  it('come from charging states and connector statuses', async () => {
    await oneByOne(night2());
    await harness.given(...night2());
    expect(await announced()).toEqual([
      'ParkingStarted @0',
      'ChargingStarted @1',
      'BatteryAt 90 @20',
      'SuspendedByStation @21',
      'SuspendedByVehicle @22',
      'ParkingStarted #2 @60',
      'LimitReached @60',
      'ChargingEnded @60',
      'SessionEnded @90',
    ]);
  });

  it('are announced at most once in any order, splitting and repetition, and those of the end always', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 7 }), { maxLength: 24 }),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        async (order, cuts) => {
          const intake = await openIntake();
          try {
            const facts = night2();
            let batch: EventEnvelope[] = [];
            for (const [i, which] of [...order, 0, 1, 2, 3, 4, 5, 6, 7].entries()) {
              batch.push(facts[which] as EventEnvelope);
              if (!cuts[i]) continue;
              await intake.handle(batch);
              batch = [];
              if (i % 5 === 0) intake.restart();
            }
            if (batch.length > 0) await intake.handle(batch);
            const [session] = await intake.sessions();
            const keys = (session?.milestones ?? []).map(({ kind }) => kind);
            for (const kind of ['ChargingStarted', 'BatteryAt', 'LimitReached', 'ChargingEnded', 'SessionEnded'])
              expect(keys.filter((key) => key === kind)).toEqual([kind]);
            const streams = await intake.store.streams.load([session?.sessionId ?? '']);
            const told = [...streams.values()]
              .flat()
              .flatMap((commit) => commit.events.map((each) => each.data as { milestone?: string; occurrence?: number }));
            const names = told
              .filter(({ milestone }) => milestone !== undefined)
              .map(({ milestone, occurrence }) => `${milestone} ${occurrence}`);
            expect(new Set(names).size).toBe(names.length);
          } finally {
            await intake.store.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
