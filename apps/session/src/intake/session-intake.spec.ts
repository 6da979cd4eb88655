import type { LogRecord } from '@voltlog/event-log';
import { OperatingError } from '@voltlog/kernel';
import { describe, expect, it, vi } from 'vitest';
import { sameTransaction, sessionIdOf } from '../session-id.js';
import { HeldSessions } from '../store/held-sessions.js';
import type { SessionDocument } from '../store/session-documents.js';
import { ended, metered, register, started, values } from '../testing/facts.js';
import { openIntake } from '../testing/intake-harness.js';
import type { SessionIntake } from './session-intake.js';
import { sessionDocument } from './session-writer.js';
import { newEntry } from './station-cache.js';

const PARTITION = { topic: 'connection.station.v1', partition: 3 };
const reading = (minute: number, wh: number) => metered({ minute, meterValues: [values(minute, register(wh))] });

const IDENTITY = { stationId: 'CS-1', transactionId: '101', ocppVersion: 'ocpp1.6' };
const NOW = '2026-03-01T08:00:00.000Z';

const recordsOf = (events: readonly ReturnType<typeof started>[]): LogRecord[] =>
  events.map((event, offset) => ({ ...PARTITION, offset, key: event.subject, event }));

/** Hands the facts to one of several instances, as those of a partition. */
const handOver = async (intake: SessionIntake, ...events: ReturnType<typeof started>[]): Promise<void> => {
  await intake.handle(recordsOf(events));
  await intake.settle();
};

describe('a partition that moved to another instance and back', () => {
  it('is read anew, so that no register value of the other instance is missing', async () => {
    const harness = await openIntake();
    const [one, other] = [harness.intake, harness.other()];
    await handOver(one, started({ minute: 0, meterStartWh: 1000 }), reading(10, 2000), reading(20, 0));
    one.revoked([PARTITION]);
    await handOver(other, reading(30, 5000), reading(35, 0), reading(38, 400));
    await handOver(one, ended({ minute: 40, meterStopWh: 900 }));
    expect(await harness.sessions()).toMatchObject([{ energyWh: 4900 }]);
    await harness.store.close();
  });

  it('is not read anew because of another partition', async () => {
    const harness = await openIntake();
    await handOver(harness.intake, started({ minute: 0 }));
    const find = vi.spyOn(harness.collections.sessions, 'find');
    harness.intake.revoked([{ ...PARTITION, partition: 4 }]);
    await handOver(harness.intake, reading(10, 2000));
    expect(find).not.toHaveBeenCalled();
    harness.intake.revoked([PARTITION]);
    await handOver(harness.intake, reading(20, 3000));
    expect(find).toHaveBeenCalled();
    await harness.store.close();
  });

  it('does not have to be its own for a sweep, which keeps nothing of it', async () => {
    const harness = await openIntake();
    const [one, other] = [harness.intake, harness.other()];
    await handOver(other, started({ minute: 0, meterStartWh: 1000 }), reading(10, 2000), reading(20, 0));
    await one.change(['CS-1'], () => undefined);
    await handOver(other, reading(30, 5000), reading(35, 0), reading(38, 400));
    await handOver(one, ended({ minute: 40, meterStopWh: 900 }));
    expect(await harness.sessions()).toMatchObject([{ energyWh: 4900 }]);
    await harness.store.close();
  });
});

describe('session documents that are not settled', () => {
  const facts = [started({ minute: 0, meterStartWh: 1000 }), reading(10, 2000), ended({ minute: 20, meterStopWh: 3000 })];

  it('are written together by settle, and are the same once a new process was handed the facts again', async () => {
    const [settled, died] = [await openIntake(), await openIntake()];
    for (const fact of facts) await settled.intake.handle(recordsOf([fact]));
    expect(await settled.sessions()).toEqual([]);
    const upsert = vi.spyOn(settled.collections.sessions, 'upsert');
    await settled.intake.settle();
    await settled.intake.settle();
    expect(upsert.mock.calls.map(([writes]) => writes.length)).toEqual([1]);
    for (const fact of facts) await died.intake.handle(recordsOf([fact]));
    died.restart();
    for (const fact of facts) await handOver(died.intake, fact);
    expect(await died.sessions()).toEqual(await settled.sessions());
    expect(await died.sessions()).toMatchObject([{ state: 'SESSION_STATE_ENDED', energyWh: 2000 }]);
    for (const { store } of [settled, died]) await store.close();
  });

  it('are held until the store takes them, and found by the intake meanwhile', async () => {
    const harness = await openIntake();
    const away = vi.spyOn(harness.collections.sessions, 'upsert').mockRejectedValue(new OperatingError('StoreUnavailable', 'away'));
    await harness.intake.handle(recordsOf(facts.slice(0, 2)));
    await expect(harness.intake.settle()).rejects.toBeInstanceOf(OperatingError);
    await harness.intake.handle(recordsOf(facts.slice(2)));
    await expect(harness.intake.settle()).rejects.toBeInstanceOf(OperatingError);
    away.mockRestore();
    await harness.intake.settle();
    expect(await harness.sessions()).toMatchObject([{ state: 'SESSION_STATE_ENDED', energyWh: 2000 }]);
    await harness.store.close();
  });

  it('lose nothing by a crash behind a stop that was matched to its session and is stored', async () => {
    const harness = await openIntake();
    const stray = ended({ minute: 20, transactionId: '-1', meterStopWh: 3000 });
    await harness.handle(facts.slice(0, 2));
    await harness.intake.handle(recordsOf([stray]));
    expect(await harness.collections.quarantine.count()).toBe(1);
    harness.restart();
    await harness.handle([stray]);
    expect(await harness.sessions()).toMatchObject([{ state: 'SESSION_STATE_ENDED', energyWh: 2000 }]);
    await harness.store.close();
  });

  it('that no store takes keep no others from being written, and a search goes on without those that cannot be now', async () => {
    const { collections, store } = await openIntake();
    const told: unknown[] = [];
    const held = new HeldSessions(collections.sessions, { error: (what: unknown) => void told.push(what) });
    const documents = ['A', 'B', 'C'].map((id) => sessionDocument({ ...newEntry({ ...IDENTITY, sessionId: id }), version: 1 }, NOW));
    const { upsert } = collections.sessions;
    const refusing = vi.spyOn(collections.sessions, 'upsert').mockImplementation(async (writes) => {
      if (writes.some(({ doc }) => doc.id === 'B')) throw new TypeError('never');
      return upsert(writes);
    });
    await held.hold(documents.map((document) => ({ document, entry: { storedVersion: 0 }, again: false })));
    await held.flush();
    expect((await held.view.find({ limit: 9 })).docs.map(({ id }) => id)).toEqual(['A', 'C']);
    expect(told).toMatchObject([{ sessionId: 'B' }]);
    refusing.mockRejectedValue(new OperatingError('StoreUnavailable', 'away'));
    const [first] = documents;
    if (first === undefined) throw new Error('there are documents');
    await held.hold([{ document: { ...first, id: 'D' }, entry: { storedVersion: 0 }, again: false }]);
    await expect(held.view.count()).rejects.toBeInstanceOf(OperatingError);
    expect(await held.shown.count()).toBe(2);
    expect(await held.shown.get('D')).toMatchObject({ id: 'D' });
    await store.close();
  });

  it('of a partition that went to another instance do not overwrite what that one wrote', async () => {
    const harness = await openIntake();
    const [one, other] = [harness.intake, harness.other()];
    await one.handle(recordsOf(facts.slice(0, 2)));
    one.revoked([PARTITION]);
    await handOver(other, ...facts);
    await one.settle();
    expect(await harness.sessions()).toMatchObject([{ state: 'SESSION_STATE_ENDED', energyWh: 2000 }]);
    await harness.store.close();
  });

  it('are durable at once where no fact would bring them back', async () => {
    const harness = await openIntake();
    await harness.handle([started({ minute: 0, meterStartWh: 1000 })]);
    const versionOf = async () => (await harness.collections.sessions.find({ limit: 2 })).docs.map(({ version }) => version);
    const [before = 0] = await versionOf();
    await harness.intake.change(['CS-1'], (batch, entries) => {
      for (const entry of entries) batch.record(entry, { kind: 'Stale', at: '2026-03-05T08:00:00.000Z' }, { id: 'test' });
    });
    const [after = 0] = await versionOf();
    expect(after).toBeGreaterThan(before);
    await harness.store.close();
  });
});

describe('what comes with its start', () => {
  it('is looked up by the start alone, whatever the batches', async () => {
    const harness = await openIntake();
    await harness.handle([started({ minute: 0 }), ended({ minute: 0.1, meterStopWh: 1000 })]);
    const find = vi.spyOn(harness.collections.sessions, 'find');
    const value = metered({ minute: 0.3, transactionId: '102', meterValues: [values(0.3, register(1500))] });
    await harness.handle([started({ minute: 0.2, transactionId: '102' }), value]);
    expect(find).not.toHaveBeenCalled();
    await harness.handle([metered({ minute: 0.4, transactionId: '103', meterValues: [] }), started({ minute: 0.4, transactionId: '103' })]);
    expect(find).toHaveBeenCalledOnce();
    expect((await harness.sessions()).map(({ energyWh }) => energyWh)).toEqual([0, 500, 0]);
    await harness.store.close();
  });

  it('is not what comes with the start of another station under the same transaction id', async () => {
    const harness = await openIntake();
    await harness.handle([
      started({ minute: 0, stationId: 'CS-2', meterStartWh: 1000 }),
      ended({ minute: 9, stationId: 'CS-2', meterStopWh: 3000 }),
    ]);
    harness.restart();
    await harness.handle([started({ minute: 10 }), metered({ minute: 5, receivedMinute: 10, stationId: 'CS-2', meterValues: [] })]);
    expect([await harness.collections.quarantine.count(), (await harness.sessions()).length]).toEqual([0, 2]);
    await harness.store.close();
  });
});

describe('a start that comes again', () => {
  it('finds its session also where that has left the memory', async () => {
    const harness = await openIntake();
    const sessions = [0, 0.1, 0.2, 0.3, 0.4, 0.5].map((minute, i) => ({ minute, transactionId: `${i}`, stationId: 'CS-1' }));
    for (const each of sessions) await harness.handle([started(each), ended({ ...each, minute: each.minute + 0.05, meterStopWh: 2000 })]);
    const before = await harness.sessions();
    await harness.handle([started({ minute: 0, receivedMinute: 0.9, transactionId: '0' })]);
    expect(await harness.sessions()).toEqual(before);
    await harness.handle([
      metered({ minute: 0.04, receivedMinute: 0.95, transactionId: '0', meterValues: [values(0.04, register(1900))] }),
    ]);
    expect((await harness.sessions()).map(({ state, energyWh }) => [state, energyWh])).toEqual(
      before.map(() => ['SESSION_STATE_ENDED', 1000]),
    );
    await harness.store.close();
  });

  it('goes on with a session whose id was made before ids began with the time', async () => {
    const [now, then] = [await openIntake(), await openIntake()];
    await now.handle([started({ minute: 0 })]);
    const [session] = (await now.collections.sessions.find({ limit: 2 })).docs;
    const id = session?.id ?? '';
    const before = sessionIdOf('CS-1', '1|2026-03-01T08:00:00.000Z|1000|TAG');
    expect([id === before, sameTransaction(id, before)]).toEqual([false, true]);
    const aged = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(id, before)) as T;
    for (const commits of (await now.store.streams.load([id])).values()) await then.store.streams.append(aged(commits));
    await then.collections.sessions.upsert([{ doc: aged(session as SessionDocument) }]);
    await then.handle([started({ minute: 0, receivedMinute: 0.5 }), reading(1, 1500)]);
    await then.handle([started({ minute: 0, receivedMinute: 30 }), ended({ minute: 31, meterStopWh: 3000 })]);
    expect(await then.sessions()).toMatchObject([{ sessionId: before, energyWh: 2000 }]);
    for (const { store } of [now, then]) await store.close();
  });
});

describe('the alert of a fact without a session', () => {
  const stray = ended({ minute: 20, transactionId: '-1', meterStopWh: 3000 });

  it('is told when the batch comes again after the topic was away', async () => {
    const harness = await openIntake();
    harness.refuseAlert = () => new OperatingError('LogUnavailable', 'away');
    await expect(harness.handle([stray])).rejects.toBeInstanceOf(OperatingError);
    expect(harness.alerts).toEqual([]);
    await harness.handle([stray]);
    expect(harness.alerts).toMatchObject([{ data: { factId: stray.id } }]);
    await harness.store.close();
  });

  it('is the same one when the process ends before the fact is stored', async () => {
    const harness = await openIntake();
    const write = vi.spyOn(harness.collections.quarantine, 'upsert').mockRejectedValueOnce(new OperatingError('StoreUnavailable', 'away'));
    await expect(harness.handle([stray])).rejects.toBeInstanceOf(OperatingError);
    write.mockRestore();
    harness.restart();
    await harness.handle([stray]);
    expect(new Set(harness.alerts.map(({ id }) => id)).size).toBe(1);
    expect((await harness.collections.quarantine.find({ limit: 10 })).docs).toHaveLength(1);
    await harness.handle([stray]);
    expect(harness.alerts).toHaveLength(2);
    await harness.store.close();
  });
});
