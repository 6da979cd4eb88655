import { describe, expect, it } from 'vitest';
import { guardedAddresses, isPublicAddress, type ResolvedAddress, TargetRefused, targetProblem } from './address-guard.js';

const resolvesTo =
  (...addresses: readonly string[]) =>
  async (): Promise<readonly ResolvedAddress[]> =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('an address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['loopback', '::1'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['link-local', '169.254.1.1'],
    ['metadata', '169.254.169.254'],
    ['metadata of Azure', '168.63.129.16'],
    ['metadata of Alibaba, and CGNAT', '100.100.100.200'],
    ['CGNAT', '100.64.0.1'],
    ['CGNAT', '100.127.255.255'],
    ['this network', '0.0.0.0'],
    ['protocol assignments', '192.0.0.192'],
    ['benchmarking', '198.18.0.1'],
    ['documentation', '203.0.113.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['IPv4-mapped', '::ffff:10.0.0.1'],
    ['IPv4-mapped', '::ffff:127.0.0.1'],
    ['IPv4-mapped', '::ffff:a9fe:a9fe'],
    ['IPv4-compatible', '::7f00:1'],
    ['IPv4-translated', '::ffff:0:7f00:1'],
    ['NAT64', '64:ff9b::a00:1'],
    ['6to4', '2002:a00:1::'],
    ['Teredo', '2001::1'],
    ['unique local', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['documentation', '2001:db8::1'],
    ['no address', 'localhost'],
    ['no address', ''],
  ])('%s: %s is not public', (_, address) => expect(isPublicAddress(address)).toBe(false));
});

describe('a target', () => {
  it.each([
    'https://partner.example/hook?key=1',
    'https://partner.example:8443/',
    'https://8.8.8.8/hook',
    'https://[2606:4700::1111]/hook',
  ])('%s may be subscribed', (url) => expect(targetProblem(url, false)).toBeUndefined());

  it.each([
    ['http://partner.example/hook', /https/],
    ['ftp://partner.example/hook', /https/],
    ['file:///etc/passwd', /https/],
    ['partner.example', /not a URL/],
    ['https://user:secret@partner.example/', /password/],
    ['https://partner.example/#there', /fragment/],
    ['https://localhost/', /public/],
    ['https://LOCALHOST./', /public/],
    ['https://a.internal/', /public/],
    ['https://printer.local/', /public/],
    ['https://127.0.0.1/', /public/],
    ['https://2130706433/', /public/],
    ['https://0x7f.1/', /public/],
    ['https://0177.0.0.1/', /public/],
    ['https://[::1]/', /public/],
    ['https://[::ffff:127.0.0.1]/', /public/],
    ['https://[::ffff:7f00:1]/', /public/],
    ['https://169.254.169.254/latest/meta-data', /public/],
  ])('%s may not', (url, problem) => expect(targetProblem(url, false)).toMatch(problem));

  it('may be anywhere, and plain http, where that is allowed', () => {
    for (const url of ['http://127.0.0.1:26081/hook', 'https://localhost/', 'https://10.0.0.1/'])
      expect(targetProblem(url, true)).toBeUndefined();
    expect(targetProblem('ftp://127.0.0.1/', true)).toMatch(/https/);
  });

  it('is called at the addresses that were judged; one that is not public refuses all', async () => {
    const url = new URL('https://partner.example/hook');
    expect(await guardedAddresses(url, false, resolvesTo('8.8.8.8', '2606:4700::1111'))).toHaveLength(2);
    await expect(guardedAddresses(url, false, resolvesTo('8.8.8.8', '10.0.0.1'))).rejects.toThrow(TargetRefused);
    await expect(guardedAddresses(url, false, resolvesTo('::ffff:169.254.169.254'))).rejects.toThrow(TargetRefused);
    expect(await guardedAddresses(url, true, resolvesTo('10.0.0.1'))).toHaveLength(1);
    await expect(guardedAddresses(new URL('https://10.0.0.1/'), false, resolvesTo('8.8.8.8'))).rejects.toThrow(TargetRefused);
  });

  it('is refused without telling where it is', async () => {
    const refused = guardedAddresses(new URL('https://partner.example/'), false, resolvesTo('10.1.2.3'));
    await expect(refused).rejects.not.toThrow(/10\.1\.2\.3/);
  });
});
