import { OperatingError } from '@voltlog/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { causeText, deliver, RETRY_MAX_MS } from './deliver.js';
import { sampleEvent } from './event-log.contract.js';
import { type LogRecord, POISON_ATTEMPTS } from './event-log.js';

const record = (n: number): LogRecord => ({ topic: 't', partition: 0, offset: n, key: 'k', event: sampleEvent(n) });
const batchOf = (size: number): LogRecord[] => Array.from({ length: size }, (_, n) => record(n));

function consumer(fails: (batch: readonly LogRecord[]) => unknown) {
  const handled: number[] = [];
  const dead: number[] = [];
  const pauses: number[] = [];
  const alone = new Map<number, number>();
  let gone = false;
  return {
    handled,
    dead,
    pauses,
    alone,
    leave: () => {
      gone = true;
    },
    handle: async (batch: readonly LogRecord[]) => {
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) alone.set(only.offset, (alone.get(only.offset) ?? 0) + 1);
      const error = fails(batch);
      if (error !== undefined) throw error;
      handled.push(...batch.map(({ offset }) => offset));
    },
    deadLetter: async ({ offset }: LogRecord) => void dead.push(offset),
    pause: async (ms: number) => void pauses.push(ms),
    gone: () => gone,
  };
}

describe('deliver', () => {
  it('puts exactly the poisoned records aside, hands over all others once and in order, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 70 }), fc.uniqueArray(fc.integer({ min: 0, max: 69 })), async (size, poison) => {
        const bad = new Set(poison.filter((n) => n < size));
        const to = consumer((batch) => (batch.some(({ offset }) => bad.has(offset)) ? new Error('bad') : undefined));
        expect(await deliver(batchOf(size), to)).toBe(true);
        expect(to.handled).toEqual(Array.from({ length: size }, (_, n) => n).filter((n) => !bad.has(n)));
        expect(to.dead).toEqual([...bad].toSorted((a, b) => a - b));
        for (const n of bad) expect(to.alone.get(n)).toBe(POISON_ATTEMPTS);
      }),
    );
  });

  it('never splits a batch for an operating error, and waits longer each time up to the longest wait', async () => {
    let left = 12;
    const to = consumer(() => (left-- > 0 ? new OperatingError('StoreUnavailable', 'away') : undefined));
    expect(await deliver(batchOf(5), to)).toBe(true);
    expect(to.handled).toEqual([0, 1, 2, 3, 4]);
    expect(to.alone.size).toBe(0);
    expect(to.pauses.length).toBe(12);
    expect(to.pauses).toEqual(to.pauses.toSorted((a, b) => a - b));
    expect(to.pauses.at(-1)).toBe(RETRY_MAX_MS);
  });

  it('counts only failures that are not operating errors towards the last try', async () => {
    const errors: unknown[] = [
      new Error('1'),
      new OperatingError('X', 'away'),
      new Error('2'),
      new OperatingError('X', 'away'),
      new Error('3'),
    ];
    const to = consumer(() => errors.shift());
    expect(await deliver(batchOf(1), to)).toBe(true);
    expect(to.dead).toEqual([0]);
    expect(errors).toEqual([]);
  });

  it('gives up nothing when the dead-letter topic cannot be written', async () => {
    const to = consumer(() => new Error('bad'));
    let refusals = 3;
    const deadLetter = async (at: LogRecord) => {
      if (refusals-- > 0) throw new OperatingError('LogUnavailable', 'away');
      await to.deadLetter(at);
    };
    expect(await deliver(batchOf(1), { ...to, deadLetter })).toBe(true);
    expect(to.dead).toEqual([0]);
  });

  it('stops trying when the consumer goes away, and says so', async () => {
    const to = consumer(() => new OperatingError('X', 'away'));
    const pause = async () => to.leave();
    expect(await deliver(batchOf(3), { ...to, pause })).toBe(false);
    expect(to.handled).toEqual([]);
  });
});

it('tells the causes of an error, shortened', () => {
  expect(causeText(new TypeError('a', { cause: new Error('b', { cause: 'c' }) }))).toBe('TypeError: a <- Error: b <- c');
  expect(causeText(new Error('x'.repeat(5_000))).length).toBe(1_024);
});
