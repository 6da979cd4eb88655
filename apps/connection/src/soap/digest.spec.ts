import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DigestCalls, digestOf, readChallenge } from './digest.js';

const NONCE = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const OPAQUE = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
/** RFC 7616 §3.9.1 */
const of = (algorithm: string): string =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${NONCE}", opaque="${OPAQUE}"`;

describe('what a station asks for', () => {
  const asked = { realm: 'http-auth@example.org', nonce: NONCE, opaque: OPAQUE, qop: true };

  it('is read, the best first', () => {
    expect(readChallenge(of('MD5'))).toEqual({ ...asked, algorithm: 'MD5' });
    expect(readChallenge(`${of('MD5')}, ${of('SHA-256')}`)).toEqual({ ...asked, algorithm: 'SHA-256' });
    expect(readChallenge(`Basic realm="a, b=\\"c\\"", ${of('sha-256')}, Bearer`)).toEqual({ ...asked, algorithm: 'SHA-256' });
    expect(readChallenge('digest nonce=n1,realm="a \\"b\\""')).toEqual({
      algorithm: 'MD5',
      realm: 'a "b"',
      nonce: 'n1',
      opaque: undefined,
      qop: false,
    });
  });

  it.each([
    undefined,
    '',
    'Basic realm="x"',
    'Digest',
    'Digest realm="x"',
    'Digest realm="x", nonce=""',
    of('SHA-512-256'),
    of('MD5-sess'),
  ])('cannot be met: %s', (header) => {
    expect(readChallenge(header)).toBeUndefined();
  });

  it('cannot be met where the message is to be part of it', () => {
    expect(readChallenge('Digest realm="x", nonce="n", qop="auth-int"')).toBeUndefined();
  });

  it('is read in no time, whatever it is', () => {
    const text = fc.array(fc.constantFrom('Digest ', 'realm=', '"', '\\', ',', ' ', 'nonce=', 'a', '='), { maxLength: 4_000 });
    fc.assert(
      fc.property(text, (parts) => {
        const since = performance.now();
        readChallenge(parts.join(''));
        expect(performance.now() - since).toBeLessThan(5_000);
      }),
    );
  });
});

describe('what is shown', () => {
  const use = { count: 1, cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' };
  const mufasa = { username: 'Mufasa', password: 'Circle of Life', method: 'GET', uri: '/dir/index.html' };
  const shown = (header: string, who = mufasa): string => {
    const challenge = readChallenge(header);
    if (challenge === undefined) throw new Error('no challenge');
    return digestOf(challenge, who, use);
  };

  // The examples of RFC 7616 §3.9.1.
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('%s', (algorithm, response) => {
    expect(shown(of(algorithm))).toBe(
      `Digest username="Mufasa", realm="http-auth@example.org", nonce="${NONCE}", uri="/dir/index.html", algorithm=${algorithm}, ` +
        `response="${response}", qop=auth, nc=00000001, cnonce="${use.cnonce}", opaque="${OPAQUE}"`,
    );
  });

  it('is that of RFC 2069 where no qop is asked for', () => {
    expect(shown('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')).toBe(
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ' +
        'algorithm=MD5, response="2951cdbad33b2271fcb6b8e7b8feac23"',
    );
  });

  it('names whoever has a name of other letters, or of marks', () => {
    expect(shown(of('MD5'), { ...mufasa, username: "Jäsøn's" })).toContain("username*=UTF-8''J%C3%A4s%C3%B8n%27s, ");
    expect(shown(of('MD5'), { ...mufasa, username: 'a"b\\c' })).toContain('username="a\\"b\\\\c", ');
  });
});

describe('calls to one station', () => {
  const who = { username: 'CP1', password: 'secret', method: 'POST', uri: '/cp' };
  const nc = (text: string | undefined) => /nonce="(\w+)".*nc=(\w+)/.exec(text ?? '')?.slice(1);

  it('count how often its nonce was shown, from the start again with a new one', () => {
    const calls = new DigestCalls();
    const asks = (nonce: string) => `Digest realm="r", qop="auth", nonce="${nonce}"`;
    expect(calls.known(who)).toBeUndefined();
    expect([calls.asked(asks('one'), who), calls.known(who), calls.known(who)].map(nc)).toEqual([
      ['one', '00000001'],
      ['one', '00000002'],
      ['one', '00000003'],
    ]);
    expect([calls.asked(asks('two'), who), calls.known(who)].map(nc)).toEqual([
      ['two', '00000001'],
      ['two', '00000002'],
    ]);
    expect([calls.asked('Basic realm="r"', who), calls.known(who)]).toEqual([undefined, undefined]);
  });

  it('do not show a nonce again that was just refused, unless it is the nonce that is refused, nor a count twice', () => {
    const calls = new DigestCalls();
    const asks = (nonce: string, more = '') => `Digest realm="r", qop="auth", nonce="${nonce}"${more}`;
    const first = calls.asked(asks('one'), who);
    expect(calls.asked(asks('one'), who, first)).toBeUndefined();
    expect(calls.asked(asks('one', ', stale=false'), who, first)).toBeUndefined();
    expect(nc(calls.known(who))).toEqual(['one', '00000002']);
    const stale = calls.asked(asks('one', ', stale=TRUE'), who, first);
    expect(nc(stale)).toEqual(['one', '00000003']);
    expect(nc(calls.asked(asks('two'), who, stale))).toEqual(['two', '00000001']);
    // Asked while another call was on its way.
    expect(nc(calls.asked(asks('two'), who, undefined))).toEqual(['two', '00000002']);
  });
});
