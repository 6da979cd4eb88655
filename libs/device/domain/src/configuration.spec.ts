import type { IntendedVariable } from '@voltlog/device-contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Configuration, type ConfigurationCommand, configurationDecider } from './configuration.decider.js';
import { INTENDED_MAX } from './template.decider.js';

const AT = Date.parse('2026-11-26T06:00:00Z');
const value = (name: string, text: string, instance?: string): IntendedVariable => ({
  component: 'C',
  name,
  value: text,
  ...(instance === undefined ? {} : { instance }),
});
type Change = Pick<Extract<ConfigurationCommand, { kind: 'IntendSome' }>, 'set' | 'remove'>;

/** What is intended behind a change, and how many events it took. */
function changed(before: readonly IntendedVariable[], { set, remove }: Change) {
  const state: Configuration = { ...configurationDecider.initialState, stationId: 'S', variables: before };
  const decision = configurationDecider.decide({ kind: 'IntendSome', stationId: 'S', set, remove, now: AT }, state);
  if (!decision.ok) return { refusal: decision.refusal };
  const after = decision.events.reduce((now, event) => configurationDecider.evolve(now, event), state);
  return { variables: after.variables, events: decision.events.length };
}

describe('a change of what is intended', () => {
  it('sets and removes what it names, whatever the case of letters, and leaves the rest', () => {
    const before = [value('A', '1'), value('B', '2'), value('D', '4', 'x')];
    const change = { set: [value('a', '9'), value('E', '5')], remove: [{ component: 'c', name: 'b' }] };
    expect(changed(before, change)).toEqual({ variables: [value('D', '4', 'x'), value('a', '9'), value('E', '5')], events: 1 });
  });

  it('says nothing when nothing changes', () => {
    const before = [value('A', '1')];
    expect(changed(before, { set: [value('A', '1')], remove: [{ component: 'C', name: 'Z' }] })).toEqual({ variables: before, events: 0 });
  });

  it('is refused where there would be too many, and not one before', () => {
    const full = Array.from({ length: INTENDED_MAX }, (_, index) => value(`V${index}`, '1'));
    expect(changed(full.slice(1), { set: [value('New', '1')], remove: [] })).toMatchObject({ events: 1 });
    expect(changed(full, { set: [value('New', '1')], remove: [] })).toEqual({ refusal: 'TooManyIntended' });
    expect(changed(full, { set: [value('New', '1')], remove: [{ component: 'C', name: 'V3' }] })).toMatchObject({ events: 1 });
  });

  it('of one variable does not depend on changes of others', () => {
    const name = fc.constantFrom('A', 'B', 'C');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ maxLength: 3 }))), (changes) => {
        const last = new Map<string, string>();
        let variables: readonly IntendedVariable[] = [];
        for (const [each, text] of changes) {
          const change = text === '' ? { set: [], remove: [{ component: 'C', name: each }] } : { set: [value(each, text)], remove: [] };
          variables = changed(variables, change).variables ?? [];
          if (text === '') last.delete(each);
          else last.set(each, text);
        }
        expect(new Map(variables.map((each) => [each.name, each.value]))).toEqual(last);
      }),
    );
  });
});
