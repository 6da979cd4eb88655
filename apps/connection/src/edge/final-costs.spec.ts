import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';

describe('the answer to the end of a transaction', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    world.sessions.answer = { total: { amount: '12.30', currency: 'EUR' }, unpriced: false };
    await world.start();
  });
  afterEach(() => world.close());

  const register = (value: number, context?: string) => [
    { timestamp: '2026-11-25T10:00:00Z', sampledValue: [{ value, ...(context === undefined ? {} : { context }) }] },
  ];
  const say = async (eventType: 'Started' | 'Updated' | 'Ended', more: object = {}, version = 'ocpp2.0.1') => {
    const station = await world.connect({ protocols: [version] });
    const timestamp = '2026-11-25T10:00:00Z';
    return station.ask('TransactionEvent', {
      eventType,
      timestamp,
      triggerReason: 'EVDeparted',
      seqNo: 3,
      transactionInfo: { transactionId: 'tx-1' },
      ...more,
    });
  };

  it.each(['ocpp2.0.1', 'ocpp2.1'])('of %s tells what it came to (I03), by its last register', async (version) => {
    expect(await say('Ended', { meterValue: register(7_500, 'Transaction.End') }, version)).toEqual({ totalCost: 12.3 });
    expect(await say('Ended', { meterValue: register(7_400) }, version)).toEqual({ totalCost: 12.3 });
    const asked = { stationId: 'CP1', transactionId: 'tx-1', endedAt: '2026-11-25T10:00:00.000Z' };
    expect(world.sessions.asked).toMatchObject([
      { ...asked, meterStopWh: 7_500 },
      { ...asked, meterStopWh: 7_400 },
    ]);
  });

  it('does not tell it before the end, of one from the queue, or without a register', async () => {
    const meterValue = register(7_500);
    expect(await say('Updated', { meterValue })).toEqual({});
    expect(await say('Ended', { meterValue, offline: true })).toEqual({});
    expect(await say('Ended')).toEqual({});
    expect(world.sessions.asked).toEqual([]);
  });

  it('does not wait for it twice where nobody knows, nor ask all the time where nothing has a price', async () => {
    const meterValue = register(7_500);
    world.sessions.away = true;
    expect(await say('Ended', { meterValue })).toEqual({});
    expect(await say('Ended', { meterValue })).toEqual({});
    expect(world.sessions.asked).toHaveLength(1);
    world.sessions.away = false;
    world.skewMs = 5_000;
    expect(await say('Ended', { meterValue })).toEqual({ totalCost: 12.3 });
    world.sessions.answer = { total: undefined, unpriced: true };
    expect(await say('Ended', { meterValue })).toEqual({});
    expect(await say('Ended', { meterValue })).toEqual({});
    expect(world.sessions.asked).toHaveLength(3);
  });
});
