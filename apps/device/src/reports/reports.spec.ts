import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { type DisplayMessage, STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC } from '@voltlog/device-contract';
import type { EventEnvelope } from '@voltlog/kernel';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceConfig } from '../config.js';
import { createDevice, type Device } from '../device.js';
import { deviceProjections } from '../projections/rebuild.js';
import { type DisplayFact, MESSAGES_MAX, noMessages, withDisplayFact } from './display-messages.js';
import { displaySchema, reportSchema } from './report-documents.js';
import { REPORT_NAMES } from './report-follower.js';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 25, 10, 0, seconds)).toISOString();
const message = (id: number, content = `text ${id}`): DisplayMessage => ({
  id,
  priority: 'NormalCycle',
  message: { format: 'UTF8', language: 'en', content },
  messageExtra: [{ format: 'UTF8', language: 'nl', content: `${content} (nl)` }],
});
const head = { stationId: 'CP-1', ocppVersion: 'ocpp2.1' as const, messageId: 'm', raw: {} };
const answered = (
  action: string,
  request: object,
  status: 'Accepted' | 'Rejected' = 'Accepted',
  stationStatus: string = status,
): DisplayFact => ({
  type: 'voltlog.connection.CommandAnswered.v1',
  data: { ...head, receivedAt: at(1), occurredAt: at(1), action, request, status, stationStatus },
});
const reported = (requestId: number, messages: readonly DisplayMessage[], toBeContinued = false): DisplayFact => ({
  type: 'voltlog.connection.DisplayMessagesReported.v1',
  data: { ...head, receivedAt: at(2), occurredAt: at(2), action: 'NotifyDisplayMessages', requestId, messages, toBeContinued },
});
const shown = (...facts: readonly DisplayFact[]) => facts.reduce(withDisplayFact, noMessages('CP-1')).messages.map(({ id }) => id);

describe('the messages of a display', () => {
  const set = (id: number) => answered('SetDisplayMessage', { message: message(id) });
  it.each([
    ['set', [set(2), set(1)], [1, 2]],
    ['set again', [set(1), set(1)], [1]],
    ['refused', [answered('SetDisplayMessage', { message: message(1) }, 'Rejected', 'LanguageNotSupported')], []],
    ['cleared', [set(1), set(2), answered('ClearDisplayMessage', { id: 1 })], [2]],
    ['not cleared', [set(1), answered('ClearDisplayMessage', { id: 1 }, 'Rejected')], [1]],
    ['not there any more when cleared', [set(1), answered('ClearDisplayMessage', { id: 1 }, 'Rejected', 'Unknown')], []],
    ['reported by itself', [set(1), reported(9, [message(3)])], [1, 3]],
    [
      'all reported in two parts',
      [set(1), answered('GetDisplayMessages', { requestId: 7 }), reported(7, [message(3)], true), reported(7, [message(4)])],
      [3, 4],
    ],
    [
      'all reported before the answer is on the log',
      [set(1), reported(7, [message(3)]), answered('GetDisplayMessages', { requestId: 7 })],
      [3],
    ],
    ['half reported', [set(1), answered('GetDisplayMessages', { requestId: 7 }), reported(7, [message(3)], true)], [1, 3]],
    [
      'some reported by a filter',
      [set(1), answered('GetDisplayMessages', { requestId: 7, priority: 'InFront' }), reported(7, [message(3)])],
      [1, 3],
    ],
    ['none there', [set(1), answered('GetDisplayMessages', { requestId: 7 }, 'Accepted', 'Unknown')], []],
  ] as const)('%s: %j leaves %j', (_, facts, ids) => {
    expect(shown(...facts)).toEqual(ids);
    // Delivered twice it is the same.
    expect(shown(...facts, ...facts)).toEqual(ids);
  });

  it('are kept up to a number, the last known of them', () => {
    const many = Array.from({ length: MESSAGES_MAX + 5 }, (_, id) => message(id));
    const ids = shown(set(9_999), reported(7, many));
    expect(ids).toHaveLength(MESSAGES_MAX);
    expect(ids).not.toContain(9_999);
  });

  it('are left alone by other commands', () => {
    const display = noMessages('CP-1');
    expect(withDisplayFact(display, answered('Reset', { type: 'OnIdle' }))).toBe(display);
  });
});

describe('reports of stations', () => {
  let context: TestContext;
  let device: Device;
  const start = async () => {
    device = await createDevice(context, deviceConfig.parse({ DEVICE_SCRYPT_N: '1024', DEVICE_REPORT_DAYS: '1' }));
    await device.start();
  };
  beforeEach(async () => {
    context = await openTestContext('device');
    await context.log.ensureTopics([DEVICE_TOPIC, STATION_TOPIC].map((name) => ({ name, partitions: 12 })));
    await start();
  });
  afterEach(async () => {
    await device.stop();
    await context.close();
  });

  const event = (type: string, data: object): EventEnvelope => ({
    id: context.ids.next(),
    type,
    source: '/connection/test',
    subject: 'CP-1',
    time: at(0),
    data: { stationId: 'CP-1', receivedAt: new Date(context.clock.now()).toISOString(), ...data },
  });
  const append = (...events: readonly EventEnvelope[]) => context.log.append(STATION_TOPIC, 'CP-1', events);
  const list = (request: { type?: string; requestId?: number; pageSize?: number; pageToken?: string } = {}) =>
    device.reportsGrpc.listReports({ stationId: 'CP-1', type: '', requestId: undefined, pageSize: 0, pageToken: '', ...request });
  const log = (requestId: number, status = 'Uploaded') =>
    event('voltlog.connection.LogStatusReported.v1', { action: 'LogStatusNotification', occurredAt: at(0), requestId, status });

  it('are kept, newest first, by type and by request, in pages', async () => {
    const events = [
      log(1),
      log(2),
      event('voltlog.connection.SecurityEventReported.v1', { action: 'SecurityEventNotification', occurredAt: at(0) }),
    ];
    await append(...events);
    await until(async () => (await list()).reports.length === 3, 'the reports');
    expect((await list()).reports.map(({ type }) => type)).toEqual(['SecurityEventReported', 'LogStatusReported', 'LogStatusReported']);
    expect((await list({ requestId: 2 })).reports).toMatchObject([
      { requestId: 2, dataJson: expect.stringContaining('"status":"Uploaded"') },
    ]);
    expect((await list({ type: 'SecurityEventReported' })).reports).toHaveLength(1);
    const first = await list({ pageSize: 2 });
    const second = await list({ pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.reports, ...second.reports].map(({ reportId }) => reportId)).toEqual(events.map(({ id }) => id).toReversed());
    expect(second.nextPageToken).toBe('');
  });

  it('and displays are rebuilt from the log', async () => {
    const { type, data } = answered('SetDisplayMessage', { message: message(1) });
    await append(log(1), event(type, data));
    const displays = () => device.reportsGrpc.getDisplayMessages({ stationId: 'CP-1' });
    await until(async () => (await list()).reports.length === 1 && (await displays()).messages.length === 1, 'both');
    const before = [await list(), await displays()];
    for (const name of ['station_reports', 'station_displays'])
      await (await context.store.collection<{ id: string }>(name, name === 'station_reports' ? reportSchema : displaySchema)).deleteWhere({
        id: { $gte: '' },
      });
    expect([(await list()).reports, (await displays()).messages]).toEqual([[], []]);
    for (const name of ['reports', 'displays']) await deviceProjections[name]?.rebuild(context, () => {});
    await device.stop();
    await start();
    expect([await list(), await displays()]).toEqual(before);
  });

  it('that are large come in smaller pages', async () => {
    const large = (requestId: number) =>
      event('voltlog.connection.CustomerInformationReported.v1', {
        action: 'NotifyCustomerInformation',
        occurredAt: at(0),
        requestId,
        data: 'x'.repeat(600_000),
      });
    for (const requestId of [1, 2, 3, 4]) await append(large(requestId));
    await until(async () => (await list({ requestId: 4 })).reports.length === 1, 'the last');
    const first = await list();
    expect(first.reports.map(({ requestId }) => requestId)).toEqual([4, 3]);
    expect((await list({ pageToken: first.nextPageToken })).reports.map(({ requestId }) => requestId)).toEqual([2, 1]);
  });

  it('delivered twice are kept once', async () => {
    const twice = log(1);
    await append(twice, twice, log(2));
    await until(async () => (await list({ requestId: 2 })).reports.length === 1, 'the last');
    expect((await list()).reports).toHaveLength(2);
  });

  it('of every recorded fact can be kept', async () => {
    const folder = new URL('../../../../libs/connection/contract/samples/', import.meta.url);
    const samples = readdirSync(folder).filter((name) => REPORT_NAMES.includes(name.split('.')[2] ?? ''));
    expect(new Set(samples.map((name) => name.split('.')[2])).size).toBe(REPORT_NAMES.length);
    await append(
      ...samples.map((name) =>
        event(name.replace('.json', ''), { ...JSON.parse(readFileSync(new URL(name, folder), 'utf8')), stationId: 'CP-1' }),
      ),
    );
    await until(async () => (await list({ pageSize: 200 })).reports.length === samples.length, 'all of them');
  });

  it('are asked for by a type that there is, of a station that there can be', async () => {
    await expect(list({ type: 'MeterValuesReported' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(device.reportsGrpc.getDisplayMessages({ stationId: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('that are older than configured are removed', async () => {
    const old = event('voltlog.connection.LogStatusReported.v1', {
      action: 'LogStatusNotification',
      occurredAt: at(0),
      receivedAt: new Date(context.clock.now() - 2 * 86_400_000).toISOString(),
      requestId: 1,
      status: 'Uploaded',
    });
    await append(old, log(2));
    await until(async () => (await list()).reports.length === 2, 'both');
    await device.stop();
    await context.store.timers.schedule([{ id: 'StationReportSweep', kind: 'StationReportSweep', dueAt: at(-9_999_999), payload: {} }]);
    await start();
    await until(async () => (await list()).reports.length === 1, 'the old one is gone');
    expect((await list()).reports).toMatchObject([{ requestId: 2 }]);
  });

  it('make up what a display shows, over a restart', async () => {
    const { type, data } = answered('SetDisplayMessage', { message: message(1) });
    await append(event(type, data));
    await until(async () => (await device.reportsGrpc.getDisplayMessages({ stationId: 'CP-1' })).messages.length === 1, 'the message');
    await device.stop();
    await start();
    await append(event('voltlog.connection.DisplayMessagesReported.v1', reported(8, [message(2)]).data));
    await until(async () => (await device.reportsGrpc.getDisplayMessages({ stationId: 'CP-1' })).messages.length === 2, 'both messages');
    expect(await device.reportsGrpc.getDisplayMessages({ stationId: 'CP-1' })).toMatchObject({
      messages: [
        {
          id: 1,
          texts: [
            { language: 'en', content: 'text 1' },
            { language: 'nl', content: 'text 1 (nl)' },
          ],
        },
        { id: 2, priority: 'NormalCycle', state: '' },
      ],
      listedAt: undefined,
    });
    expect(await device.reportsGrpc.getDisplayMessages({ stationId: randomUUID() })).toEqual({ messages: [], listedAt: undefined });
  });
});
