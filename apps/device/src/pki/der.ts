/**
 * Just enough DER to write lists of any length: the general library makes some objects of each certificate in a list, which holds up
 * everybody else for seconds. Source: ITU-T X.690 §8, §10
 */

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

export const tlv = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
};
export const sequence = (...contents: readonly Uint8Array[]): Buffer => tlv(SEQUENCE, ...contents);

/** @param hex a number that is not negative */
export function integer(hex: string): Buffer {
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const first = bytes.findIndex((byte) => byte !== 0);
  const least = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  return tlv(INTEGER, ...((least[0] ?? 0) > 0x7f ? [Buffer.of(0)] : []), least);
}

export const bitString = (bytes: Uint8Array): Buffer => tlv(BIT_STRING, Buffer.of(0), bytes);

/** To the second; two digits of the year until 2049. Source: RFC 5280 §4.1.2.5 */
export function time(ms: number): Buffer {
  const digits = new Date(ms)
    .toISOString()
    .replace(/[-:T]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return digits < '2050' ? tlv(UTC_TIME, Buffer.from(digits.slice(2))) : tlv(GENERALIZED_TIME, Buffer.from(digits));
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xffffff ? 8 : length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}
