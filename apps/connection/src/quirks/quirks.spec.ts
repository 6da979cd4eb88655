import { deviationsV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type Instance, World } from '../testing/harness.js';

const EVLINK = {
  chargePointVendor: 'Schneider Electric',
  chargePointModel: 'EVlink Smart Wallbox',
  chargePointSerialNumber: 'SERIAL-NUMBER-OF-26-LETTER',
};
const textual = { connectorId: '1', errorCode: 'NoError', status: 'Available' };
const kwh = (value: string) => ({
  connectorId: 1,
  transactionId: 7,
  meterValue: [{ timestamp: '2026-01-02T03:30:00.000Z', sampledValue: [{ value, unit: 'Wh' }] }],
});

describe('a station with quirks', () => {
  let world: World;
  let instance: Instance;
  beforeEach(async () => {
    world = await World.open();
    instance = await world.start();
  });
  afterEach(() => world.close());

  const deviations = async (of = instance) =>
    (
      await of.rpc
        .client<deviationsV1.DeviationService>(deviationsV1.DeviationServiceDefinition, { address: '' })
        .listDeviations({ stationId: 'CP1' })
    ).deviations;

  it('is known by what its BootNotification says, already for that message', async () => {
    const station = await world.connect();
    expect((await station.call('BootNotification', EVLINK))[0]).toBe(3);
    const long = { connectorId: 1, errorCode: 'NoError', status: 'Available', info: 'i'.repeat(51) };
    expect((await station.call('StatusNotification', long))[0]).toBe(3);
    const [boot] = world.facts('voltlog.connection.StationBooted.v1');
    expect(boot).toMatchObject({ serialNumber: 'SERIAL-NUMBER-OF-26-LETTER', raw: EVLINK, quirks: ['long-texts'] });
    expect(await deviations()).toMatchObject([{ quirkId: 'long-texts', tolerated: 2, refused: 0, lastAction: 'StatusNotification' }]);
  });

  it('of another make is refused as the schema says, and the quirk is suggested', async () => {
    const station = await world.connect();
    const answer = await station.call('BootNotification', { ...EVLINK, chargePointVendor: 'Another' });
    expect(answer.slice(0, 3)).toEqual([4, 'm1', 'PropertyConstraintViolation']);
    expect(world.facts('voltlog.connection.StationBooted.v1')).toEqual([]);
    expect(await deviations()).toMatchObject([
      { quirkId: 'long-texts', tolerated: 0, refused: 1, lastProblem: '/chargePointSerialNumber: breaks maxLength 25' },
    ]);
  });

  it('a quirk that is switched on counts for the next message of a connected station, and off again', async () => {
    const station = await world.connect();
    expect((await station.call('StatusNotification', textual))[2]).toBe('TypeConstraintViolation');
    world.device.register('CP1', { quirksOn: ['numbers-as-texts'] });
    await world.deviceChanged('CP1');
    const socket = instance.runtime.stations.get('CP1');
    await eventually(() => socket?.station.quirks?.choices.on.length === 1, 'the choice to arrive');
    expect((await station.call('StatusNotification', textual))[0]).toBe(3);
    expect(world.facts('voltlog.connection.ConnectorStatusReported.v1')).toMatchObject([
      { evseId: 1, connectorId: 1, raw: textual, quirks: ['numbers-as-texts'] },
    ]);
    world.device.register('CP1', { vendor: 'V', model: 'M', quirksOff: ['numbers-as-texts'] });
    await world.deviceChanged('CP1');
    await eventually(() => socket?.station.quirks?.choices.on.length === 0, 'the choice to arrive');
    expect((await station.call('StatusNotification', textual))[2]).toBe('TypeConstraintViolation');
  });

  it('energy is changed only where an operator said so, and the fact says that it was', async () => {
    const station = await world.connect();
    await station.ask('MeterValues', kwh('361'));
    world.device.register('CP1', { quirksOn: ['samples-in-kwh'] });
    await world.deviceChanged('CP1');
    await eventually(() => instance.runtime.stations.get('CP1')?.station.quirks?.meanings !== undefined, 'the choice to arrive');
    await station.ask('MeterValues', kwh('361'));
    const [strict, tolerant] = world.facts('voltlog.connection.MeterValuesReported.v1');
    expect(strict?.meterValues[0]?.samples[0]).toMatchObject({ value: 361, unit: 'Wh' });
    expect(strict).not.toHaveProperty('quirks');
    expect(tolerant?.meterValues[0]?.samples[0]).toMatchObject({ value: 361_000, unit: 'Wh' });
    expect(tolerant).toMatchObject({ raw: kwh('361'), quirks: ['samples-in-kwh'] });
  });

  it('choices that were made before count from its handshake on, with every instance', async () => {
    const other = await world.start();
    world.device.register('CP1', { quirksOn: ['numbers-as-texts'] });
    const station = await world.connect();
    expect((await station.call('StatusNotification', textual))[0]).toBe(3);
    await deviations();
    const again = await world.connect({ port: other.port });
    expect((await again.call('StatusNotification', textual))[0]).toBe(3);
    await deviations(other);
    expect(await deviations()).toMatchObject([{ quirkId: 'numbers-as-texts', tolerated: 2 }]);
  });

  it('broken messages are tried with other quirks once a second, whatever comes', async () => {
    const station = await world.connect();
    for (let i = 0; i < 3; i++) expect((await station.call('StatusNotification', textual))[0]).toBe(4);
    expect(await deviations()).toMatchObject([{ refused: 1 }]);
    world.skewMs += 1_000;
    await station.call('StatusNotification', textual);
    expect(await deviations()).toMatchObject([{ refused: 2 }]);
  });

  it('what no quirk mends suggests none', async () => {
    const station = await world.connect();
    expect((await station.call('StatusNotification', { ...textual, status: 'Broken' }))[0]).toBe(4);
    expect((await station.call('MakeCoffee', {}))[2]).toBe('NotImplemented');
    expect(await deviations()).toEqual([]);
  });

  it('a heartbeat with fields of its own is refused, or tolerated where that is on', async () => {
    const station = await world.connect();
    expect((await station.call('Heartbeat', { uptime: 7 }))[2]).toBe('FormationViolation');
    world.device.register('CP1', { quirksOn: ['extra-fields'] });
    await world.deviceChanged('CP1');
    await eventually(() => instance.runtime.stations.get('CP1')?.station.quirks !== undefined, 'the choice to arrive');
    expect((await station.call('Heartbeat', { uptime: 7 }))[0]).toBe(3);
  });

  it('counting goes on when the store was away', async () => {
    world.device.register('CP1', { quirksOn: ['numbers-as-texts'] });
    const station = await world.connect();
    await station.call('StatusNotification', textual);
    instance.store.away = true;
    await instance.runtime.flushDeviations();
    await station.call('StatusNotification', textual);
    instance.store.away = false;
    expect(await deviations()).toMatchObject([{ tolerated: 2 }]);
  });
});
