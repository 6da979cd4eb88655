import type { EventEnvelope } from '@voltlog/kernel';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreHarness } from '../store.contract.js';
import type { Commit, Store } from '../store.js';

let serial = 0;

export function commitOf(
  streamId: string,
  version: number,
  causationId = `cause-${streamId}-${version}`,
  data: unknown = { version },
): Commit {
  serial += 1;
  const event: EventEnvelope = {
    id: `e${serial}`,
    type: 'voltlog.test.Happened.v1',
    source: '/test',
    subject: streamId,
    time: '2026-11-23T10:00:00.000Z',
    data,
  };
  return { streamId, version, causationId, events: [event], at: '2026-11-23T10:00:00.000Z' };
}

/** `toEqual` passes over what is undefined. */
const bare = (commit: Commit) => ({ ...commit, published: undefined });

const collect = async (store: Store, options: { after?: string; batch?: number } = {}) => {
  const commits: Commit[] = [];
  let cursor = options.after;
  for await (const page of store.streams.scan(options)) {
    commits.push(...page.commits);
    cursor = page.cursor;
  }
  return { commits, cursor };
};

const keysOf = (commits: readonly Commit[]): string[] => commits.map((commit) => `${commit.streamId}@${commit.version}`);

export function describeStreams(name: string, harness: StoreHarness): void {
  describe(`${name}: streams`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(() => store.close());

    it('gives back what was appended, envelope and all', async () => {
      const odd = {
        'a.b': 1,
        $set: { x: null },
        text: 'ünï 🚗 \u0000',
        list: [[], {}, -0.5, 1e21],
        deep: { __proto: true },
        'n\u0000l': 1,
      };
      const commit: Commit = {
        ...commitOf('s', 1, 'c', odd),
        events: [
          { ...(commitOf('s', 1, 'c', odd).events[0] as EventEnvelope), traceparent: '00-a-b-01', correlationId: 'x', causationId: 'c' },
          commitOf('s', 1).events[0] as EventEnvelope,
        ],
      };
      expect(await store.streams.append([commit])).toEqual(['appended']);
      const loaded = await store.streams.load(['s', 'none']);
      expect(loaded.get('s')?.map(bare)).toEqual([commit]);
      expect(loaded.has('none')).toBe(false);
    });

    it('answers each commit in order: appended, conflict and duplicate in one bulk', async () => {
      await store.streams.append([commitOf('a', 1, 'x'), commitOf('b', 1, 'x'), commitOf('e', 1, 'x')]);
      const outcomes = await store.streams.append([
        commitOf('a', 2, 'y'),
        commitOf('b', 1, 'z'),
        commitOf('c', 1, 'x'),
        commitOf('e', 2, 'x'),
        commitOf('d', 1, 'x'),
        commitOf('d', 2, 'y'),
      ]);
      expect(outcomes).toEqual(['appended', 'conflict', 'appended', 'duplicate', 'appended', 'appended']);
      expect((await store.streams.load(['b'])).get('b')).toHaveLength(1);
    });

    it('lets nothing in behind a commit of the same stream that did not get in', async () => {
      await store.streams.append([commitOf('a', 1, 'x'), commitOf('b', 1, 'x')]);
      const outcomes = await store.streams.append([
        commitOf('a', 1, 'n1'),
        commitOf('a', 2, 'n2'),
        commitOf('b', 2, 'x'),
        commitOf('b', 3, 'n3'),
      ]);
      expect(outcomes).toEqual(['conflict', 'conflict', 'duplicate', 'conflict']);
      const loaded = await store.streams.load(['a', 'b']);
      expect([loaded.get('a')?.length, loaded.get('b')?.length]).toEqual([1, 1]);
    });

    it('keeps what comes before a duplicate of the same call', async () => {
      await store.streams.append([commitOf('a', 1, 'x')]);
      expect(await store.streams.append([commitOf('a', 2, 'y'), commitOf('a', 3, 'x'), commitOf('a', 4, 'z')])).toEqual([
        'appended',
        'duplicate',
        'conflict',
      ]);
      expect(await store.streams.append([commitOf('n', 1, 'x'), commitOf('n', 2, 'x'), commitOf('n', 3, 'y')])).toEqual([
        'appended',
        'duplicate',
        'conflict',
      ]);
      expect((await store.streams.load(['a'])).get('a')?.map((commit) => commit.causationId)).toEqual(['x', 'y']);
      expect((await store.streams.load(['n'])).get('n')?.map((commit) => commit.causationId)).toEqual(['x']);
    });

    it('knows an older commit behind a new one of the same call', async () => {
      await store.streams.append([commitOf('a', 1, 'x'), commitOf('a', 2, 'y')]);
      expect(await store.streams.append([commitOf('a', 3, 'z'), commitOf('a', 1, 'x')])).toEqual(['appended', 'duplicate']);
      expect(await store.streams.append([commitOf('a', 4, 'w'), commitOf('a', 1, 'other'), commitOf('a', 2, 'y')])).toEqual([
        'appended',
        'conflict',
        'conflict',
      ]);
      expect((await store.streams.load(['a'])).get('a')?.map((commit) => commit.causationId)).toEqual(['x', 'y', 'z', 'w']);
    });

    it('lets one of two writers of the same version win', async () => {
      const other = await harness.another(store);
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => [
          store.streams.append([commitOf(`s${i}`, 1, 'left'), commitOf(`s${i}`, 2, 'left2')]),
          other.streams.append([commitOf(`s${i}`, 1, 'right'), commitOf(`s${i}`, 2, 'right2')]),
        ]).flat(),
      );
      const flat = results.flat();
      expect(flat.filter((outcome) => outcome === 'appended')).toHaveLength(40);
      expect(flat.filter((outcome) => outcome === 'conflict')).toHaveLength(40);
      for (const commits of (await store.streams.load(Array.from({ length: 20 }, (_, i) => `s${i}`))).values()) {
        expect(new Set(commits.map((commit) => commit.causationId.replace('2', ''))).size).toBe(1);
      }
      if (other !== store) await other.close();
    });

    it('appends many streams at once and loads many, in order', async () => {
      const commits = Array.from({ length: 2_000 }, (_, i) => commitOf(`s${i % 500}`, Math.floor(i / 500) + 1));
      const outcomes = (
        await Promise.all([0, 500, 1_000, 1_500].map((from) => store.streams.append(commits.slice(from, from + 500))))
      ).flat();
      expect(new Set(outcomes)).toEqual(new Set(['appended']));
      const loaded = await store.streams.load(Array.from({ length: 500 }, (_, i) => `s${i}`));
      expect(loaded.size).toBe(500);
      for (const stream of loaded.values()) expect(stream.map((commit) => commit.version)).toEqual([1, 2, 3, 4]);
    });

    it('takes ids of any script and length', async () => {
      const ids = ['日本', 'a/b:c$d.e', 'Ä', 'ä', ' ', 'x'.repeat(300), "o'hara", 'a:1', 'a'];
      expect(new Set(await store.streams.append(ids.map((id) => commitOf(id, 1))))).toEqual(new Set(['appended']));
      expect([...(await store.streams.load(ids)).keys()].sort()).toEqual([...ids].sort());
      expect(await store.streams.append([commitOf('a', 2), commitOf('a:1', 2)])).toEqual(['appended', 'appended']);
    });

    it('remembers causation ids of a long stream', async () => {
      for (let from = 1; from <= 600; from += 100)
        await store.streams.append(Array.from({ length: 100 }, (_, i) => commitOf('long', from + i, `c${from + i}`)));
      expect(await store.streams.append([commitOf('long', 601, 'c1')])).toEqual(['duplicate']);
      expect(await store.streams.append([commitOf('long', 601, 'c600')])).toEqual(['duplicate']);
      expect(await store.streams.append([commitOf('long', 601, 'c601')])).toEqual(['appended']);
    });

    it('scans every commit, each stream in order, and goes on where it stopped', async () => {
      for (let i = 0; i < 10; i += 1) await store.streams.append(Array.from({ length: 9 }, (_, s) => commitOf(`s${s}`, i + 1)));
      const whole = await collect(store, { batch: 7 });
      expect(whole.commits).toHaveLength(90);
      for (let s = 0; s < 9; s += 1)
        expect(whole.commits.filter((c) => c.streamId === `s${s}`).map((c) => c.version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const first: Commit[] = [];
      let cursor = '';
      for await (const page of store.streams.scan({ batch: 20 })) {
        first.push(...page.commits);
        cursor = page.cursor;
        if (first.length >= 40) break;
      }
      await store.streams.append([commitOf('s0', 11), commitOf('new', 1)]);
      const rest = await collect(store, { after: cursor });
      expect(new Set(keysOf([...first, ...rest.commits]))).toEqual(new Set([...keysOf(whole.commits), 's0@11', 'new@1']));
      expect(first.length + rest.commits.length).toBe(92);
      expect((await collect(store, { after: rest.cursor as string })).commits).toEqual([]);
    });

    it('keeps the outbox until it is marked, across a restart', async () => {
      await store.streams.append([commitOf('a', 1), commitOf('a', 2), commitOf('b', 1)]);
      await store.streams.append([commitOf('a', 3), commitOf('c', 1)]);
      await store.streams.markPublished([
        { streamId: 'a', version: 1 },
        { streamId: 'c', version: 1 },
      ]);
      const open = ['a@2', 'a@3', 'b@1'];
      expect(keysOf(await store.streams.unpublished(10)).sort()).toEqual(open);
      await store.close();
      store = await harness.reopen();
      const left = await store.streams.unpublished(10);
      expect(keysOf(left).sort()).toEqual(open);
      expect(keysOf(left.filter((commit) => commit.streamId === 'a'))).toEqual(['a@2', 'a@3']);
      expect((await store.streams.load(['a'])).get('a')?.map((commit) => commit.published)).toEqual([undefined, false, false]);
      expect(await store.streams.unpublished(1)).toHaveLength(1);
      await store.streams.markPublished(left);
      expect(await store.streams.unpublished(10)).toEqual([]);
      await store.streams.append([commitOf('b', 2)]);
      expect(keysOf(await store.streams.unpublished(10))).toEqual(['b@2']);
      expect(await store.streams.append([commitOf('a', 4, 'cause-a-2')])).toEqual(['duplicate']);
    });

    it('is a list of versions per stream, whatever is appended in whatever splitting', async () => {
      const attempt = fc.record({
        stream: fc.constantFrom('p', 'q'),
        version: fc.integer({ min: 1, max: 6 }),
        cause: fc.integer({ min: 1, max: 8 }),
        cut: fc.boolean(),
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(attempt, { maxLength: 25 }), async (attempts) => {
          run += 1;
          const model = new Map<string, string[]>();
          let batch: Commit[] = [];
          let expected: string[] = [];
          let stopped = new Set<string>();
          const flush = async (): Promise<void> => {
            expect(await store.streams.append(batch)).toEqual(expected);
            [batch, expected, stopped] = [[], [], new Set()];
          };
          for (const { stream, version, cause, cut } of attempts) {
            const streamId = `${stream}${run}`;
            const causes = model.get(streamId) ?? [];
            // A gap is the caller's bug; no adapter is asked about it.
            const last = Math.max(causes.length, ...batch.filter((commit) => commit.streamId === streamId).map((commit) => commit.version));
            if (version > last + 1 || stopped.has(streamId)) continue;
            batch.push(commitOf(streamId, version, `${cause}`));
            if (causes.includes(`${cause}`)) expected.push('duplicate');
            else if (version !== causes.length + 1) expected.push('conflict');
            else expected.push('appended');
            if (expected.at(-1) === 'appended') model.set(streamId, [...causes, `${cause}`]);
            else stopped.add(streamId);
            if (cut) await flush();
          }
          await flush();
          for (const [streamId, causes] of model) {
            const stored = (await store.streams.load([streamId])).get(streamId) ?? [];
            expect(stored.map((commit) => commit.causationId)).toEqual(causes);
            expect(stored.map((commit) => commit.version)).toEqual(causes.map((_, i) => i + 1));
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}
