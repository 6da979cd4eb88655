/**
 * 128-bit hash of a text as four unsigned 32-bit words: MurmurHash3 x86_128 over UTF-16 code units, one unit per lane and step.
 *
 * Not cryptographic: it keeps a station's own transactions apart, nothing else depends on it. The same text gives the same words in
 * every release, because transaction ids of 1.6 are derived from it.
 *
 * Source: mixing constants of MurmurHash3 (A. Appleby, public domain).
 */
export function hash128(text: string): readonly [number, number, number, number] {
  let h1 = 0x239b961b;
  let h2 = 0xab0e9789;
  let h3 = 0x38b34ae5;
  let h4 = 0xa1e38b93;
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    h1 = rotate(h1 ^ Math.imul(rotate(Math.imul(k, 0x239b961b), 15), 0xab0e9789), 19) + h2;
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0;
    h2 = rotate(h2 ^ Math.imul(rotate(Math.imul(k, 0xab0e9789), 16), 0x38b34ae5), 17) + h3;
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0;
    h3 = rotate(h3 ^ Math.imul(rotate(Math.imul(k, 0x38b34ae5), 17), 0xa1e38b93), 15) + h4;
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0;
    h4 = rotate(h4 ^ Math.imul(rotate(Math.imul(k, 0xa1e38b93), 18), 0x239b961b), 13) + h1;
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0;
  }
  h1 ^= text.length;
  h2 ^= text.length;
  h3 ^= text.length;
  h4 ^= text.length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = final(h1);
  h2 = final(h2);
  h3 = final(h3);
  h4 = final(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  return [h1 >>> 0, (h2 + h1) >>> 0, (h3 + h1) >>> 0, (h4 + h1) >>> 0];
}

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

function final(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
