import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsVersion, type ListEntry, type ListLimits, type ListMessage, planList } from './local-list.js';

const entry = (key: string, more: Partial<ListEntry> = {}): ListEntry => ({ key, idToken: key, type: 'ISO14443', ...more });
const limits: ListLimits = { itemsPerMessage: 2, entriesMax: 4 };
const plan = (question: Partial<Parameters<typeof planList>[0]>) =>
  planList({ wanted: [], sent: undefined, stationVersion: 0, limits, full: false, ...question });

/** A station that follows the specification: OCPP 2.0.1 D01. */
class Station {
  version = 0;
  readonly list = new Map<string, ListEntry>();

  take(message: ListMessage): boolean {
    const items = message.entries.length + message.removed.length;
    if (items > limits.itemsPerMessage || (message.differential && message.listVersion <= this.version)) return false;
    if (!message.differential) this.list.clear();
    for (const one of message.entries) this.list.set(one.key, one);
    for (const one of message.removed) this.list.delete(one.key);
    this.version = message.listVersion;
    return true;
  }
}

describe('what is sent to a station', () => {
  const [a, b, c] = [entry('A'), entry('B'), entry('C')];

  it('is nothing where it has what is wanted', () => {
    expect(plan({})).toEqual({ kind: 'InStep' });
    expect(plan({ wanted: [a, b], sent: { listVersion: 3, entries: [a, b] }, stationVersion: 3 })).toEqual({ kind: 'InStep' });
  });

  it('is the whole list in so many messages as the station can take', () => {
    expect(plan({ wanted: [a, b, c] })).toEqual({
      kind: 'Send',
      messages: [
        { listVersion: 1, differential: false, entries: [a, b], removed: [] },
        { listVersion: 2, differential: true, entries: [c], removed: [] },
      ],
    });
  });

  it('is the difference where the station has what was last sent', () => {
    const sent = { listVersion: 3, entries: [a, b, c] };
    const changed = entry('B', { groupId: 'FLEET' });
    expect(plan({ wanted: [a, changed, c], sent, stationVersion: 3 })).toEqual({
      kind: 'Send',
      messages: [{ listVersion: 4, differential: true, entries: [changed], removed: [] }],
    });
    expect(plan({ wanted: [a, b], sent, stationVersion: 3 })).toMatchObject({ messages: [{ differential: true, removed: [c] }] });
  });

  it.each([0, 2, 9])('is the whole list where the station says version %i and 3 was sent', (stationVersion) => {
    const question = { wanted: [a, b], sent: { listVersion: 3, entries: [a, b] }, stationVersion };
    expect(plan(question)).toMatchObject({ messages: [{ differential: false, listVersion: Math.max(3, stationVersion) + 1 }] });
  });

  it('is the whole list when that is asked for, also an empty one', () => {
    const question = { wanted: [a], sent: { listVersion: 3, entries: [a] }, stationVersion: 3, full: true };
    expect(plan(question)).toMatchObject({ messages: [{ differential: false, entries: [a] }] });
    expect(plan({ sent: { listVersion: 3, entries: [a] }, stationVersion: 3 })).toMatchObject({
      messages: [{ differential: false, entries: [] }],
    });
  });

  it('is nothing when the station cannot keep it all', () => {
    const four = ['A', 'B', 'C', 'D'].map((key) => entry(key));
    expect(plan({ wanted: four }).kind).toBe('Send');
    expect(plan({ wanted: [...four, entry('E')] })).toMatchObject({ kind: 'TooLarge', entries: [], messages: [] });
  });

  it('takes off who may charge no more, also when the station cannot keep all who may', () => {
    const sent = { listVersion: 3, entries: [a, b, c] };
    const changed = entry('B', { groupId: 'FLEET' });
    const wanted = [changed, c, entry('D'), entry('E'), entry('F')];
    expect(plan({ wanted, sent, stationVersion: 3 })).toMatchObject({ kind: 'TooLarge', entries: [changed, c] });
    expect(plan({ wanted: [a, ...wanted], sent, stationVersion: 3 })).toMatchObject({
      messages: [{ listVersion: 4, differential: true, entries: [changed], removed: [] }],
    });
    expect(plan({ wanted: [a, b, ...wanted.slice(2)], sent, stationVersion: 3 })).toMatchObject({
      entries: [a, b],
      messages: [{ differential: true, entries: [], removed: [c] }],
    });
    // What it has is not known, and may be anybody.
    expect(plan({ wanted, stationVersion: 7 })).toMatchObject({ messages: [{ listVersion: 8, differential: false, entries: [] }] });
  });

  it('brings a station into step whatever it had, in messages that it takes', () => {
    const list = fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D', 'E'), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(list, fc.boolean()), { minLength: 1, maxLength: 8 }), (steps) => {
        const station = new Station();
        let sent: Parameters<typeof planList>[0]['sent'];
        for (const [keys, forgets] of steps) {
          if (forgets) Object.assign(station, { version: 0 }).list.clear();
          const wanted = keys.map((key) => entry(key));
          const planned = plan({ wanted, sent, stationVersion: station.version });
          for (const message of planned.kind === 'Send' ? planned.messages : []) expect(station.take(message)).toBe(true);
          sent = { listVersion: station.version, entries: wanted };
          expect([...station.list.keys()].toSorted()).toEqual(keys.toSorted());
        }
      }),
    );
  });

  it.each([
    ['ocpp1.6', 'x'.repeat(20), 'DirectPayment', true],
    ['ocpp1.6', 'x'.repeat(21), 'ISO14443', false],
    ['ocpp2.0.1', 'x'.repeat(36), 'ISO14443', true],
    ['ocpp2.0.1', 'x'.repeat(37), 'ISO14443', false],
    ['ocpp2.0.1', 'x', 'VIN', false],
    ['ocpp2.1', 'x'.repeat(255), 'VIN', true],
  ])('%s can list %s of type %s: %s', (version, idToken, type, fits) => {
    expect(fitsVersion(entry('A', { idToken, type }), version)).toBe(fits);
  });
});
