import { MODEL_TOPIC } from '@voltlog/device-contract';
import type { EventEnvelope } from '@voltlog/kernel';
import { notificationV1 } from '@voltlog/proto';
import { Receiver, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotificationUnderTest, START } from './testing/harness.js';

let service: NotificationUnderTest;
let receiver: Receiver;
let made = 0;
beforeEach(async () => {
  service = await NotificationUnderTest.start();
  receiver = await Receiver.start();
});
afterEach(async () => {
  await service.stop();
  await receiver.stop();
});

const AT = new Date(START).toISOString();
const event = (name: string, data: Readonly<Record<string, unknown>>): EventEnvelope => {
  made += 1;
  const id = `019aa7b1-5c80-7000-a000-${String(made).padStart(12, '0')}`;
  return {
    id,
    type: `voltlog.device.${name}.v1`,
    source: '/test',
    subject: 'CP-1',
    time: AT,
    data: { stationId: 'CP-1', at: AT, ...data },
  };
};
const ABOUT = { alertId: 'CP-1:1', source: 'Monitor', subject: 'EVSE[1].Temperature' };
const opened = (change: Readonly<Record<string, unknown>> = {}) =>
  event('AlertOpened', {
    ...ABOUT,
    severity: 4,
    detail: 'UpperThreshold 70 was passed: 74',
    evseId: 1,
    connectorId: 0,
    value: '74',
    occurredAt: '2026-11-24T17:59:58.000Z',
    ...change,
  });
const raised = () => event('AlertRaised', { ...ABOUT, severity: 2, detail: 'UpperThreshold 90 was passed: 95', value: '95' });
const cleared = () => event('AlertCleared', { ...ABOUT, by: 'Station' });
const told = () => receiver.received.map(({ body }) => JSON.parse(body.toString()) as { type: string; data: Record<string, unknown> });

describe('an alert', () => {
  it('is told by webhook as it is raised and cleared, from the log, each once however often it is handed over', async () => {
    const { id } = await service.subscribe({ target: receiver.url, filter: { kinds: ['AlertOpened', 'AlertRaised', 'AlertCleared'] } });
    const events = [opened(), raised(), event('AlertAcknowledged', { alertId: 'CP-1:1', note: 'seen' }), cleared()];
    await service.log.append(MODEL_TOPIC, 'CP-1', events);
    await until(() => receiver.received.length === 3, 'the three');
    await service.tell(...events);
    await service.tell(...events.slice(0, 1));
    // What comes behind them is the only one that is sent.
    await service.alert(opened({ alertId: 'CP-1:9', subject: 'the next' }));
    await until(async () => (await service.deliveriesOf(id)).length === 4, 'the next');
    await service.delivery(id, notificationV1.DeliveryState.DELIVERED);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(4);
    expect(
      told()
        .map(({ data }) => (data['alert'] as { subject: string }).subject)
        .at(-1),
    ).toBe('the next');
    receiver.received.pop();
    const byKind = Object.fromEntries(told().map(({ type, data }) => [type, data]));
    expect(byKind).toEqual({
      AlertOpened: expect.objectContaining({
        stationId: 'CP-1',
        evseId: 1,
        at: '2026-11-24T17:59:58.000Z',
        alert: { ...ABOUT, severity: 4, detail: 'UpperThreshold 70 was passed: 74' },
      }),
      AlertRaised: expect.objectContaining({ alert: { ...ABOUT, severity: 2, detail: 'UpperThreshold 90 was passed: 95' } }),
      AlertCleared: expect.objectContaining({ alert: { ...ABOUT, clearedBy: 'Station' } }),
    });
    expect(receiver.received).toHaveLength(3);
  });

  it('of a campaign that stopped is told by e-mail, of no station', async () => {
    const { id } = await service.subscribe({ channel: notificationV1.Channel.EMAIL, target: 'ops@example.com' });
    const stopped = { stationId: '', alertId: ':2', source: 'Campaign', subject: 'Campaign c-1', evseId: 0 };
    await service.alert(
      opened({ ...stopped, detail: 'it stopped: 3 of 4 stations failed; what is left goes on when somebody resumes it' }),
    );
    await service.delivery(id, notificationV1.DeliveryState.DELIVERED);
    const { emails } = await service.grpc.listOutboxEmails(notificationV1.ListOutboxEmailsRequest.fromPartial({}));
    expect(emails).toMatchObject([{ subject: 'Alert: Campaign c-1', to: 'ops@example.com' }]);
  });

  it('is told to operators alone, of the station or the site that they asked for', async () => {
    const record = { topic: 't', partition: 0, offset: 0, key: 'CP-1' };
    const registered = event('StationRegistered', { siteId: 'harbour', name: '' });
    await service.parts.stations.handle([{ ...record, event: registered }]);
    const partner = await service.subscribe({ target: receiver.url, ownerKind: 'Partner', ownerId: 'p' });
    const other = await service.subscribe({ target: receiver.url, filter: { stationId: 'CP-2' } });
    const site = await service.subscribe({ target: receiver.url, filter: { siteId: 'harbour' } });
    await service.alert(opened());
    await service.delivery(site.id, notificationV1.DeliveryState.DELIVERED);
    expect(await service.deliveriesOf(partner.id)).toEqual([]);
    expect(await service.deliveriesOf(other.id)).toEqual([]);
  });

  describe('that comes again and again', () => {
    const WINDOW_MS = 900_000;
    const kinds = ['AlertOpened', 'AlertRaised', 'AlertCleared'];
    const toldOf = (id: string) => service.deliveriesOf(id);
    const windows = () => service.parts.collections.alertWindows.count();
    /** One after the other, minute by minute. */
    const flaps = async (times: number): Promise<EventEnvelope[]> => {
      const events: EventEnvelope[] = [];
      for (let time = 0; time < times; time += 1)
        for (const make of [opened, cleared]) {
          const time = new Date(service.clock.ms).toISOString();
          events.push({ ...make(), time });
          await service.alert(...events.slice(-1));
          service.clock.ms += 30_000;
        }
      return events;
    };

    it('is told at first, and once at the end of the window with how often it came, by whichever instance is there', async () => {
      const { id } = await service.subscribe({ target: receiver.url, filter: { kinds } });
      await flaps(5);
      await service.alert({ ...opened(), time: new Date(service.clock.ms).toISOString() });
      await until(async () => (await toldOf(id)).length === 2, 'the first and that it was over');
      await service.parts.stop();
      const { log, store, clock } = service;
      const other = await NotificationUnderTest.start({ log, store, clock });
      await until(() => receiver.received.length === 2, 'both are sent');
      clock.ms = START + WINDOW_MS;
      await until(() => receiver.received.length === 3, 'what was held');
      expect(told().map(({ type, data }) => [type, (data['alert'] as { times?: number }).times])).toEqual([
        ['AlertOpened', undefined],
        ['AlertCleared', undefined],
        ['AlertOpened', 5],
      ]);
      // Nothing more comes: it is forgotten after another window.
      await until(
        async () => Date.parse((await other.parts.collections.alertWindows.find({ limit: 1 })).docs[0]?.window.until ?? '') > clock.ms,
        'the next window',
      );
      clock.ms += WINDOW_MS;
      await until(async () => (await windows()) === 0, 'it to be forgotten');
      expect(receiver.received).toHaveLength(3);
      await other.parts.stop();
      await service.parts.start();
    });

    it('counts what is handed over again once', async () => {
      const { id } = await service.subscribe({ target: receiver.url, filter: { kinds } });
      const events = await flaps(3);
      await service.alert(...events);
      await service.alert(...events.slice(3));
      service.clock.ms = START + WINDOW_MS;
      await until(async () => (await toldOf(id)).length === 3, 'what was held');
      await until(() => receiver.received.length === 3, 'it is sent');
      expect(told().at(-1)).toMatchObject({ type: 'AlertCleared', data: { alert: { times: 2 } } });
    });

    it('is told each time where the operator wants that', async () => {
      await service.stop();
      service = await NotificationUnderTest.start({ environment: { NOTIFICATION_ALERT_REPEAT_SECONDS: '0' } });
      const { id } = await service.subscribe({ target: receiver.url, filter: { kinds } });
      await flaps(3);
      await until(async () => (await toldOf(id)).length === 6, 'all');
    });
  });
});
