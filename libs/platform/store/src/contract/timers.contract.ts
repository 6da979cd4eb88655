import { isoTime } from '@voltlog/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreHarness } from '../store.contract.js';
import type { ClaimedTimer, Store, Timer, TimerStore } from '../store.js';
import { TimerLoop } from '../timer-loop.js';

const at = (seconds: number): string => isoTime(1_800_000_000_000 + seconds * 1_000);
const timerOf = (id: string, dueSeconds: number, kind = 'Expiry', payload: unknown = { for: id }): Timer => ({
  id,
  kind,
  dueAt: at(dueSeconds),
  payload,
});
/** Without the name of the claim. */
const bare = (timers: readonly ClaimedTimer[]): readonly Timer[] =>
  timers.map((claimed) => {
    const { lease: _, ...timer } = claimed;
    return timer;
  });
const silent = { warn: () => undefined, error: () => undefined };

export function describeTimers(name: string, harness: StoreHarness): void {
  describe(`${name}: timers`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(() => store.close());

    const claim = (seconds: number, more: { limit?: number; kind?: string } = {}) =>
      store.timers.claim({ kind: 'Expiry', now: at(seconds), leaseMs: 30_000, limit: 100, ...more });
    const idsAt = async (seconds: number, more?: { limit?: number; kind?: string }) =>
      (await claim(seconds, more)).map((timer) => timer.id);

    it('hands out what is due, once, oldest first, of its kind only', async () => {
      await store.timers.schedule([timerOf('b', 2), timerOf('a', 1), timerOf('later', 11), timerOf('other', 1, 'Retry', null)]);
      expect(await idsAt(0)).toEqual([]);
      const due = await claim(10);
      expect(bare(due)).toEqual([timerOf('a', 1), timerOf('b', 2)]);
      expect(await idsAt(10)).toEqual([]);
      expect(await idsAt(11)).toEqual(['later']);
      expect(bare(await claim(10, { kind: 'Retry' }))).toEqual([timerOf('other', 1, 'Retry', null)]);
    });

    it('brings back what was claimed and not completed, when the lease ends', async () => {
      await store.timers.schedule([timerOf('a', 1), timerOf('b', 1)]);
      const [a, b] = await claim(10);
      expect([a?.id, b?.id]).toEqual(['a', 'b']);
      await store.timers.complete([a as ClaimedTimer, { id: 'none', lease: b?.lease ?? '' }]);
      expect(await idsAt(39)).toEqual([]);
      expect(await idsAt(40)).toEqual(['b']);
      await store.close();
      store = await harness.reopen();
      expect(await idsAt(69)).toEqual([]);
      const again = await claim(70);
      expect(again.map(({ id }) => id)).toEqual(['b']);
      await store.timers.complete(again);
      expect(await idsAt(1_000)).toEqual([]);
    });

    it('moves a timer, cancels one, and keeps one that its own handler scheduled anew', async () => {
      await store.timers.schedule([timerOf('a', 1), timerOf('b', 1), timerOf('c', 1)]);
      await store.timers.schedule([timerOf('a', 50)]);
      await store.timers.cancel(['b', 'none']);
      const due = await claim(10);
      expect(bare(due)).toEqual([timerOf('c', 1)]);
      await store.timers.schedule([timerOf('c', 20)]);
      await store.timers.complete(due);
      expect(await idsAt(20)).toEqual(['c']);
      expect(await idsAt(50)).toContain('a');
    });

    it('moves no timer that is due sooner where it is to be no later; one that is claimed is made anew', async () => {
      await store.timers.scheduleNoLater([timerOf('a', 10, 'Expiry', 'first'), timerOf('b', 10), timerOf('c', 10)]);
      await store.timers.scheduleNoLater([timerOf('a', 11, 'Expiry', 'second'), timerOf('b', 5, 'Expiry', '$kind')]);
      const [first, second] = [await claim(5), await claim(10)];
      expect(bare(first)).toEqual([timerOf('b', 5, 'Expiry', '$kind')]);
      expect(bare(second)).toEqual([timerOf('a', 10, 'Expiry', 'first'), timerOf('c', 10)]);
      await store.timers.scheduleNoLater([timerOf('a', 20)]);
      await store.timers.complete([...first, ...second]);
      expect(await idsAt(19)).toEqual([]);
      expect(await idsAt(20)).toEqual(['a']);
    });

    it.each(['schedule', 'scheduleNoLater'] as const)('completes no claim of another, who took up what %s made anew', async (again) => {
      await store.timers.schedule([timerOf('a', 1)]);
      const mine = await claim(10);
      await store.timers[again]([timerOf('a', 2)]);
      const theirs = await claim(10);
      expect(theirs).toHaveLength(1);
      await store.timers.complete(mine);
      // They die.
      expect(await idsAt(39)).toEqual([]);
      const later = await claim(40);
      expect(later.map(({ id }) => id)).toEqual(['a']);
      await store.timers.complete(theirs);
      await store.timers.complete(later);
      expect(await idsAt(1_000)).toEqual([]);
    });

    it('makes one timer of what many make at the same time', async () => {
      const other = await harness.another(store);
      for (let round = 0; round < 20; round += 1) {
        const id = `t${round}`;
        await Promise.all(
          [store, other, store, other].flatMap((one, n) => [
            one.timers.scheduleNoLater([timerOf(id, 9 - n)]),
            one.timers.schedule([timerOf(`s${round}`, 1)]),
          ]),
        );
        expect((await claim(10)).map((timer) => timer.id).sort()).toEqual([`s${round}`, id]);
      }
      if (other !== store) await other.close();
    });

    it('never hands a timer to two claimers', async () => {
      const other = await harness.another(store);
      await store.timers.schedule(Array.from({ length: 300 }, (_, i) => timerOf(`t${i}`, i % 7)));
      const claimed: string[] = [];
      for (let round = 0; round < 60 && claimed.length < 300; round += 1) {
        const rounds = await Promise.all(
          [store, other, store, other].map((one) => one.timers.claim({ kind: 'Expiry', now: at(10), leaseMs: 30_000, limit: 20 })),
        );
        for (const timers of rounds) {
          expect(timers.length).toBeLessThanOrEqual(20);
          claimed.push(...timers.map((timer) => timer.id));
        }
      }
      expect(claimed).toHaveLength(300);
      expect(new Set(claimed).size).toBe(300);
      if (other !== store) await other.close();
    });

    it('runs in a loop: a handler that fails has its timer back after the lease', async () => {
      let now = 1_800_000_000_000;
      const handled: string[] = [];
      const loop = new TimerLoop({
        timers: store.timers,
        kind: 'Expiry',
        clock: { now: () => now },
        logger: silent,
        everyMs: 5,
        leaseMs: 30_000,
        limit: 4,
        handle: async ({ id }) => {
          handled.push(id);
          if (id === 'bad' && handled.filter((one) => one === 'bad').length === 1) throw new Error('not yet');
        },
      });
      await store.timers.schedule([timerOf('bad', 0), ...Array.from({ length: 9 }, (_, i) => timerOf(`g${i}`, 0))]);
      loop.start();
      await expect.poll(() => handled.length, { timeout: 5_000 }).toBe(10);
      await store.timers.schedule([timerOf('next', 5)]);
      now += 5_000;
      loop.hurry();
      await expect.poll(() => handled.at(-1), { timeout: 5_000 }).toBe('next');
      expect(handled).toHaveLength(11);
      now += 30_000;
      await expect.poll(() => handled.at(-1), { timeout: 5_000 }).toBe('bad');
      await loop.stop();
      expect(await idsAt(1_000)).toEqual([]);
    });

    it('runs in a loop: a handler that outlives its lease goes on, and is not run again', async () => {
      let now = 1_800_000_000_000;
      const handled: string[] = [];
      const looks: number[] = [];
      let end: () => void = () => undefined;
      const timers: TimerStore = Object.assign(Object.create(store.timers) as TimerStore, {
        schedule: (some: readonly Timer[]) => store.timers.schedule(some),
        complete: (done: readonly ClaimedTimer[]) => store.timers.complete(done),
        claim: async (asked: Parameters<TimerStore['claim']>[0]) => {
          const due = await store.timers.claim(asked);
          if (due.length > 0) looks.push(now);
          return due;
        },
      });
      const loop = new TimerLoop({
        timers,
        kind: 'Expiry',
        clock: { now: () => now },
        logger: silent,
        everyMs: 5,
        leaseMs: 30_000,
        handle: ({ id }) => {
          handled.push(id);
          return new Promise((resolve) => (end = resolve));
        },
      });
      await store.timers.schedule([timerOf('a', 0)]);
      loop.start();
      await expect.poll(() => looks.length, { timeout: 5_000 }).toBe(1);
      for (let leases = 2; leases <= 3; leases += 1) {
        now += 31_000;
        await expect.poll(() => looks.length, { timeout: 5_000 }).toBe(leases);
      }
      end();
      await loop.stop();
      expect(handled).toEqual(['a']);
      expect(await idsAt(1_000)).toEqual([]);
    });

    describe('in a loop', () => {
      const handled: string[] = [];
      const hanging = new Map<string, () => void>();
      const hangs = (id: string) => new Promise<void>((resolve) => hanging.set(id, resolve));
      let loop: TimerLoop;
      const open = (handle: (timer: Timer) => Promise<void>, limit: number, everyMs = 5): void => {
        handled.length = 0;
        hanging.clear();
        loop = new TimerLoop({
          timers: store.timers,
          kind: 'Expiry',
          clock: { now: () => Date.parse(at(10)) },
          logger: silent,
          everyMs,
          limit,
          handle: (timer) => {
            handled.push(timer.id);
            return handle(timer);
          },
        });
        loop.start();
      };
      afterEach(async () => {
        for (const end of hanging.values()) end();
        await loop.stop();
      });

      it('lets one that takes long hold up no other, and runs no more than its limit at a time', async () => {
        open(async ({ id }) => (id.startsWith('slow') ? hangs(id) : undefined), 2);
        await store.timers.schedule([timerOf('slow1', 0)]);
        await expect.poll(() => handled, { timeout: 5_000 }).toEqual(['slow1']);
        await store.timers.schedule(['a', 'b', 'c'].map((id, i) => timerOf(id, i)));
        await expect.poll(() => handled, { timeout: 5_000 }).toEqual(['slow1', 'a', 'b', 'c']);
        await store.timers.schedule([timerOf('slow2', 3)]);
        await expect.poll(() => handled.at(-1), { timeout: 5_000 }).toBe('slow2');
        await store.timers.schedule([timerOf('d', 4)]);
        loop.hurry();
        expect(await idsAt(10)).toEqual(['d']);
        await store.timers.schedule([timerOf('d', 4)]);
        hanging.get('slow2')?.();
        await expect.poll(() => handled.at(-1), { timeout: 5_000 }).toBe('d');
      });

      it('looks for due ones in time, however often handlers end', async () => {
        open(async ({ id }) => (id.startsWith('slow') ? hangs(id) : undefined), 400, 200);
        const slow = Array.from({ length: 300 }, (_, i) => `slow${i}`);
        await store.timers.schedule(slow.map((id) => timerOf(id, 0)));
        await expect.poll(() => hanging.size, { timeout: 5_000 }).toBe(slow.length);
        await store.timers.schedule([timerOf('next', 1)]);
        let ended = 0;
        for (; ended < slow.length && !handled.includes('next'); ended += 1) {
          hanging.get(`slow${ended}`)?.();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        expect(ended).toBeLessThan(slow.length);
      });

      it('handles one that is made anew while its handler runs after it, not beside it', async () => {
        let runs = 0;
        let most = 0;
        open(async ({ id, payload }) => {
          if (id !== 'a') return;
          runs += 1;
          most = Math.max(most, runs);
          if (payload === 'first') await hangs(id);
          runs -= 1;
        }, 4);
        await store.timers.schedule([timerOf('a', 0, 'Expiry', 'first')]);
        await expect.poll(() => hanging.has('a'), { timeout: 5_000 }).toBe(true);
        await store.timers.schedule([timerOf('a', 1, 'Expiry', 'second'), timerOf('b', 2)]);
        await expect.poll(() => handled, { timeout: 5_000 }).toEqual(['a', 'b']);
        hanging.get('a')?.();
        await expect.poll(() => handled, { timeout: 5_000 }).toEqual(['a', 'b', 'a']);
        await loop.stop();
        expect(most).toBe(1);
        expect(await idsAt(1_000)).toEqual([]);
      });
    });
  });
}
