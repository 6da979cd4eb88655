import { describe, expect, it } from 'vitest';
import { clientAddress } from './client-address.js';
import { evsePageUrl, evseUidOf, parseEvseUid } from './evse-uid.js';

describe('an EVSE in a code', () => {
  it.each([
    ['CP-1*1', 'CP-1', 1],
    ['A*B*2', 'A*B', 2],
    ['*1', undefined, 0],
    ['CP-1', undefined, 0],
    ['CP-1*0', undefined, 0],
    ['CP-1*01', undefined, 0],
    ['CP-1*x', undefined, 0],
    [`${'x'.repeat(48)}*9999`, 'x'.repeat(48), 9999],
    [`${'x'.repeat(49)}*1`, undefined, 0],
    ['CP-1*10000', undefined, 0],
  ])('%s is station %s', (text, stationId, evseId) => {
    expect(parseEvseUid(text)).toEqual(stationId === undefined ? undefined : { stationId, evseId });
  });

  it('comes back from its address as it went in', () => {
    const place = { stationId: 'N+1=@|*x', evseId: 12 };
    const url = new URL(evsePageUrl('https://charge.example', place));
    expect(parseEvseUid(decodeURIComponent(url.pathname.slice('/c/'.length)))).toEqual(place);
    expect(evseUidOf(place)).toBe('N+1=@|*x*12');
  });
});

describe('whose address counts', () => {
  const asked = (ip: string, forwarded?: string) => ({ ip, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } });

  it.each([
    ['without proxies the peer, whatever the header says', asked('203.0.113.9', '1.1.1.1'), 0, '203.0.113.9'],
    ['with one proxy what it saw, not what the client claims', asked('10.0.0.1', '6.6.6.6, 203.0.113.9'), 1, '203.0.113.9'],
    ['with two what the outer one saw', asked('10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2'), 2, '203.0.113.9'],
    ['with fewer entries than proxies the first', asked('10.0.0.1', '203.0.113.9'), 3, '203.0.113.9'],
    ['without the header the peer', asked('10.0.0.1'), 1, '10.0.0.1'],
    ['one home has one /64', asked('2001:db8:1:2:aaaa:bbbb:cccc:dddd'), 0, '2001:db8:1:2::/64'],
    ['also when it is written short', asked('2001:db8::5'), 0, '2001:db8:0:0::/64'],
    ['IPv4 in IPv6 is IPv4', asked('::ffff:203.0.113.9'), 0, '::ffff:203.0.113.9'],
  ])('%s', (_, request, proxies, expected) => {
    expect(clientAddress(request, proxies)).toBe(expected);
  });
});
