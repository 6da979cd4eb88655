import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIdToken, tokenKey, typeFault } from './token-id.js';

describe('an id token', () => {
  it.each([
    ['a', true],
    ['x'.repeat(255), true],
    ['x'.repeat(256), false],
    ['', false],
    ['a b', true],
    [' a', false],
    ['a ', false],
    ['a\u0000', false],
    ['ä', true],
  ])('%j: %s', (id, is) => {
    expect(isIdToken(id)).toBe(is);
  });

  it('is the same whatever its case', () => {
    fc.assert(fc.property(fc.string(), (id) => tokenKey(id.toLowerCase()) === tokenKey(id.toUpperCase().toLowerCase())));
    expect(tokenKey('b4a6')).toBe('B4A6');
  });
});

describe('the key of a token', () => {
  it.each([
    ['aa:bb:cc:dd:ee:0f', 'AABBCCDDEE0F'],
    ['AA-BB-CC-DD-EE-0F', 'AABBCCDDEE0F'],
    ['VID:aabbccddee0f', 'AABBCCDDEE0F'],
    ['aabbccddee0f', 'AABBCCDDEE0F'],
    ['AA:BB-CC:DD:EE:0F', 'AA:BB-CC:DD:EE:0F'],
    ['04:A2:F3:B1:C2:D5:80', '04:A2:F3:B1:C2:D5:80'],
    ['NL-TNM-C00122045-K', 'NLTNMC00122045K'],
    ['nltnmc00122045k', 'NLTNMC00122045K'],
    ['DE-8AA-CA2B3C4D5', 'DE8AACA2B3C4D5'],
    ['NL-TNM-C0012204', 'NL-TNM-C0012204'],
  ])('of %s is %s', (idToken, key) => {
    expect(tokenKey(idToken)).toBe(key);
  });

  it('is the same when it is taken of a key', () => {
    fc.assert(fc.property(fc.string(), (id) => tokenKey(tokenKey(id)) === tokenKey(id)));
  });
});

describe('the form of a type', () => {
  it.each([
    ['MacAddress', 'aa:bb:cc:dd:ee:ff', true],
    ['MacAddress', 'aa:bb:cc:dd:ee', false],
    ['MacAddress', 'gg:bb:cc:dd:ee:ff', false],
    ['eMAID', 'NLTNMC00122045', true],
    ['eMAID', 'NLTNMC00122045K', true],
    ['eMAID', 'NLTNMC0012204', false],
    ['eMAID', 'N1TNMC00122045', false],
    ['VIN', 'WVWZZZ1JZXW000001', true],
    ['VIN', 'WVWZZZ1JZXW00000O', false],
    ['EVCCID', 'AABBCCDDEEFF', true],
    ['EVCCID', 'a b', false],
    ['KeyCode', '1234', true],
    ['Central', 'app-7f3a', true],
    ['DirectPayment', 'psp-99', true],
    ['ISO15693', 'E00401', true],
    ['NoAuthorization', 'x', false],
    ['Something2030', 'x', true],
  ])('%s %s: %s', (type, id, is) => {
    expect(typeFault(id, type) === undefined).toBe(is);
  });
});
