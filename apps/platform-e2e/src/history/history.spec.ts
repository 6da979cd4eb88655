import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '@voltlog/store';
import { Schema } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { multiplyRows } from './multiply-rows.js';
import { type Variations, variationsOf } from './variations.js';

const SESSION = 'c152678d-b1c3-8987-a717-4ed94e8d65df';
const FACT = '01a21429-affb-761d-98d6-479f337aaeea';
const START = '2026-11-25T10:00:00.000Z';
const END = '2026-11-25T10:00:07.250Z';
const STATIONS = ['S-1', 'S-2', 'S-3'];

const variations = (sessions = 6): Variations =>
  variationsOf({ stationId: 'OLD', idToken: 'CARD', transactionId: '4711', sessions, stationIds: STATIONS, tokens: 4 });

const copies = (text: string, count = 6): string[] => {
  const all = variations();
  const next = all.prepare(text);
  return Array.from({ length: count }, (_, number) => {
    all.select(number);
    return next();
  });
};

describe('variations of a session', () => {
  it('go round the stations and the tokens, in either case of the letters', () => {
    expect(copies('OLD CARD card')).toEqual([
      'S-1 BENCH1 bench1',
      'S-2 BENCH2 bench2',
      'S-3 BENCH3 bench3',
      'S-1 BENCH4 bench4',
      'S-2 BENCH1 bench1',
      'S-3 BENCH2 bench2',
    ]);
  });

  it('move its times together, later from copy to copy, and all of them into the past', () => {
    const times = copies(`${START} ${END}`).map((text) => text.split(' ').map((time) => Date.parse(time)));
    for (const [start, end] of times) expect([Number(end) - Number(start), Number(end) < Date.now()]).toEqual([7_250, true]);
    const starts = times.map(([start]) => Number(start));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(Number(starts[3]) - Number(starts[0])).toBe(3_600_000);
  });

  it('give an id one other value wherever it stands, of the same version, and another one in each copy', () => {
    const all = variations();
    const [one, other] = [all.prepare(`${SESSION}#${FACT} 4711`), all.prepare(`14711 ${SESSION}`)];
    const seen = new Set<string>();
    for (let number = 0; number < 6; number += 1) {
      all.select(number);
      expect(other()).toBe(`14711 ${one().slice(0, SESSION.length)}`);
      expect(one()).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f-]{16}#[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f-]{16} \d+$/,
      );
      seen.add(one());
    }
    expect(seen.size).toBe(6);
  });

  it('leave the rest as it is', () => {
    expect(copies('{"OLDER":1}'.replace('OLDER', 'other'), 2)).toEqual(['{"other":1}', '{"other":1}']);
  });
});

describe('multiplied rows', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'voltlog-history-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are what the store itself would have written: found by its indexes, published, and each stream goes on', async () => {
    const path = join(folder, 'session.db');
    const schema = new Schema({ id: { type: String, required: true }, stationId: String }, { id: false, versionKey: false });
    schema.index({ stationId: 1 });
    const store = await openSqliteStore({ path });
    const docs = await store.collection<{ id: string; stationId: string }>('sessions', schema);
    await docs.upsert([{ doc: { id: SESSION, stationId: 'OLD' } }]);
    await store.streams.append([{ streamId: SESSION, version: 1, causationId: FACT, events: [], at: START }]);
    await store.streams.markPublished([{ streamId: SESSION, version: 1 }]);
    await store.close();

    const { rows } = multiplyRows({ path, tables: ['commits', 'sessions'], copies: 6, variations: variations() });
    expect(rows).toBe(2);

    const again = await openSqliteStore({ path });
    const found = await again.collection<{ id: string; stationId: string }>('sessions', schema);
    expect(await found.count()).toBe(7);
    const { docs: ofOne } = await found.find({ where: { stationId: 'S-2' }, limit: 10 });
    expect(ofOne).toHaveLength(2);
    expect(await again.streams.unpublished(10)).toEqual([]);
    const streams = await again.streams.load(ofOne.map(({ id }) => id));
    for (const [streamId, [commit]] of streams) {
      expect(commit).toMatchObject({ streamId, version: 1 });
      expect(await again.streams.append([{ streamId, version: 2, causationId: 'next', events: [], at: END }])).toEqual(['appended']);
    }
    expect(streams.size).toBe(2);
    expect(await again.streams.unpublished(10)).toHaveLength(2);
    await again.close();
  });
});
