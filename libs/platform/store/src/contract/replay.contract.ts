import { type Decider, decided } from '@voltlog/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Aggregates } from '../aggregates.js';
import { OutboxRelay } from '../outbox-relay.js';
import { rebuildCollection } from '../rebuild-collection.js';
import { type SessionDoc, type StoreHarness, sessionSchema } from '../store.contract.js';
import type { Collection, Commit, Store } from '../store.js';

type Counted = { readonly type: 'voltlog.test.Counted.v1'; readonly data: { readonly energyWh: number } };

const counter: Decider<number, number, Counted> = {
  initialState: 0,
  decide: (energyWh) => decided({ type: 'voltlog.test.Counted.v1', data: { energyWh } }),
  evolve: (state, event) => state + event.data.energyWh,
};
const silent = { warn: () => undefined, error: () => undefined };
let id = 0;
const ids = { next: () => `id-${(id += 1)}` };

export function describeReplay(name: string, harness: StoreHarness): void {
  describe(`${name}: aggregates, relay and replay`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(() => store.close());

    const aggregatesOf = (on: Store, relay?: Pick<OutboxRelay, 'publish'>) =>
      new Aggregates({
        streams: on.streams,
        decider: counter,
        source: '/t/1',
        ids,
        clock: { now: () => Date.now() - 60_000 },
        ...(relay === undefined ? {} : { relay }),
      });
    const inputsOf = (count: number, streams: number, run: string) =>
      Array.from({ length: count }, (_, i) => ({ streamId: `s${i % streams}`, causationId: `${run}-${i}`, command: i }));

    it('rebuilds a read model beside the live one, with what is committed meanwhile', async () => {
      const aggregates = aggregatesOf(store);
      const live = await store.collection<SessionDoc>('totals', sessionSchema);
      const project = async (commits: readonly Commit[], target: Collection<SessionDoc>) => {
        const states = await Promise.all(
          [...new Set(commits.map((commit) => commit.streamId))].map(async (streamId) => ({
            streamId,
            ...(await aggregates.load(streamId)),
          })),
        );
        await target.upsert(states.map(({ streamId, state, version }) => ({ doc: { id: streamId, energyWh: state, version } })));
      };
      await aggregates.execute(inputsOf(300, 10, 'a'));
      await live.upsert([{ doc: { id: 'wrong', energyWh: -1 } }]);
      let interrupted = false;
      const options = { store, name: 'totals', schema: sessionSchema, batch: 50 };
      const cut = rebuildCollection<SessionDoc>({
        ...options,
        project: async (commits, target) => {
          if (interrupted) throw new Error('cut short');
          await project(commits, target);
        },
        onProgress: ({ commits }) => {
          interrupted = commits >= 100;
        },
      });
      await expect(cut).rejects.toThrow('cut short');
      expect(await live.get('wrong')).toBeDefined();
      let projected = 0;
      let more = true;
      const done = await rebuildCollection<SessionDoc>({
        ...options,
        project: async (commits, target) => {
          projected += commits.length;
          if (more) await aggregates.execute(inputsOf(20, 10, 'meanwhile'));
          more = false;
          await project(commits, target);
        },
      });
      expect(done.commits).toBe(320);
      expect(projected).toBeLessThanOrEqual(250);
      expect(await live.get('wrong')).toBeUndefined();
      for (let s = 0; s < 10; s += 1) {
        const { state, version } = await aggregates.load(`s${s}`);
        expect(await live.get(`s${s}`)).toEqual({ id: `s${s}`, energyWh: state, version });
      }
    });

    it('decides the same on two writers: no update is lost', async () => {
      const other = await harness.another(store);
      const [left, right] = [aggregatesOf(store), aggregatesOf(other)];
      for (let round = 0; round < 8; round += 1) {
        await Promise.all([left.execute(inputsOf(12, 3, `l${round}`)), right.execute(inputsOf(12, 3, `r${round}`))]);
      }
      const fresh = aggregatesOf(store);
      const totals = await Promise.all([0, 1, 2].map((s) => fresh.load(`s${s}`)));
      expect(totals.reduce((sum, { state }) => sum + state, 0)).toBe(16 * 66);
      expect(totals.reduce((sum, { version }) => sum + version, 0)).toBe(16 * 12);
      if (other !== store) await other.close();
    });

    it('relays what a crash left first, and nothing is lost or out of order while the log fails', async () => {
      const dead = new OutboxRelay({
        streams: store.streams,
        log: { append: () => Promise.reject(new Error('never asked')) },
        topic: 't',
        logger: silent,
      });
      await aggregatesOf(store, dead).execute(inputsOf(30, 3, 'before'));
      await store.close();
      store = await harness.reopen();
      const got = new Map<string, string[]>();
      let calls = 0;
      const log = {
        append: async (_topic: string, key: string, events: readonly { id: string }[]) => {
          calls += 1;
          if (calls % 3 !== 0) throw new Error('log away');
          got.set(key, [...(got.get(key) ?? []), ...events.map((event) => event.id)]);
        },
      };
      const relay = new OutboxRelay({ streams: store.streams, log, topic: 't', logger: silent });
      const aggregates = aggregatesOf(store, relay);
      relay.start();
      for (let round = 0; round < 4; round += 1) await aggregates.execute(inputsOf(30, 3, `r${round}`));
      await expect.poll(async () => (await store.streams.unpublished(1)).length, { timeout: 15_000 }).toBe(0);
      await relay.stop();
      for (const [streamId, commits] of await store.streams.load(['s0', 's1', 's2'])) {
        const expected = commits.flatMap((commit) => commit.events.map((event) => event.id));
        expect([...new Set(got.get(streamId))]).toEqual(expected);
      }
    });

    it('publishes what another instance committed before it died, before anything newer', async () => {
      const dead = new OutboxRelay({
        streams: store.streams,
        log: { append: () => Promise.reject(new Error('never asked')) },
        topic: 't',
        logger: silent,
      });
      const got: string[] = [];
      const relay = new OutboxRelay({
        streams: store.streams,
        log: { append: async (_topic, _key, events) => void got.push(...events.map((event) => event.causationId ?? '')) },
        topic: 't',
        logger: silent,
      });
      relay.start();
      await aggregatesOf(store, relay).execute(inputsOf(1, 1, 'mine'));
      await expect.poll(() => got).toEqual(['mine-0']);
      await aggregatesOf(store, dead).execute(inputsOf(2, 1, 'theirs'));
      await aggregatesOf(store, relay).execute(inputsOf(1, 1, 'next'));
      await expect.poll(() => got).toEqual(['mine-0', 'theirs-0', 'theirs-1', 'next-0']);
      await relay.stop();
    });

    it('sweeps up what nobody published', async () => {
      const got: string[] = [];
      const relay = new OutboxRelay({
        streams: store.streams,
        log: { append: async (_topic, _key, events) => void got.push(...events.map((event) => event.causationId ?? '')) },
        topic: 't',
        logger: silent,
        sweepEveryMs: 20,
        sweepAgeMs: 10_000,
      });
      relay.start();
      await aggregatesOf(store).execute(inputsOf(3, 2, 'orphan'));
      await expect.poll(() => [...got].sort(), { timeout: 5_000 }).toEqual(['orphan-0', 'orphan-1', 'orphan-2']);
      await relay.stop();
    });
  });
}
