import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScaledClock, VirtualClock } from './clock.js';
import { TimerHeap } from './timer-heap.js';

describe('the timer heap', () => {
  it('gives timers by time, and those of one time in the order in which they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const heap = new TimerHeap();
        for (const at of times) heap.add(at, () => {});
        const got: [number, number][] = [];
        for (let timer = heap.pop(); timer !== undefined; timer = heap.pop()) got.push([timer.at, timer.order]);
        expect(got).toEqual([...got].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
        expect(got).toHaveLength(times.length);
      }),
    );
  });
});

describe('the virtual clock', () => {
  it('passes a year in no time, running what is due at its time', async () => {
    const clock = new VirtualClock(0);
    const seen: number[] = [];
    const again = (): void => {
      seen.push(clock.now());
      clock.after(86_400_000, again);
    };
    clock.after(86_400_000, again);
    const cancelled = clock.after(1, () => seen.push(-1));
    clock.cancel(cancelled);
    await clock.advance(365.5 * 86_400_000);
    expect(seen).toHaveLength(365);
    expect(seen.at(-1)).toBe(365 * 86_400_000);
    expect(clock.now()).toBe(365.5 * 86_400_000);
  });

  it('stands still while a call is under way', async () => {
    const clock = new VirtualClock(0);
    clock.begin();
    let isOver = false;
    const passing = clock.pass(1000).then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect([isOver, clock.now()]).toEqual([false, 0]);
    clock.end();
    await passing;
    expect(clock.now()).toBe(1000);
  });

  it('lets several wait at once, each for its own time', async () => {
    const clock = new VirtualClock(0);
    const order: string[] = [];
    await Promise.all([
      clock.pass(30).then(() => order.push('30')),
      clock.pass(10).then(() => order.push('10')),
      clock.pass(20).then(() => order.push('20')),
    ]);
    expect(order).toEqual(['10', '20', '30']);
  });
});

describe('the scaled clock', () => {
  it('runs as many times faster as it was told', async () => {
    const clock = new ScaledClock(1000, 5_000);
    const started = performance.now();
    await clock.pass(20_000);
    expect(performance.now() - started).toBeGreaterThanOrEqual(19);
    expect(clock.now()).toBeGreaterThanOrEqual(25_000);
    clock.dispose();
  });

  it.each([0, -1, Number.NaN])('refuses the scale %s', (scale) => {
    expect(() => new ScaledClock(scale)).toThrow(RangeError);
  });
});
