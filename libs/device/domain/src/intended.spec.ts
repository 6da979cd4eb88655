import type { IntendedVariable } from '@voltlog/device-contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootOf, intendedOf, matching, sameValue, type Template } from './intended.js';

const subject = { vendor: 'Voltmaker', model: 'AC22', firmwareVersion: '1.4.2' };
const template = (templateId: string, more: Partial<Template> = {}): Template => ({
  templateId,
  name: '',
  vendor: '',
  model: '',
  firmwareVersion: '',
  priority: 0,
  variables: [],
  bootIntervalSeconds: 60,
  ...more,
});
const value = (name: string, text: string): IntendedVariable => ({ component: 'C', name, value: text });

describe('templates', () => {
  const templates = [
    template('any'),
    template('any-first', { priority: 1 }),
    template('vendor', { vendor: 'VOLTMAKER' }),
    template('model', { model: 'ac22' }),
    template('both', { vendor: 'Voltmaker', model: 'AC22' }),
    template('firmware-from', { firmwareVersion: '1.4*' }),
    template('firmware', { firmwareVersion: '1.4.2' }),
    template('all', { vendor: 'Voltmaker', model: 'AC22', firmwareVersion: '1.4.2' }),
    template('other-vendor', { vendor: 'Other' }),
    template('other-firmware', { firmwareVersion: '1.5*' }),
  ];

  it('count the more the closer they are, then by priority, then by id; in whatever order they are held', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(templates, { minLength: templates.length }), (shuffled) => {
        expect(matching(shuffled, subject).map(({ templateId }) => templateId)).toEqual([
          'all',
          'firmware',
          'firmware-from',
          'both',
          'model',
          'vendor',
          'any-first',
          'any',
        ]);
      }),
    );
  });

  it('stand behind the intent of the station, and say what they would have had', () => {
    const held = [
      template('any', { variables: [value('A', 'any'), value('B', 'any'), value('D', 'any')] }),
      template('vendor', { vendor: 'Voltmaker', variables: [value('a', 'vendor'), value('B', 'vendor')] }),
    ];
    const intended = intendedOf(held, [value('A', 'own'), value('C', 'own')], subject);
    expect(intended.map((each) => [each.name, each.value, each.overridden.map((other) => other.value)])).toEqual([
      ['A', 'own', ['vendor', 'any']],
      ['B', 'vendor', ['any']],
      ['C', 'own', []],
      ['D', 'any', []],
    ]);
    expect(intended[1]?.source).toEqual({ kind: 'template', templateId: 'vendor' });
  });

  it('say how a boot is answered, the closest that says anything', () => {
    const held = [
      template('any', { boot: 'Rejected' }),
      template('vendor', { vendor: 'Voltmaker' }),
      template('m', { model: 'AC22', boot: 'Pending' }),
    ];
    expect(bootOf(held, subject)).toEqual({ status: 'Pending', intervalSeconds: 60, templateId: 'm' });
    expect(bootOf(held, { ...subject, model: 'X' })?.status).toBe('Rejected');
    expect(bootOf([template('vendor', { vendor: 'Voltmaker' })], subject)).toBeUndefined();
  });
});

describe('two values', () => {
  it.each([
    ['60', '60', true],
    [' 60 ', '60', true],
    ['1.0', '1', true],
    ['true', 'TRUE', true],
    ['A, B', 'A,B', true],
    ['A,B', 'B,A', false],
    ['abc', 'ABC', false],
    ['', '0', false],
    ['0x10', '16', false],
    ['1e3', '1000', false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(sameValue(a, b)).toBe(same);
    expect(sameValue(b, a)).toBe(same);
  });
});
