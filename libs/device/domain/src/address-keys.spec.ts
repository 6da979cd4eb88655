import { describe, expect, it } from 'vitest';
import { ADDRESS_KEYS, addressAfter, addressBefore, addressGroupsOf, keysIn } from './address-keys.js';

const told = (key: string, value: string, readonly = false) => ({ key, value, readonly });

describe('the keys that hold the address of a 1.6 station', () => {
  it('are those of its make, else those of firmwares that many makes use', () => {
    expect(keysIn(addressGroupsOf('Evnex'))).toEqual(['OCPPEndPoint']);
    expect(keysIn(addressGroupsOf('ALFEN BV'))).toHaveLength(4);
    expect(keysIn(addressGroupsOf('Not Alfen'))).toEqual(['CentralSystemURI', 'Cst_BackendUrl']);
    expect(keysIn(addressGroupsOf(''))).toEqual(['CentralSystemURI', 'Cst_BackendUrl']);
  });

  it('are each said by somebody, and fit into OCPP 1.6 (CiString50)', () => {
    for (const { groups, source } of ADDRESS_KEYS) {
      expect(source).not.toBe('');
      for (const key of keysIn(groups)) expect(key.length).toBeLessThanOrEqual(50);
    }
    const all = ADDRESS_KEYS.flatMap(({ groups }) => keysIn(groups));
    expect(new Set(all).size).toBe(all.length);
  });

  it('count only where the station has them, set, and lets them be changed', () => {
    const groups = addressGroupsOf('');
    expect(addressBefore(groups, [told('Cst_BackendUrl', 'ws://a')])).toEqual([{ key: 'Cst_BackendUrl', value: 'ws://a' }]);
    expect(addressBefore(groups, [told('Cst_BackendUrl', '')])).toEqual([]);
    expect(addressBefore(groups, [told('Cst_BackendUrl', 'ws://a', true)])).toEqual([]);
    expect(addressBefore(groups, [])).toEqual([]);
  });

  it('of an address in two keys count together, or not at all', () => {
    const groups = addressGroupsOf('Alfen BV');
    expect(addressBefore(groups, [told('BackOffice-URL-wired', 'ws://a')])).toEqual([]);
    expect(addressBefore(groups, [told('BackOffice-URL-wired', 'ws://a'), told('BackOffice-Path-wired', '/x', true)])).toEqual([]);
    expect(addressBefore(groups, [told('BackOffice-URL-wired', 'ws://a'), told('BackOffice-Path-wired', '')])).toHaveLength(2);
  });

  it.each([
    ['wss://b:9221/ocpp', 'wss://b:9221', '/ocpp'],
    ['wss://b', 'wss://b', '/'],
    ['ws://b/x/{stationId}?y=1', 'ws://b', '/x/CS-1?y=1'],
  ])('are told %s whole or in its parts', (url, origin, path) => {
    const before = ['BackOffice-URL-APN', 'BackOffice-Path-APN'].map((key) => ({ key, value: 'old' }));
    expect(addressAfter(before, url, 'CS-1')).toEqual([
      { key: 'BackOffice-URL-APN', value: origin },
      { key: 'BackOffice-Path-APN', value: path },
    ]);
    expect(addressAfter([{ key: 'OCPPEndPoint', value: 'old' }], url, 'CS-1')).toEqual([
      { key: 'OCPPEndPoint', value: url.replace('{stationId}', 'CS-1') },
    ]);
  });
});
