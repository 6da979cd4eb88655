import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';

describe('a 1.6 station', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.start({ HEARTBEAT_INTERVAL_SECONDS: '77' });
  });
  afterEach(() => world.close());

  it('boots, charges and stops; each step is a fact before it is answered', async () => {
    const station = await world.connect();
    expect(await station.ask('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })).toMatchObject({
      status: 'Accepted',
      interval: 77,
    });
    expect(world.facts('voltlog.connection.StationBooted.v1')).toMatchObject([{ stationId: 'CP1', vendor: 'Acme', model: 'One' }]);
    expect(await station.ask('Heartbeat', {})).toHaveProperty('currentTime');
    expect(await station.ask('Authorize', { idTag: 'AA' })).toEqual({ idTagInfo: { status: 'Accepted' } });
    const timestamp = new Date().toISOString();
    const start = await station.ask('StartTransaction', { connectorId: 1, idTag: 'AA', meterStart: 100, timestamp });
    expect(start).toMatchObject({ idTagInfo: { status: 'Accepted' } });
    const { transactionId } = start;
    expect(transactionId).toBeGreaterThan(0);
    const meterValue = [
      {
        timestamp,
        sampledValue: [
          { value: '1.5', unit: 'kWh' },
          { value: '11.2', measurand: 'Power.Active.Import', unit: 'kW' },
        ],
      },
    ];
    expect(await station.ask('MeterValues', { connectorId: 1, transactionId, meterValue })).toEqual({});
    expect(await station.ask('StopTransaction', { transactionId, meterStop: 1_600, timestamp, idTag: 'AA' })).toEqual({
      idTagInfo: { status: 'Accepted' },
    });

    expect(world.facts('voltlog.connection.TransactionStarted.v1')).toMatchObject([
      {
        transactionId: String(transactionId),
        evseId: 1,
        connectorId: 1,
        meterStartWh: 100,
        offline: false,
        authorization: { status: 'Accepted', source: 'authorization' },
      },
    ]);
    expect(world.facts('voltlog.connection.MeterValuesReported.v1')[0]?.meterValues[0]?.samples).toEqual([
      { measurand: 'Energy.Active.Import.Register', value: 1_500, unit: 'Wh' },
      { measurand: 'Power.Active.Import', value: 11_200, unit: 'W' },
    ]);
    expect(world.facts('voltlog.connection.TransactionEnded.v1')).toMatchObject([
      { transactionId: String(transactionId), meterStopWh: 1_600, stoppedReason: 'Local' },
    ]);
    expect(world.log.appended[0]?.type).toBe('voltlog.connection.StationConnected.v1');
  });

  it('is told to have been shown a token only where it asked about that one before it began', async () => {
    const station = await world.connect();
    const start = (idTag: string, meterStart: number) =>
      station.ask('StartTransaction', { connectorId: 1, idTag, meterStart, timestamp: new Date().toISOString() });
    await start('AA', 1);
    await station.ask('Authorize', { idTag: 'AA' });
    const [shown] = world.facts('voltlog.connection.IdTokenPresented.v1');
    await start('BB', 2);
    await start('aa', 3);
    expect(world.facts('voltlog.connection.TransactionStarted.v1').map(({ idTokenShownAt }) => idTokenShownAt)).toEqual([
      undefined,
      undefined,
      shown?.receivedAt,
    ]);
  });
});
