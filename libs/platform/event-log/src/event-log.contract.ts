import type { EventEnvelope } from '@voltlog/kernel';
import { OperatingError } from '@voltlog/kernel';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { deadLetterTopic, type EventLog, type LogRecord, POISON_ATTEMPTS, type SubscribeOptions } from './event-log.js';

/** How one adapter is opened for the suite. */
export interface Opened {
  /** Opens a log, or opens the same one again: what was appended before is there. */
  open(): Promise<EventLog>;
  /** Partitions of the topics. */
  readonly partitions: number;
  /** How long something may take before it counts as not happening, milliseconds. */
  readonly patienceMs: number;
  /** Runs of the property test. */
  readonly runs: number;
}

let serial = 0;
const unique = (word: string): string => `${word}-${process.pid}-${Date.now().toString(36)}-${(serial += 1)}`;

export const sampleEvent = (n: number, type = 'voltlog.test.Happened.v1', extra: Partial<EventEnvelope> = {}): EventEnvelope => ({
  id: `0190-${n}`,
  type,
  source: '/test/1',
  subject: `subject-${n}`,
  time: '2026-11-23T10:00:00.000Z',
  data: { n },
  ...extra,
});

const numberOf = (record: LogRecord): number => Number((record.event.data as { n: number }).n);
const keyed = (records: readonly LogRecord[], key: string): number[] => records.filter((record) => record.key === key).map(numberOf);

/** Waits for a condition. */
export async function until(condition: () => boolean | Promise<boolean>, patienceMs: number, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}

/** What every adapter of the event log has to do. */
export function describeEventLog(name: string, setting: () => Opened): void {
  describe(name, () => {
    const logs: EventLog[] = [];
    afterEach(async () => {
      await Promise.all(logs.splice(0).map((log) => log.close()));
    });

    const opened = async (): Promise<EventLog> => {
      const log = await setting().open();
      logs.push(log);
      return log;
    };
    const closed = async (log: EventLog): Promise<void> => {
      logs.splice(logs.indexOf(log), 1);
      await log.close();
    };
    const topicOf = async (log: EventLog): Promise<string> => {
      const topic = unique('topic');
      await log.ensureTopics([{ name: topic, partitions: setting().partitions }]);
      return topic;
    };
    const reading = async (
      log: EventLog,
      topic: string,
      options: Partial<SubscribeOptions> = {},
    ): Promise<LogRecord[] & { stop(): Promise<void>; group: string }> => {
      const group = options.group ?? unique('group');
      const records: LogRecord[] = [];
      const subscription = await log.subscribe({
        group,
        topics: [topic],
        handle: async (batch) => void records.push(...batch),
        ...options,
      });
      return Object.assign(records, { stop: () => subscription.stop(), group });
    };
    const wait = (condition: () => boolean | Promise<boolean>, what: string): Promise<void> => until(condition, setting().patienceMs, what);

    describe('appending', () => {
      it('has every attribute and the data of what was appended', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const event = sampleEvent(1, 'voltlog.test.Happened.v1', {
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
          correlationId: 'c-1',
          causationId: 'm-1',
          data: { text: 'a\nb\t"ü" 🔌', list: [1, 2.5, null, true], nested: { empty: {} } },
        });
        await log.append(topic, 'key', [event, sampleEvent(2)]);
        const records = await reading(log, topic);
        await wait(() => records.length === 2, 'two records');
        expect({ ...records[0]?.event }).toEqual(event);
        expect({ ...records[1]?.event }).toEqual(sampleEvent(2));
        expect(JSON.parse(JSON.stringify(records[0]?.event))).toEqual(event);
        expect(records[0]).toMatchObject({ topic, key: 'key' });
        expect(Number(records[1]?.offset)).toBeGreaterThan(Number(records[0]?.offset));
        expect(records[1]?.partition).toBe(records[0]?.partition);
      });

      it('writes the data as the text that is given with it, and what has none as it is', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await log.append(
          topic,
          'key',
          [sampleEvent(1, 'voltlog.test.Happened.v1', { data: { n: 1 } }), sampleEvent(2)],
          ['{ "n": 1.0 }', undefined],
        );
        const records = await reading(log, topic);
        await wait(() => records.length === 2, 'two records');
        expect(records[0]?.event.data).toEqual({ n: 1 });
        expect({ ...records[1]?.event }).toEqual(sampleEvent(2));
      });

      it('is durable once it resolves', async () => {
        const first = await opened();
        const topic = await topicOf(first);
        await first.append(topic, 'key', [sampleEvent(1)]);
        await closed(first);
        const again = await opened();
        const records = await reading(again, topic);
        await wait(() => records.length === 1, 'the record after opening again');
      });

      it('keeps the order per key while many append at the same time', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`);
        const appends: Promise<void>[] = [];
        for (let n = 0; n < 50; n += 1) for (const key of keys) appends.push(log.append(topic, key, [sampleEvent(n)]));
        await Promise.all(appends);
        const records = await reading(log, topic);
        await wait(() => records.length === 1000, 'all records');
        const rising = Array.from({ length: 50 }, (_, n) => n);
        for (const key of keys) expect(keyed(records, key)).toEqual(rising);
      });

      it('keeps the events of one call next to each other', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await Promise.all(
          Array.from({ length: 100 }, (_, call) =>
            log.append(
              topic,
              'key',
              [0, 1, 2].map((n) => sampleEvent(call * 3 + n)),
            ),
          ),
        );
        const records = await reading(log, topic);
        await wait(() => records.length === 300, 'all records');
        expect(records.map(numberOf)).toEqual(Array.from({ length: 300 }, (_, n) => n));
      });

      it('takes an empty list, big records and any key', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await log.append(topic, 'key', []);
        const text = 'x'.repeat(400_000);
        const keys = ['Säule/Ä-1', '充电站', '🔌', 'a b\nc', 'key'];
        await Promise.all(
          keys.map((key, n) => log.append(topic, key, [sampleEvent(n, 'voltlog.test.Happened.v1', { data: { n, text } })])),
        );
        const records = await reading(log, topic);
        await wait(() => records.length === keys.length, 'all records');
        expect(new Set(records.map(({ key }) => key))).toEqual(new Set(keys));
        expect(records.every(({ event }) => (event.data as { text: string }).text === text)).toBe(true);
      });

      it('refuses what is not JSON as the bug it is, and nothing else with it', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const good = log.append(topic, 'key', [sampleEvent(1)]);
        await expect(log.append(topic, 'key', [sampleEvent(2, 'voltlog.test.Happened.v1', { data: { n: 2n } })])).rejects.toBeInstanceOf(
          TypeError,
        );
        await good;
      });

      it('makes a topic that nobody asked for', async () => {
        const log = await opened();
        const topic = unique('unasked');
        await log.append(topic, 'key', [sampleEvent(1)]);
        const records = await reading(log, topic);
        await wait(() => records.length === 1, 'the record');
      });

      it('takes 10 000 records and hands over each once, in order', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const records = await reading(log, topic);
        const late = 10;
        for (let round = 0; round < late; round += 1) {
          await Promise.all(Array.from({ length: 1000 }, (_, i) => log.append(topic, `key-${i % 100}`, [sampleEvent(round * 1000 + i)])));
        }
        await wait(() => records.length >= 10_000, 'all records');
        expect(records.length).toBe(10_000);
        for (let k = 0; k < 100; k += 1) {
          const numbers = keyed(records, `key-${k}`);
          expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
          expect(numbers.length).toBe(100);
        }
      });

      it('keeps the order per key for any interleaving of calls', async () => {
        const log = await opened();
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), events: fc.integer({ min: 0, max: 4 }), wait: fc.boolean() }), {
              maxLength: 40,
            }),
            async (calls) => {
              const topic = await topicOf(log);
              const expected = new Map<string, number[]>();
              const under: Promise<void>[] = [];
              let n = 0;
              for (const call of calls) {
                const events = Array.from({ length: call.events }, () => sampleEvent(n++));
                expected.set(call.key, [...(expected.get(call.key) ?? []), ...events.map((event) => (event.data as { n: number }).n)]);
                const done = log.append(topic, call.key, events);
                under.push(done);
                if (call.wait) await done;
              }
              await Promise.all(under);
              const records = await reading(log, topic);
              await wait(() => records.length >= n, 'all records');
              for (const [key, numbers] of expected) expect(keyed(records, key)).toEqual(numbers);
              await records.stop();
            },
          ),
          { numRuns: setting().runs },
        );
      });

      it('waits for appends under way when it closes, and refuses later ones', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const appends = Promise.all(Array.from({ length: 50 }, (_, n) => log.append(topic, 'key', [sampleEvent(n)])));
        await closed(log);
        await appends;
        await expect(log.append(topic, 'key', [sampleEvent(50)])).rejects.toBeInstanceOf(OperatingError);
        const records = await reading(await opened(), topic);
        await wait(() => records.length === 50, 'all records');
      });
    });

    describe('groups', () => {
      it('hands every record to every group, once where the group is not divided anew meanwhile', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const divided = [0, 0];
        const groups = [
          await reading(log, topic, { onRevoked: () => (divided[0] = 1) }),
          await reading(log, topic, { onRevoked: () => (divided[1] = 1) }),
        ];
        await Promise.all(Array.from({ length: 100 }, (_, n) => log.append(topic, `key-${n % 7}`, [sampleEvent(n)])));
        for (const [i, records] of groups.entries()) {
          await wait(() => new Set(records.map(numberOf)).size === 100, 'the group has all');
          if (divided[i] === 0) expect(records).toHaveLength(100);
        }
      });

      it('hands over at most batchMax records', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await Promise.all(Array.from({ length: 100 }, (_, n) => log.append(topic, `key-${n % 3}`, [sampleEvent(n)])));
        const sizes: number[] = [];
        const seen: number[] = [];
        await reading(log, topic, {
          batchMax: 7,
          handle: async (batch) => {
            sizes.push(batch.length);
            seen.push(...batch.map(numberOf));
          },
        });
        await wait(() => seen.length === 100, 'all records');
        expect(Math.max(...sizes)).toBeLessThanOrEqual(7);
        expect(new Set(seen).size).toBe(100);
      });

      it('hands over one batch at a time', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        let under = 0;
        let most = 0;
        let seen = 0;
        await reading(log, topic, {
          batchMax: 5,
          handle: async (batch) => {
            under += 1;
            most = Math.max(most, under);
            await new Promise((resolve) => void setImmediate(resolve));
            under -= 1;
            seen += batch.length;
          },
        });
        for (let n = 0; n < 60; n += 1) await log.append(topic, `key-${n}`, [sampleEvent(n)]);
        await wait(() => seen === 60, 'all records');
        expect(most).toBe(1);
      });

      it('goes on where it was after opening again', async () => {
        const first = await opened();
        const topic = await topicOf(first);
        const before = await reading(first, topic);
        await Promise.all(Array.from({ length: 20 }, (_, n) => first.append(topic, `key-${n}`, [sampleEvent(n)])));
        await wait(() => before.length === 20, 'the first records');
        await closed(first);
        const again = await opened();
        const after = await reading(again, topic, { group: before.group });
        await again.append(topic, 'key-1', [sampleEvent(20)]);
        await wait(() => after.length > 0, 'the new record');
        expect(after.map(numberOf)).toEqual([20]);
      });

      it('forgets a temporary group once its last consumer stops, and no other', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const group = unique('group');
        await log.append(topic, 'key', [sampleEvent(1)]);
        const first = await reading(log, topic, { group, temporary: true });
        const second = await reading(log, topic, { group, temporary: true });
        await wait(() => first.length + second.length === 1, 'the record');
        await first.stop();
        await log.append(topic, 'key', [sampleEvent(2)]);
        await wait(() => keyed([...first, ...second], 'key').includes(2), 'the next record');
        await second.stop();
        const again = await reading(log, topic, { group });
        await wait(() => again.length === 2, 'all records, as by a group that never was');
        await again.stop();
        await log.append(topic, 'key', [sampleEvent(3)]);
        const kept = await reading(log, topic, { group });
        await wait(() => kept.length > 0, 'the new record');
        expect(kept.map(numberOf)).toEqual([3]);
      });

      it('begins at the end when it is told to', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await log.append(topic, 'key', [sampleEvent(1)]);
        const records = await reading(log, topic, { startFrom: 'latest' });
        await log.append(topic, 'key', [sampleEvent(2)]);
        await wait(() => records.length > 0, 'the new record');
        expect(records.map(numberOf)).toEqual([2]);
      });

      it('begins where the group furthest behind stood of those whose place it takes', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const [ahead, behind, never] = [unique('group'), unique('group'), unique('group')];
        await log.append(topic, 'key', [sampleEvent(1)]);
        for (const group of [ahead, behind]) {
          const records = await reading(log, topic, { group });
          await wait(() => records.length === 1, 'the first record');
          await records.stop();
        }
        await log.append(topic, 'key', [sampleEvent(2)]);
        const further = await reading(log, topic, { group: ahead });
        await wait(() => further.length > 0, 'the second record');
        await further.stop();
        await log.append(topic, 'key', [sampleEvent(3)]);
        const successor = unique('group');
        const records = await reading(log, topic, { group: successor, startFrom: { insteadOf: [ahead, never, behind] } });
        await wait(() => records.length >= 2, 'what the one behind has not handled');
        expect(records.map(numberOf)).toEqual([2, 3]);
        await records.stop();
        // From now on it has a place of its own.
        await log.append(topic, 'key', [sampleEvent(4)]);
        const again = await reading(log, topic, { group: successor, startFrom: { insteadOf: [behind] } });
        await wait(() => again.length > 0, 'the new record');
        expect(again.map(numberOf)).toEqual([4]);
        const first = await reading(log, topic, { startFrom: { insteadOf: [never] } });
        await wait(() => first.length === 4, 'all of it, where none of them has been');
      });

      it('hands over the types that are wanted, live and from the past', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const types = ['voltlog.test.B.v1'];
        const mixed = (from: number): EventEnvelope[] =>
          [0, 1, 2, 3].map((n) => sampleEvent(from + n, n % 2 === 0 ? 'voltlog.test.A.v1' : 'voltlog.test.B.v1'));
        await log.append(topic, 'key', mixed(0));
        const records = await reading(log, topic, { types });
        await wait(() => records.length === 2, 'the past');
        await log.append(topic, 'key', mixed(4));
        await wait(() => records.length === 4, 'the new ones');
        expect(records.map(numberOf)).toEqual([1, 3, 5, 7]);
        await log.append(topic, 'key', [sampleEvent(8, 'voltlog.test.A.v1')]);
        expect(await log.caughtUp({ group: records.group, topic, key: 'key', deadlineMs: setting().patienceMs })).toBe(true);
      });

      it('divides the partitions among the consumers of a group, anew when one leaves', async () => {
        const one = await opened();
        const topic = await topicOf(one);
        const group = unique('group');
        const a = await reading(one, topic, { group });
        const b = await reading(one, topic, { group });
        let sent = 0;
        const send = (): Promise<void[]> =>
          Promise.all(Array.from({ length: 50 }, () => one.append(topic, `key-${sent}`, [sampleEvent(sent++)])));
        await wait(async () => {
          await send();
          return setting().partitions === 1 ? a.length + b.length > 0 : a.length > 0 && b.length > 0;
        }, 'both consumers have records');
        const partitionsOf = (records: readonly LogRecord[]): Set<number> => new Set(records.slice(-20).map(({ partition }) => partition));
        await wait(() => new Set([...a, ...b].map(numberOf)).size === sent, 'all records');
        if (setting().partitions > 1) expect(partitionsOf(a)).not.toEqual(partitionsOf(b));
        await a.stop();
        const before = b.length;
        await send();
        await wait(() => new Set([...a, ...b].map(numberOf)).size === sent, 'all records after one left');
        expect(b.length).toBeGreaterThanOrEqual(before + 50);
      });

      it('tells a consumer of partitions that another one handles, before it has a record of theirs again', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const group = unique('group');
        const journal: ({ who: 'a' | 'b'; partition: number } | { revoked: number })[] = [];
        const handle = (who: 'a' | 'b') => async (batch: readonly LogRecord[]) =>
          void journal.push(...batch.map(({ partition }) => ({ who, partition })));
        const seenBy = (who: 'a' | 'b', from = 0): Set<number> =>
          new Set(journal.slice(from).flatMap((entry) => ('who' in entry && entry.who === who ? [entry.partition] : [])));
        let sent = 0;
        const send = (): Promise<void[]> =>
          Promise.all(Array.from({ length: 50 }, () => log.append(topic, `key-${sent}`, [sampleEvent(sent++)])));
        await reading(log, topic, {
          group,
          handle: handle('a'),
          onRevoked: (partitions) => void journal.push(...partitions.map(({ partition }) => ({ revoked: partition }))),
        });
        const all = setting().partitions;
        const sendUntil = (condition: () => boolean, what: string): Promise<void> =>
          wait(async () => {
            await send();
            return condition();
          }, what);
        await sendUntil(() => seenBy('a').size === all, 'the first consumer has records of all partitions');
        const b = await reading(log, topic, { group, handle: handle('b') });
        if (all > 1) await sendUntil(() => seenBy('b').size > 0, 'the second consumer has records');
        await b.stop();
        const left = journal.length;
        await sendUntil(() => seenBy('a', left).size === all, 'the first consumer has all partitions again');

        for (let partition = 0; partition < all; partition += 1) {
          let [foreign, told] = [false, false];
          for (const entry of journal) {
            if ('revoked' in entry) told ||= entry.revoked === partition;
            else if (entry.partition !== partition) continue;
            else if (entry.who === 'b') foreign = true;
            else {
              expect(foreign && !told).toBe(false);
              [foreign, told] = [false, false];
            }
          }
        }
      });

      it('is not held up by another group that is slow', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        let release: () => void = () => undefined;
        const stuck = new Promise<void>((resolve) => {
          release = resolve;
        });
        const slow: number[] = [];
        await reading(log, topic, {
          handle: async (batch) => {
            await stuck;
            slow.push(...batch.map(numberOf));
          },
        });
        const fast = await reading(log, topic);
        for (let n = 0; n < 30; n += 1) await log.append(topic, 'key', [sampleEvent(n)]);
        await wait(() => fast.length === 30, 'the fast group has all');
        expect(slow).toEqual([]);
        release();
        await wait(() => slow.length === 30, 'the slow group has all');
        expect(slow).toEqual(fast.map(numberOf));
      });
    });

    describe('failures of a consumer', () => {
      it('puts a record that fails on the dead-letter topic with its cause; the rest goes on', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const good: number[] = [];
        let tries = 0;
        const group = unique('group');
        await Promise.all(Array.from({ length: 40 }, (_, n) => log.append(topic, 'key', [sampleEvent(n)])));
        await reading(log, topic, {
          group,
          handle: async (batch) => {
            if (batch.some((record) => numberOf(record) === 17)) {
              if (batch.length === 1) tries += 1;
              throw new TypeError('cannot fold this');
            }
            good.push(...batch.map(numberOf));
          },
        });
        await log.append(topic, 'key', [sampleEvent(40)]);
        await wait(() => good.length === 40, 'the rest');
        expect(good).toEqual(Array.from({ length: 41 }, (_, n) => n).filter((n) => n !== 17));
        expect(tries).toBe(POISON_ATTEMPTS);
        const dead = await reading(log, deadLetterTopic(topic));
        await wait(() => dead.length === 1, 'the dead letter');
        expect({ ...dead[0]?.event }).toEqual(sampleEvent(17));
        expect(dead[0]?.key).toBe('key');
        expect(dead[0]?.deadLetter).toMatchObject({ cause: 'TypeError: cannot fold this', group, topic });
        expect(await log.caughtUp({ group, topic, key: 'key', deadlineMs: setting().patienceMs })).toBe(true);
      });

      it('tries again for ever when something outside does not work', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await log.append(topic, 'key', [sampleEvent(1), sampleEvent(2)]);
        let tries = 0;
        const seen: number[] = [];
        await reading(log, topic, {
          handle: async (batch) => {
            tries += 1;
            if (tries <= POISON_ATTEMPTS + 2) throw new OperatingError('StoreUnavailable', 'away');
            seen.push(...batch.map(numberOf));
          },
        });
        await wait(() => seen.length === 2, 'both records');
        expect(seen).toEqual([1, 2]);
      });

      it('stops while it tries again, and hands the same records over later', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await log.append(topic, 'key', [sampleEvent(1)]);
        let tries = 0;
        const failing = await reading(log, topic, {
          handle: async () => {
            tries += 1;
            throw new OperatingError('StoreUnavailable', 'away');
          },
        });
        await wait(() => tries > 0, 'a try');
        await failing.stop();
        const records = await reading(log, topic, { group: failing.group });
        await wait(() => records.length === 1, 'the record');
      });

      it('hands over again what was handled and never settled, and nothing that was', async () => {
        const first = await opened();
        const topic = await topicOf(first);
        const group = unique('group');
        const journal: (number | 'settled' | 'refused')[] = [];
        const settling = (log: EventLog, word: 'settled' | 'refused') =>
          reading(log, topic, {
            group,
            handle: async (batch) => void journal.push(...batch.map(numberOf)),
            settle: async () => {
              journal.push(word);
              if (word === 'refused') throw new OperatingError('StoreUnavailable', 'away');
            },
          });
        const taking = await settling(first, 'settled');
        await first.append(topic, 'key', [sampleEvent(1)]);
        await wait(() => journal.includes('settled'), 'the first record is settled');
        await taking.stop();
        const refusing = await settling(first, 'refused');
        await first.append(topic, 'key', [sampleEvent(2)]);
        await wait(() => journal.filter((entry) => entry === 'refused').length >= 2, 'it is asked to settle again');
        expect(await first.caughtUp({ group, topic, key: 'key', deadlineMs: setting().patienceMs })).toBe(true);
        await refusing.stop();
        await closed(first);
        const again = await opened();
        const last = await settling(again, 'settled');
        await again.append(topic, 'key', [sampleEvent(3)]);
        await wait(() => journal.includes(3), 'the third record');
        await last.stop();
        const after = await reading(again, topic, { group });
        await again.append(topic, 'key', [sampleEvent(4)]);
        await wait(() => after.length > 0, 'the fourth record');
        expect(after.map(numberOf)).toEqual([4]);
        expect(journal.filter((entry) => typeof entry === 'number')).toEqual([1, 2, 2, 3]);
        expect(journal.slice(0, 2)).toEqual([1, 'settled']);
        expect(journal.at(-1)).toBe('settled');
      });

      it('finishes the batch in hand when it stops', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        let release: () => void = () => undefined;
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        let started = false;
        const slow = await reading(log, topic, {
          handle: async () => {
            started = true;
            await held;
          },
        });
        await log.append(topic, 'key', [sampleEvent(1)]);
        await wait(() => started, 'the batch in hand');
        const stopped = slow.stop();
        release();
        await stopped;
        await log.append(topic, 'key', [sampleEvent(2)]);
        const after = await reading(log, topic, { group: slow.group });
        await wait(() => after.length > 0, 'the next record');
        expect(after.map(numberOf)).toEqual([2]);
      });
    });

    describe('caughtUp', () => {
      it('is true once everything appended before is handled, false at the deadline', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        let release: () => void = () => undefined;
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        const group = unique('group');
        await reading(log, topic, { group, handle: () => held });
        const question = { group, topic, key: 'key' };
        expect(await log.caughtUp({ ...question, deadlineMs: setting().patienceMs })).toBe(true);
        await log.append(topic, 'key', [sampleEvent(1)]);
        expect(await log.caughtUp({ ...question, deadlineMs: 100 })).toBe(false);
        release();
        expect(await log.caughtUp({ ...question, deadlineMs: setting().patienceMs })).toBe(true);
      });

      it('leaves no mark on a group that nobody has joined yet', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const group = unique('group');
        await log.append(topic, 'key', [sampleEvent(1)]);
        expect(await log.caughtUp({ group, topic, key: 'key', deadlineMs: 20 })).toBe(false);
        const records = await reading(log, topic, { group, startFrom: 'latest' });
        await log.append(topic, 'key', [sampleEvent(2)]);
        await wait(() => records.length > 0, 'the new record');
        expect(records.map(numberOf)).toEqual([2]);
      });

      it('without a key is about every partition', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        const group = unique('group');
        const question = { group, topic };
        expect(await log.caughtUp({ ...question, deadlineMs: setting().patienceMs })).toBe(true);
        const keys = Array.from({ length: 24 }, (_, i) => `key-${i}`);
        await Promise.all(keys.map((key, i) => log.append(topic, key, [sampleEvent(i)])));
        expect(await log.caughtUp({ ...question, deadlineMs: 50 })).toBe(false);
        const records = await reading(log, topic, { group });
        expect(await log.caughtUp({ ...question, deadlineMs: setting().patienceMs })).toBe(true);
        expect(records.length).toBe(keys.length);
      });

      it('sees what another group has not', async () => {
        const log = await opened();
        const topic = await topicOf(log);
        await log.append(topic, 'key', [sampleEvent(1)]);
        expect(await log.caughtUp({ group: unique('nobody'), topic, key: 'key', deadlineMs: 50 })).toBe(false);
      });
    });

    it('is healthy', async () => {
      await (await opened()).health();
    });
  });
}
