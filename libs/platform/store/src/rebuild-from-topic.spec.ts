import { type EventLog, openSqliteEventLog } from '@voltlog/event-log';
import type { EventEnvelope } from '@voltlog/kernel';
import { OperatingError } from '@voltlog/kernel';
import { Schema } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rebuildFromTopic } from './rebuild-from-topic.js';
import { openSqliteStore } from './sqlite/sqlite-store.js';
import type { Collection, Store } from './store.js';

interface Seen {
  readonly id: string;
  readonly of: string;
}

const schema = new Schema({ id: { type: String, required: true }, of: String }, { id: false, versionKey: false });
const TOPIC = 'test.seen.v1';
const TYPE = 'voltlog.test.Seen.v1';
const event = (id: string, type = TYPE): EventEnvelope => ({
  id,
  type,
  source: '/t',
  subject: id,
  time: '2026-11-23T10:00:00.000Z',
  data: {},
});

describe('a read model rebuilt from a topic', () => {
  let log: EventLog;
  let store: Store;
  let live: Collection<Seen>;
  beforeEach(async () => {
    log = await openSqliteEventLog({ path: ':memory:', partitions: 3 });
    store = await openSqliteStore({ path: ':memory:' });
    await log.ensureTopics([{ name: TOPIC, partitions: 3 }]);
    live = await store.collection<Seen>('seen', schema);
    await live.upsert([{ doc: { id: 'damaged', of: 'nothing' } }]);
    for (let i = 0; i < 20; i += 1) await log.append(TOPIC, `key-${i}`, [event(`${i}`), event(`other-${i}`, 'voltlog.test.Other.v1')]);
  });
  afterEach(async () => {
    await log.close();
    await store.close();
  });

  const rebuild = (project?: (target: Collection<Seen>) => Promise<void>) =>
    rebuildFromTopic<Seen>({
      store,
      log,
      topic: TOPIC,
      types: [TYPE],
      name: 'seen',
      schema,
      async project(records, target) {
        await project?.(target);
        await target.upsert(records.map(({ event: { id } }) => ({ doc: { id, of: 'topic' } })));
      },
    });

  it('holds what the topic tells and nothing else, what arrives meanwhile too; the old one serves until then', async () => {
    let late = false;
    const { records } = await rebuild(async () => {
      if (late) return;
      late = true;
      expect((await live.find({ limit: 100 })).docs).toEqual([{ id: 'damaged', of: 'nothing' }]);
      await log.append(TOPIC, 'late', [event('late')]);
    });
    expect(records).toBe(21);
    expect(await live.count()).toBe(21);
    expect(await live.get('damaged')).toBeUndefined();
    expect(await live.get('late')).toEqual({ id: 'late', of: 'topic' });
  });

  it('tries again after an operating error', async () => {
    let tries = 0;
    await rebuild(async () => {
      tries += 1;
      if (tries === 1) throw new OperatingError('StoreUnavailable', 'once');
    });
    expect(await live.count()).toBe(20);
  });

  it('fails with what the projection throws, and leaves the live one and the dead letters alone', async () => {
    await expect(
      rebuild(async () => {
        throw new TypeError('a bug');
      }),
    ).rejects.toThrow('a bug');
    expect((await live.find({ limit: 100 })).docs).toEqual([{ id: 'damaged', of: 'nothing' }]);
  });
});
