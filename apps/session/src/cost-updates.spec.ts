import { connectionV1, type sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, ended, register, started, updated, values } from './testing/facts.js';
import { SessionHarness } from './testing/session-harness.js';

const V201 = { ocppVersion: 'ocpp2.0.1', transactionId: 'tx-1' } as const;
const PRICE = { scope: 'default', currency: 'EUR', perKwh: '0.50', perMinute: '', perSession: '1', version: 0 };

let harness: SessionHarness;
const open = async (seconds = '60'): Promise<void> => {
  harness = await new SessionHarness({ SESSION_COST_UPDATE_SECONDS: seconds }).start();
  await harness.sessions.putPrice({ price: PRICE, expectedVersion: 0, mustBeNew: false, idempotencyKey: '' });
};
beforeEach(() => open());
afterEach(() => harness.dispose());

/** What stations were told, in order. */
const told = (): readonly unknown[] =>
  harness.stations.sent.flatMap(({ command }) =>
    command.$case === 'stationRequest' && command.value.request?.$case === 'costUpdated' ? [command.value.request.value] : [],
  );
/** What was left for stations to be told with an answer, in order. */
const offered = () => harness.stations.sent.flatMap(({ command }) => (command.$case === 'offerRunningCost' ? [command.value] : []));
/** The session delivers, and its energy is read at a minute. */
async function read(minute: number, energyWh: number): Promise<void> {
  harness.later(minute);
  await harness.given(updated({ minute, ...V201, meterValues: [values(minute, register(1_000 + energyWh))] }));
}
const begin = () => harness.given(started({ minute: 0, ...V201, meterValues: [values(0, register(1_000))] }));

describe('the final cost', () => {
  const ask = (meterStopWh: number, more: Partial<sessionV1.GetFinalCostRequest> = {}) =>
    harness.sessions.getFinalCost({ stationId: 'CS-1', transactionId: 'tx-1', endedAt: at(5), meterStopWh, ...more });

  it('OCPP 2.0.1 I03: is told before the end is folded, and is the same afterwards', async () => {
    await begin();
    await read(1, 2_000);
    expect(await ask(6_000)).toEqual({ total: { amount: '3.50', currency: 'EUR' }, unpriced: false });
    await harness.given(ended({ minute: 5, ...V201, meterStopWh: 6_000 }));
    expect(await ask(6_000)).toMatchObject({ total: { amount: '3.50' } });
    const { sessionId } = await harness.only();
    expect((await harness.sessions.getReceipt({ sessionId })).receipt?.total).toMatchObject({ amount: '3.50' });
  });

  it('is not told of a transaction that is not known, or that has no price', async () => {
    expect(await ask(6_000)).toEqual({ total: undefined, unpriced: false });
    await expect(ask(6_000, { endedAt: undefined })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await harness.dispose();
    harness = await new SessionHarness().start();
    await begin();
    expect(await ask(6_000)).toEqual({ total: undefined, unpriced: true });
  });
});

describe('the running cost', () => {
  it('OCPP 2.0.1 I02: is told to a 2.x station at a pace, when it has changed, and once more at the end', async () => {
    await begin();
    await read(1, 2_000);
    await read(1, 3_000);
    await harness.until(() => told().length === 1);
    // Nothing changed, so nothing is told.
    harness.later(3);
    await harness.settled('CostUpdateSweep', 'FinalCost');
    await read(5, 4_000);
    await harness.until(() => told().length === 2);
    await harness.given(ended({ minute: 5, ...V201, meterValues: [values(5, register(6_000))] }));
    harness.later(6);
    await harness.until(() => told().length === 3);
    expect(told()).toEqual([2.5, 3, 3.5].map((totalCost) => ({ totalCost, transactionId: 'tx-1' })));
  });

  it('is not told as the last one before the end is known, which after a crash is handed over again', async () => {
    await begin();
    await harness.given(updated({ minute: 0.1, ...V201, meterValues: [values(0.1, register(3_000))] }));
    const { sessionId } = await harness.only();
    // As an older version wrote it.
    await harness.parts.timers.schedule([{ id: `FinalCost ${sessionId}`, kind: 'FinalCost', dueAt: at(0), payload: sessionId }]);
    await harness.settled('FinalCost');
    expect(told()).toEqual([]);
    await harness.given(ended({ minute: 0.2, ...V201, meterValues: [values(0.2, register(6_000))] }));
    harness.later(0.5);
    await harness.until(() => told().length === 1);
    expect(told()).toEqual([{ totalCost: 3.5, transactionId: 'tx-1' }]);
  });

  it('is not told again to a station that does not know the message', async () => {
    harness.stations.answers = [{ status: connectionV1.CommandStatus.NOT_SUPPORTED }];
    await begin();
    await read(1, 2_000);
    await harness.until(() => told().length === 1);
    await read(3, 4_000);
    await harness.given(ended({ minute: 3, ...V201, meterValues: [values(3, register(6_000))] }));
    harness.later(10);
    await harness.settled('CostUpdateSweep', 'FinalCost');
    expect(told()).toHaveLength(1);
    // With the answer about its transaction instead; the end is answered with what it came to.
    expect(offered()[0]).toEqual(told()[0]);
    expect(offered().every(({ totalCost }, index) => totalCost >= (offered()[index - 1]?.totalCost ?? 0))).toBe(true);
  });

  it('is offered again at each look, since an offer is gone with the socket that it waits at', async () => {
    harness.stations.answers = [{ status: connectionV1.CommandStatus.NOT_SUPPORTED }, { status: connectionV1.CommandStatus.ACCEPTED }];
    await begin();
    await read(1, 2_000);
    await harness.until(() => offered().length === 1);
    harness.later(3);
    await harness.until(() => offered().length === 2);
    expect(offered()).toEqual([2, 2].map((totalCost) => ({ totalCost, transactionId: 'tx-1' })));
  });

  it('is for 2.x stations, and can be switched off', async () => {
    await harness.given(started({ minute: 0 }));
    harness.later(2);
    await harness.settled('CostUpdateSweep', 'FinalCost');
    expect(told()).toEqual([]);
    await harness.dispose();
    await open('0');
    await begin();
    await read(5, 2_000);
    const any = { now: '2030-01-01T00:00:00.000Z', leaseMs: 1, limit: 1 };
    for (const kind of ['CostUpdateSweep', 'FinalCost']) expect(await harness.parts.timers.claim({ ...any, kind })).toEqual([]);
    expect(told()).toEqual([]);
  });
});
