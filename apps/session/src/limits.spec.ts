import { OperatingError } from '@voltlog/kernel';
import { connectionV1, type sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SessionWriter } from './intake/session-writer.js';
import { at, ended, metered, register, started, updated, values } from './testing/facts.js';
import { SessionHarness } from './testing/session-harness.js';

const { CommandStatus } = connectionV1;
const TIMED_OUT = { status: CommandStatus.TIMED_OUT };

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness().start();
});
afterEach(() => harness.dispose());

const power = (w: number) => ({ measurand: 'Power.Active.Import', value: w, unit: 'W' });
const soc = (percent: number) => ({ measurand: 'SoC', value: percent, unit: 'Percent' });
const limit = (more: Partial<sessionV1.SessionLimit>): sessionV1.SessionLimit => ({
  energyWh: undefined,
  durationSeconds: undefined,
  cost: undefined,
  stateOfChargePercent: undefined,
  ...more,
});

/** A reading of the only session, at the time it is told. */
async function reading(minute: number, ...samples: Parameters<typeof values>[1][]): Promise<void> {
  harness.later(minute);
  await harness.given(metered({ minute, meterValues: [values(minute, ...samples)] }));
}

async function setLimit(more: Partial<sessionV1.SessionLimit>, idempotencyKey = ''): Promise<sessionV1.Session | undefined> {
  const { sessionId } = await harness.only();
  return (await harness.sessions.setLimit({ sessionId, limit: limit(more), requestedBy: 'Driver', idempotencyKey })).session;
}

const stops = () => harness.stations.count('requestStopTransaction');
/** Every timer that is due now was handled, and none of them sent a stop. */
async function noStop(count: number): Promise<void> {
  await harness.settled();
  expect(stops()).toBe(count);
}
const stopped = (count = 1) => harness.until(() => stops() >= count);
const told = async () => harness.events((await harness.only()).sessionId);

describe('a limit of a station whose clock is off', () => {
  it.each([
    ['a minute slow', -1, 10, 9],
    ['never set', -29_000_000, 10, 10 - 29_000_000],
    ['set after the start', -29_000_000, 10, 10],
  ])('(%s) is told of by that clock, with what it costs by the time that it took', async (how, offMinutes, minute, expected) => {
    const price = { scope: 'default', currency: 'EUR', perKwh: '0', perMinute: '0.10', perSession: '0', version: 0 };
    await harness.sessions.putPrice({ price, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
    await harness.given(started({ minute: offMinutes, receivedMinute: 0 }));
    await setLimit({ energyWh: 1_000 });
    const readAt = how === 'set after the start' ? minute : minute + offMinutes;
    harness.later(minute);
    await harness.given(metered({ minute: readAt, receivedMinute: minute, meterValues: [values(readAt, register(2_500))] }));
    await stopped();
    const { sessionId } = await harness.only();
    const reached = (await harness.milestones(sessionId)).find(({ milestone }) => milestone === 'LimitReached');
    expect(reached).toMatchObject({ at: at(expected), receivedAt: at(minute), cost: { amount: '1.00', currency: 'EUR' } });
  });
});

describe('a limit in energy', () => {
  beforeEach(async () => {
    await harness.given(started({ minute: 0 }));
  });

  it('stops the session before it is passed, by the power between two readings', async () => {
    expect(await setLimit({ energyWh: 1_100 })).toMatchObject({ limit: { energyWh: 1_100 } });
    await reading(5, register(1_500), power(12_000));
    await reading(6, register(1_700), power(12_000));
    await noStop(0);
    // 1100 Wh are reached two minutes after this reading; the next one is due after one.
    await reading(7, register(1_900), power(12_000));
    await noStop(0);
    await reading(8, register(2_000), power(12_000));
    harness.later(8.4);
    await noStop(0);
    harness.later(8.5);
    await stopped();
    await harness.given(ended({ minute: 8.6, meterStopWh: 2_120, stoppedReason: 'Remote' }));
    await noStop(1);
    expect(await harness.only()).toMatchObject({ overshootWh: 20, state: 'SESSION_STATE_ENDED' });
    expect(await told()).toEqual([
      'SessionStarted',
      'SessionLimitSet',
      'SessionStopRequested',
      'SessionStopAnswered',
      'SessionEnded',
      'SessionLimitOvershot',
    ]);
    const { sessionId } = await harness.only();
    expect((await harness.milestones(sessionId)).map(({ milestone }) => milestone)).toContain('LimitReached');
  });

  it('stops it once though readings beyond the limit come late, again, and across a restart', async () => {
    await setLimit({ energyWh: 1_000 });
    await reading(10, register(2_500));
    await stopped();
    await reading(10.05, register(2_600));
    harness.later(10.1);
    await harness.given(metered({ minute: 9, receivedMinute: 10.1, meterValues: [values(9, register(2_300))] }));
    await harness.restart();
    await reading(10.12, register(2_600));
    await noStop(1);
  });

  it('set at one of two instances is met by whichever hears the readings, and after that one has gone', async () => {
    const other = await harness.another();
    const { sessionId } = await harness.only();
    const set = (sessions: sessionV1.SessionService, energyWh: number) =>
      sessions.setLimit({ sessionId, limit: limit({ energyWh }), requestedBy: 'Driver', idempotencyKey: '' });
    await reading(1, register(1_100), power(12_000));
    await set(harness.sessions, 10_000);
    await set(other.sessions, 2_000);
    await reading(2, register(1_300), power(12_000));
    await noStop(0);
    await other.stop();
    await reading(3, register(1_500), power(12_000));
    await noStop(0);
    const third = await harness.another();
    await reading(4, register(3_100), power(12_000));
    await stopped();
    await harness.given(ended({ minute: 4.2, meterStopWh: 3_140, stoppedReason: 'Remote' }));
    await noStop(1);
    await third.stop();
    expect(await harness.only()).toMatchObject({ energyWh: 2_140, state: 'SESSION_STATE_ENDED', limit: { energyWh: 2_000 } });
  });

  it('does not stop below it', async () => {
    await setLimit({ energyWh: 1_000 });
    await reading(10, register(1_999));
    await noStop(0);
  });

  it('goes on after it was raised, and stops at the new one', async () => {
    await setLimit({ energyWh: 1_000 });
    await reading(10, register(2_000));
    await stopped();
    harness.later(10.01);
    await setLimit({ energyWh: 2_000 });
    await reading(11, register(2_500), power(1_000));
    harness.later(14);
    await noStop(1);
    await reading(15, register(3_000), power(1_000));
    await stopped(2);
    const { sessionId } = await harness.only();
    expect(
      (await harness.milestones(sessionId)).filter(({ milestone }) => milestone === 'LimitReached').map((each) => each.occurrence),
    ).toEqual([1, 2]);
  });

  it('is none any more once it was taken away', async () => {
    await setLimit({ energyWh: 1_000 });
    harness.later(1);
    expect(await setLimit({})).toMatchObject({ limit: undefined });
    await reading(10, register(5_000));
    await noStop(0);
  });

  it('is set once under one key', async () => {
    await setLimit({ energyWh: 1_000 }, 'key-1');
    harness.later(1);
    await setLimit({ energyWh: 5_000 }, 'key-1');
    expect(await harness.only()).toMatchObject({ limit: { energyWh: 1_000 } });
  });
});

describe('other limits', () => {
  it('time: to the second, without any reading, and over a restart', async () => {
    await harness.given(started({ minute: 0 }));
    await setLimit({ durationSeconds: 1_800 });
    harness.later(29.9);
    await noStop(0);
    await harness.restart();
    harness.later(30);
    await stopped();
  });

  it('state of charge: at the reading that shows it', async () => {
    await harness.given(started({ minute: 0 }));
    await setLimit({ stateOfChargePercent: 80 });
    await reading(10, register(2_000), soc(79));
    await noStop(0);
    await reading(20, register(3_000), soc(80));
    await stopped();
    await reading(20.2, register(3_050), soc(81.5));
    await harness.given(ended({ minute: 20.3, meterStopWh: 3_060, stoppedReason: 'Remote' }));
    expect(await harness.only()).toMatchObject({ overshootPercent: 1.5, overshootCost: undefined });
  });

  it('cost: by the price that held at the start, energy and time together', async () => {
    const { sessions } = harness;
    const price = { scope: 'default', currency: 'EUR', perKwh: '0.50', perMinute: '0.10', perSession: '1', version: 0 };
    await sessions.putPrice({ price, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
    await harness.given(started({ minute: 0 }));
    await sessions.putPrice({ price: { ...price, perKwh: '99' }, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
    await setLimit({ cost: { amount: '4.00', currency: 'EUR' } });
    await reading(10, register(3_000), power(0));
    // 1 + 1 + 1
    expect(await harness.only()).toMatchObject({ cost: { amount: '3.00', currency: 'EUR' } });
    harness.later(19.9);
    await noStop(0);
    harness.later(20.1);
    await stopped();
    await harness.given(ended({ minute: 20.1, meterStopWh: 3_600, stoppedReason: 'Remote' }));
    // 1 + 1.30 + 2.01
    expect(await harness.only()).toMatchObject({ overshootCost: { amount: '0.31', currency: 'EUR' }, overshootWh: undefined });
  });

  it("the contract's: comes with the start, cannot be raised, and holds beside a chosen one", async () => {
    const authorization = { status: 'Accepted', source: 'authorization', limit: { energyWh: 1_000 } } as const;
    await harness.given(started({ minute: 0, authorization }));
    expect(await setLimit({ energyWh: 50_000, durationSeconds: 3_600 })).toMatchObject({
      limit: { energyWh: 1_000, durationSeconds: 3_600 },
    });
    expect(await told()).toEqual(['SessionStarted', 'SessionLimitSet', 'SessionLimitSet']);
    await reading(10, register(2_000));
    await stopped();
  });

  it("the contract's in time: from the token, where the transaction began with the cable", async () => {
    const common = { ocppVersion: 'ocpp2.0.1' as const, transactionId: 'tx-1' };
    const cable = { ...common, minute: 0, seqNo: 0, meterStartWh: 0 };
    const {
      idToken,
      authorization: _,
      ...data
    } = started(cable).data as Record<string, unknown> & { idToken: { idToken: string; type: string } };
    await harness.given({ ...started(cable), data });
    harness.later(20);
    const authorization = { status: 'Accepted', source: 'authorization', limit: { durationSeconds: 2_400 } } as const;
    await harness.given(updated({ ...common, minute: 20, seqNo: 1, idToken, authorization, triggerReason: 'Authorized' }));
    expect(await harness.only()).toMatchObject({ limit: { durationSeconds: 3_600 } });
    harness.later(59.9);
    await noStop(0);
    harness.later(60);
    await stopped();
    expect((await told()).filter((name) => name === 'SessionLimitSet')).toHaveLength(1);
  });

  it('a 2.1 station is told, and left alone until it is late', async () => {
    const common = { ocppVersion: 'ocpp2.1' as const, transactionId: 'tx-1' };
    await harness.given(started({ ...common, minute: 0, seqNo: 0, meterStartWh: 0 }));
    await setLimit({ energyWh: 1_000, stateOfChargePercent: 80 });
    await harness.until(() => harness.stations.count('offerTransactionLimit') === 1);
    expect(harness.stations.sent[0]).toMatchObject({
      command: { value: { transactionId: 'tx-1', energyWhMax: 1_000, stateOfChargePercentMax: 80, timeSecondsMax: undefined } },
    });
    harness.later(10);
    await harness.given(updated({ ...common, minute: 10, seqNo: 1, meterValues: [values(10, register(1_000))] }));
    await noStop(0);
    harness.later(10.5);
    await stopped();
    expect(harness.stations.count('offerTransactionLimit')).toBe(1);
  });
});

describe('a limit that a 2.1 station keeps by itself', () => {
  const common = { ocppVersion: 'ocpp2.1' as const, transactionId: 'tx-1' };
  const offers = () => harness.stations.sent.filter(({ command }) => command.$case === 'offerTransactionLimit');
  const reached = async () => (await harness.milestones((await harness.only()).sessionId)).map(({ milestone }) => milestone);
  /** E16.FR.05: it gives no more power, says why, and the transaction goes on. */
  const suspended = (minute: number, seqNo: number, wh: number) =>
    updated({
      ...common,
      minute,
      seqNo,
      triggerReason: 'EnergyLimitReached',
      chargingState: 'SuspendedEVSE',
      meterValues: [values(minute, register(wh))],
    });
  beforeEach(async () => {
    await harness.given(started({ ...common, minute: 0, seqNo: 0, meterStartWh: 0, chargingState: 'Charging' }));
  });

  it('is told to be reached once, and the session is stopped, though the register is just below it', async () => {
    await setLimit({ energyWh: 1_000 });
    harness.later(10);
    await harness.given(suspended(10, 1, 999));
    await stopped();
    await harness.given(suspended(10, 1, 999));
    await noStop(1);
    expect(await reached()).toEqual(['ChargingStarted', 'LimitReached']);
  });

  it('and was set at the station, is told to be reached, and left to whoever set it', async () => {
    harness.later(10);
    await harness.given(suspended(10, 1, 999));
    await noStop(0);
    expect(await reached()).toEqual(['ChargingStarted', 'LimitReached']);
  });

  it('does not stop the session once it was raised', async () => {
    harness.later(10);
    await harness.given(suspended(10, 1, 999));
    harness.later(11);
    await setLimit({ energyWh: 2_000 });
    await harness.given(updated({ ...common, minute: 11, seqNo: 2, chargingState: 'Charging', triggerReason: 'ChargingStateChanged' }));
    await noStop(0);
    harness.later(20);
    await harness.given(suspended(20, 3, 1_999));
    await stopped();
    await noStop(1);
    expect(await reached()).toEqual(['ChargingStarted', 'LimitReached', 'LimitReached']);
  });

  it('and that was raised before the station heard of it, is not taken for the new one', async () => {
    await setLimit({ energyWh: 1_000 });
    harness.later(9);
    await setLimit({ energyWh: 2_000 });
    harness.later(10);
    await harness.given(suspended(10, 1, 999));
    await noStop(0);
    expect(await reached()).toEqual(['ChargingStarted', 'LimitReached']);
  });

  it('does not stop a session whose limit is far from what the station set for itself', async () => {
    await setLimit({ energyWh: 100_000 });
    harness.later(10);
    await harness.given(suspended(10, 1, 999));
    await noStop(0);
  });

  it('stops the session also where another limit was set since', async () => {
    harness.later(10);
    await harness.given(suspended(10, 1, 999));
    harness.later(11);
    await setLimit({ energyWh: 1_000, durationSeconds: 7_200 });
    await stopped();
  });

  it('is taken away there, too', async () => {
    await setLimit({ energyWh: 1_000 });
    await harness.until(() => offers().length === 1);
    harness.later(1);
    await setLimit({});
    await harness.until(() => offers().length === 2);
    expect(offers()[1]?.command.value).toEqual({ transactionId: 'tx-1' });
  });

  it('is taken away there where another instance had told it', async () => {
    await setLimit({ energyWh: 1_000 });
    await harness.until(() => offers().length === 1);
    await harness.restart();
    harness.later(1);
    await setLimit({});
    await harness.until(() => offers().length === 2);
  });
});

describe('a stop', () => {
  beforeEach(async () => {
    await harness.given(started({ minute: 0 }));
  });

  const requestStop = async (idempotencyKey = '') =>
    harness.sessions.requestStop({ sessionId: (await harness.only()).sessionId, requestedBy: 'Driver', idempotencyKey });

  it('is sent once under one key and tells the word of the station', async () => {
    expect(await requestStop('k')).toMatchObject({ stationStatus: 'Accepted', session: { state: 'SESSION_STATE_ACTIVE' } });
    expect(await requestStop('k')).toMatchObject({ stationStatus: '' });
    await noStop(1);
  });

  it('that was committed by a process that died before it wrote the session is not lost', async () => {
    const died = vi.spyOn(SessionWriter.prototype, 'write').mockRejectedValueOnce(new OperatingError('StoreUnavailable', 'died'));
    await expect(requestStop()).rejects.toThrow();
    died.mockRestore();
    await harness.restart();
    await noStop(0);
    harness.later(0.7);
    await harness.until(async () => (await told()).includes('SessionStopAnswered'));
    await noStop(1);
    expect(await told()).toEqual(['SessionStarted', 'SessionStopRequested', 'SessionStopRequested', 'SessionStopAnswered']);
  });

  it('that is lost is repeated, later each time, and in the end given to an operator', { timeout: 30_000 }, async () => {
    harness.stations.answers = [TIMED_OUT, TIMED_OUT, new OperatingError('DeadlineExceeded', 'late')];
    await requestStop();
    // The clock goes on while it is waited for: a timer may have been set just when it was moved.
    const comes = (is: () => boolean | Promise<boolean>) =>
      harness.until(() => {
        harness.nowMs += 20;
        return is();
      });
    const answered = async () => (await told()).filter((name) => name === 'SessionStopAnswered').length;
    for (const [i, minute] of [0.5, 1, 2, 4, 8].entries()) {
      harness.later(minute);
      await comes(async () => stops() === i + 2 && (await answered()) === i + 2);
    }
    harness.later(20);
    await comes(async () => (await told()).includes('SessionStopEscalated'));
    harness.later(60);
    await noStop(6);
  });

  it('is not repeated once the session ended', async () => {
    harness.stations.answers = [TIMED_OUT];
    await requestStop();
    await harness.given(ended({ minute: 0.1, meterStopWh: 1_000 }));
    harness.later(10);
    await noStop(1);
  });

  it('waits for a station that is away until it is back', async () => {
    harness.stations.connected = false;
    expect(await requestStop()).toMatchObject({ stationStatus: 'Offline' });
    harness.later(30);
    await noStop(1);
    harness.stations.connected = true;
    await reading(31, register(2_000));
    await stopped(2);
  });

  it('of a limit that a station passed while it was away is sent when its readings come', async () => {
    await setLimit({ energyWh: 1_000 });
    harness.later(60);
    await harness.given(metered({ minute: 20, receivedMinute: 60, meterValues: [values(20, register(9_000))] }));
    await stopped();
  });

  it('goes on after a restart', async () => {
    harness.stations.answers = [TIMED_OUT];
    await requestStop();
    await harness.restart();
    harness.later(1);
    await stopped(2);
  });

  it('is refused for a session that ended or never was', async () => {
    await harness.given(ended({ minute: 1, meterStopWh: 1_000 }));
    await expect(requestStop()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SessionEnded' });
    await expect(harness.sessions.requestStop({ sessionId: 'nobody', requestedBy: '', idempotencyKey: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(setLimit({ energyWh: 1 })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it.each([
    { energyWh: 0 },
    { energyWh: Number.NaN },
    { durationSeconds: 0 },
    { stateOfChargePercent: 101 },
    { cost: { amount: '1,5', currency: 'EUR' } },
    { cost: { amount: '0', currency: 'EUR' } },
    { cost: { amount: '5', currency: 'euro' } },
  ])('a limit of %j is refused', async (bad) => {
    await expect(setLimit(bad)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'BadLimit' });
  });
});

describe('a receipt', () => {
  it('counts the same time as its price does, where the clock was set while the session ran', async () => {
    const price = { scope: 'station:CS-1', currency: 'EUR', perKwh: '0', perMinute: '0.10', perSession: '0', version: 0 };
    await harness.sessions.putPrice({ price, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
    await harness.given(started({ minute: 0 }));
    await harness.given(ended({ minute: 120, receivedMinute: 20, meterStopWh: 4_000 }));
    const { sessionId } = await harness.only();
    const { receipt } = await harness.sessions.getReceipt({ sessionId });
    expect(receipt).toMatchObject({ session: { endedAt: at(120), durationSeconds: 20 * 60 }, timeCost: { amount: '2.00' } });
  });

  it('shows times, energy, its curve and what it costs of what', async () => {
    const price = { scope: 'station:CS-1', currency: 'EUR', perKwh: '0.333', perMinute: '', perSession: '0.5', version: 0 };
    await harness.sessions.putPrice({ price, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
    await harness.given(started({ minute: 0 }));
    for (const minute of [10, 20, 30]) await reading(minute, register(1_000 + minute * 100), power(6_000));
    await harness.given(ended({ minute: 31, meterStopWh: 4_000 }));
    const { sessionId } = await harness.only();
    const { receipt } = await harness.sessions.getReceipt({ sessionId });
    expect(receipt).toMatchObject({
      session: { endedAt: at(31), durationSeconds: 31 * 60, energyWh: 3_000, stoppedReason: 'EVDisconnected' },
      price: { scope: 'station:CS-1', perMinute: '0' },
      energyCost: { amount: '1.00' },
      timeCost: { amount: '0.00' },
      sessionCost: { amount: '0.50' },
      total: { amount: '1.50', currency: 'EUR' },
      curve: [{ energyWh: 1_000, powerW: 6_000 }, { energyWh: 2_000 }, { energyWh: 3_000 }],
    });
  });
});
