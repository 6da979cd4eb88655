import { describe, expect, it } from 'vitest';
import { includes } from './includes.js';
import { scenarioNamed } from './scenarios.js';
import { parseScript } from './steps.js';

describe('a script file', () => {
  it('is an array of steps', () => {
    expect(parseScript('[{"do":"plugIn"},{"do":"start","token":"T"},{"do":"wait","seconds":3}]')).toHaveLength(3);
  });

  it.each([
    ['{}', 'array'],
    ['[1]', 'step 1'],
    ['[{"do":"plugIn"},{"do":"fly"}]', 'step 2: "fly" is unknown'],
    ['[{"do":"start"}]', '"start" needs "token"'],
    ['[{"do":"wait","seconds":"3"}]', '"wait" needs "seconds"'],
  ])('%s is refused', (text, message) => {
    expect(() => parseScript(text)).toThrow(message);
  });
});

it('an expectation holds when all its parts are there', () => {
  expect(includes({ a: { b: 1, c: [1] }, d: 2 }, { a: { b: 1, c: [1] } })).toBe(true);
  expect(includes({ a: { b: 1 } }, { a: { b: 2 } })).toBe(false);
  expect(includes({}, { a: 1 })).toBe(false);
});

it('an unknown scenario is named with those there are', () => {
  expect(() => scenarioNamed('nope')).toThrow(/no scenario "nope"; there are: plain-session/);
});
