import type { LogRecord } from '@voltlog/event-log';
import { notificationV1 } from '@voltlog/proto';
import { Receiver, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { milestone, NotificationUnderTest, START } from './testing/harness.js';

let service: NotificationUnderTest;
let receiver: Receiver;
let offset = 0;
beforeEach(async () => {
  service = await NotificationUnderTest.start();
  receiver = await Receiver.start();
});
afterEach(async () => {
  await service.stop();
  await receiver.stop();
});

const record = (type: string, data: Readonly<Record<string, unknown>>): LogRecord => {
  offset += 1;
  const id = `019aa7b1-5c80-7000-9000-${String(offset).padStart(12, '0')}`;
  const time = new Date(START).toISOString();
  return { topic: 't', partition: 0, offset, key: 'CP-1', event: { id, type, source: '/test', subject: 'CP-1', time, data } };
};
const status = (word: string, change: Readonly<Record<string, unknown>> = {}): LogRecord =>
  record('voltlog.connection.ConnectorStatusReported.v1', {
    stationId: 'CP-1',
    evseId: 1,
    connectorId: 2,
    status: word,
    occurredAt: '2026-11-24T17:59:58.000Z',
    ...change,
  });
const report = (...records: readonly LogRecord[]): Promise<void> => service.parts.faults.handle(records);
const WINDOW_MS = 900_000;
const told = (): readonly unknown[] => receiver.received.map(({ body }) => JSON.parse(body.toString()) as unknown);

describe('a station that reports a fault', () => {
  it('is told of once until it is well again, with nobody charging there', async () => {
    const { id } = await service.subscribe({ target: receiver.url, filter: { kinds: ['StationFault'] } });
    const fault = status('Faulted', { errorCode: 'GroundFailure' });
    await report(status('Available'), fault, status('Faulted'));
    await report(fault, status('Faulted'));
    await service.delivery(id, notificationV1.DeliveryState.DELIVERED);
    expect(told()).toEqual([
      {
        type: 'StationFault',
        timestamp: '2026-11-24T17:59:58.000Z',
        data: expect.objectContaining({ stationId: 'CP-1', evseId: 1, connectorId: 2, errorCode: 'GroundFailure' }),
      },
    ]);
    await report(status('Available'));
    service.clock.ms += WINDOW_MS;
    await report(status('Faulted', { evseId: 0, connectorId: 0 }), status('Faulted'));
    await until(() => receiver.received.length === 3, 'the next faults');
  });

  it('is told of when it is over, once, as what the station itself reports; a crash between the two changes nothing', async () => {
    await service.subscribe({ target: receiver.url, filter: { kinds: ['StationFault', 'StationFaultCleared'] } });
    const [fault, well] = [status('Faulted'), status('Available')];
    await report(status('Available'), fault, well, status('Occupied'));
    await report(fault, well, status('Occupied'));
    await until(() => receiver.received.length === 2, 'both are told');
    expect(told()).toMatchObject([{ type: 'StationFault' }, { type: 'StationFaultCleared' }]);
  });

  describe('that comes and goes', () => {
    const kinds = ['StationFault', 'StationFaultCleared'];
    const ground = { errorCode: 'GroundFailure' };
    const saidOf = () =>
      (told() as { type: string; data: Record<string, unknown> }[]).map(({ type, data }) => [type, data['errorCode'], data['times']]);

    it('is told at first, and once at the end of the window with how often it came', async () => {
      await service.subscribe({ target: receiver.url, filter: { kinds } });
      for (let times = 0; times < 5; times += 1) await report(status('Faulted', ground), status('Available'));
      await until(() => receiver.received.length === 2, 'the first, and that it was over');
      service.clock.ms += WINDOW_MS;
      await until(() => receiver.received.length === 3, 'what was held');
      expect(saidOf()).toEqual([
        ['StationFault', 'GroundFailure', undefined],
        ['StationFaultCleared', undefined, undefined],
        ['StationFaultCleared', undefined, 4],
      ]);
    });

    it('is told at once when it is another one, with its end behind it, and also while the first lasts', async () => {
      await service.subscribe({ target: receiver.url, filter: { kinds } });
      const hot = { errorCode: 'HighTemperature' };
      const broken = { errorCode: 'ReaderFailure' };
      await report(status('Faulted', ground), status('Available'), status('Faulted', ground), status('Available'));
      await report(
        status('Faulted', hot),
        status('Available'),
        status('Faulted', ground),
        status('Faulted', broken),
        status('Faulted', hot),
      );
      await until(() => receiver.received.length === 5, 'three faults, and the ends of two');
      expect(saidOf()).toEqual([
        ['StationFault', 'GroundFailure', undefined],
        ['StationFaultCleared', undefined, undefined],
        ['StationFault', 'HighTemperature', 2],
        ['StationFaultCleared', undefined, undefined],
        ['StationFault', 'ReaderFailure', 2],
      ]);
    });

    it('is told apart by place', async () => {
      await service.subscribe({ target: receiver.url, filter: { kinds } });
      await report(status('Faulted'), status('Faulted', { connectorId: 1 }), status('Faulted', { evseId: 2 }));
      await until(() => receiver.received.length === 3, 'three places');
    });
  });

  it('and charges somebody is told of once to whoever wants both, and to the driver as theirs', async () => {
    const all = await service.subscribe({ target: receiver.url });
    const driver = await service.subscribe({ target: receiver.url, filter: { contractId: 'C-1' } });
    const faulted = { milestone: 'Faulted', contractId: 'C-1', errorCode: 'GroundFailure' };
    await service.tell(milestone(faulted));
    await report(status('Faulted'));
    await until(() => receiver.received.length === 2, 'both are told');
    const { DELIVERED } = notificationV1.DeliveryState;
    expect(await service.delivery(all.id, DELIVERED)).toMatchObject({ kind: 'StationFault' });
    expect(await service.delivery(driver.id, DELIVERED)).toMatchObject({ kind: 'Faulted' });
    expect(await service.deliveriesOf(all.id)).toHaveLength(1);
  });

  it('is told of to whoever asked for its site, by where it stands', async () => {
    await service.parts.stations.handle([
      record('voltlog.device.StationRegistered.v1', { stationId: 'CP-1', siteId: 'harbour', name: 'By the door' }),
    ]);
    await service.subscribe({ target: receiver.url, filter: { kinds: ['StationFault'], siteId: 'hill' } });
    const { id } = await service.subscribe({ target: receiver.url, filter: { siteId: 'harbour' } });
    await report(status('Faulted'));
    await service.delivery(id, notificationV1.DeliveryState.DELIVERED);
    expect(told()).toEqual([expect.objectContaining({ data: expect.objectContaining({ siteId: 'harbour', stationName: 'By the door' }) })]);
    await service.parts.stations.handle([record('voltlog.device.StationChanged.v1', { stationId: 'CP-1', siteId: 'hill', name: '' })]);
    await report(status('Available'));
    service.clock.ms += WINDOW_MS;
    await report(status('Faulted'));
    await until(() => receiver.received.length === 2, 'the other site is told');
    expect(await service.deliveriesOf(id)).toHaveLength(1);
  });
});
