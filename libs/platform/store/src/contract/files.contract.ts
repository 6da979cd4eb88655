import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreHarness } from '../store.contract.js';
import type { Store, WriteFile } from '../store.js';

const NOW = '2026-11-25T10:00:00.000Z';
const LIMITS: WriteFile = { maxBytes: 10_000_000, totalBytesMax: 100_000_000, now: NOW };

async function* pieces(...all: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const each of all) {
    if (each instanceof Error) throw each;
    yield each;
  }
}
const bytes = (length: number, seed = 1): Buffer => Buffer.from(Array.from({ length }, (_, at) => (at * 31 + seed * 7) % 251));
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

export function describeFiles(name: string, harness: StoreHarness): void {
  describe(`${name}: files`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(() => store.close());

    it('keeps a file of many pieces, with its size and checksum, over a restart', async () => {
      const content = bytes(700_000);
      const file = await store.files.write(
        'image-1',
        pieces(content.subarray(0, 1), content.subarray(1, 400_000), content.subarray(400_000)),
        LIMITS,
      );
      expect(file).toEqual({
        id: 'image-1',
        sizeBytes: 700_000,
        sha256: createHash('sha256').update(content).digest('hex'),
        createdAt: NOW,
      });
      expect(await store.files.stat('image-1')).toEqual(file);
      await store.close();
      store = await harness.reopen();
      expect(await store.files.stat('image-1')).toEqual(file);
      expect((await buffer(await store.files.read('image-1'))).equals(content)).toBe(true);
      expect(await store.files.usedBytes()).toBe(700_000);
    });

    it('reads ranges, first and last byte included', async () => {
      const content = bytes(600_000);
      await store.files.write('a', pieces(content), LIMITS);
      for (const [start, end] of [
        [0, 0],
        [5, 9],
        [261_119, 261_121],
        [0, 599_999],
        [599_999, 599_999],
      ] as const)
        expect(
          (await buffer(await store.files.read('a', { start, end }))).equals(content.subarray(start, end + 1)),
          `${start}-${end}`,
        ).toBe(true);
    });

    it('keeps an empty file', async () => {
      await store.files.write('empty', pieces(), LIMITS);
      expect(await store.files.stat('empty')).toMatchObject({ sizeBytes: 0 });
      expect((await buffer(await store.files.read('empty'))).length).toBe(0);
    });

    it('has nothing of a file whose source broke off, and takes it the next time', async () => {
      expect(await failure(store.files.write('a', pieces(bytes(300_000), new Error('cut')), LIMITS))).toMatchObject({ message: 'cut' });
      expect(await store.files.stat('a')).toBeUndefined();
      expect(await store.files.usedBytes()).toBe(0);
      expect(await failure(store.files.read('a'))).toMatchObject({ code: 'NOT_FOUND', reason: 'FileUnknown' });
      await store.files.write('a', pieces(bytes(10)), LIMITS);
      expect(await store.files.stat('a')).toMatchObject({ sizeBytes: 10 });
    });

    it('stops at the largest size: exactly so many are taken, one more is not', async () => {
      await store.files.write('fits', pieces(bytes(60), bytes(40)), { ...LIMITS, maxBytes: 100 });
      let taken = 0;
      const endless = (async function* () {
        for (;;) {
          taken += 1;
          yield bytes(40);
        }
      })();
      expect(await failure(store.files.write('big', endless, { ...LIMITS, maxBytes: 100 }))).toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        reason: 'FileTooLarge',
      });
      expect(taken).toBeLessThan(20);
      expect(await store.files.stat('big')).toBeUndefined();
    });

    it('stops when all files together would be too large, and takes more once one is deleted', async () => {
      const tight = { ...LIMITS, totalBytesMax: 100 };
      await store.files.write('a', pieces(bytes(60)), tight);
      expect(await failure(store.files.write('b', pieces(bytes(41)), tight))).toMatchObject({ reason: 'FilesFull' });
      await store.files.write('c', pieces(bytes(40)), tight);
      await store.files.delete(['a', 'unknown']);
      await store.files.write('d', pieces(bytes(60)), tight);
      expect(await store.files.usedBytes()).toBe(100);
    });

    it('writes an id once, also when two write it at once', async () => {
      const both = await Promise.all([1, 2].map((seed) => failure(store.files.write('same', pieces(bytes(300_000, seed)), LIMITS))));
      const failed = both.filter((error) => error !== undefined);
      expect(failed).toMatchObject([{ code: 'ALREADY_EXISTS', reason: 'FileExists' }]);
      expect(await failure(store.files.write('same', pieces(bytes(1)), LIMITS))).toMatchObject({ reason: 'FileExists' });
      const winner = both[0] === undefined ? 1 : 2;
      expect((await buffer(await store.files.read('same'))).equals(bytes(300_000, winner))).toBe(true);
    });

    it('deletes what has expired and nothing else', async () => {
      await store.files.write('short', pieces(bytes(1)), { ...LIMITS, expiresAt: '2026-11-26T10:00:00.000Z' });
      await store.files.write('long', pieces(bytes(1)), { ...LIMITS, expiresAt: '2026-11-26T10:00:00.001Z' });
      await store.files.write('kept', pieces(bytes(1)), { ...LIMITS, expiresAt: '2026-11-25T11:00:00.000Z' });
      expect(await store.files.keep('kept', undefined)).toBe(true);
      expect(await store.files.keep('unknown', undefined)).toBe(false);
      expect(await store.files.deleteExpired('2026-11-26T10:00:00.000Z')).toBe(1);
      expect(await store.files.stat('short')).toBeUndefined();
      expect(await store.files.stat('long')).toMatchObject({ expiresAt: '2026-11-26T10:00:00.001Z' });
      expect(await store.files.stat('kept')).not.toHaveProperty('expiresAt');
    });

    it('tells how far it is, and refuses ids that are none', async () => {
      const seen: number[] = [];
      await store.files.write('a', pieces(bytes(3), bytes(4)), { ...LIMITS, onProgress: (count) => seen.push(count) });
      expect(seen).toEqual([3, 7]);
      for (const id of ['', '../a', 'a/b', 'a.b', 'x'.repeat(65)])
        expect(await failure(store.files.write(id, pieces(), LIMITS)), id).toMatchObject({ reason: 'BadFileId' });
    });
  });
}
