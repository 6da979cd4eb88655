import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedExi } from '../exi/bits.js';
import { decodeDocument, encodeDocument } from '../exi/codec.js';
import { childOf, type ExiElement } from '../exi/element.js';
import { anyMessage } from '../testing/any-message.js';
import { asXml } from '../testing/as-xml.js';
import vectors from '../testing/oracle-vectors.json' with { type: 'json' };
import { fragmentOf } from './fragment.js';
import { readContractRequest } from './messages.js';
import { MESSAGE } from './schema.js';

const read = (hex: string): ExiElement => decodeDocument(Buffer.from(hex, 'hex'), MESSAGE);
const write = (message: ExiElement): string => encodeDocument(message, MESSAGE).toString('hex');
const bodyOf = (message: ExiElement): ExiElement => childOf(message, 'Body')?.children[0] ?? message;

describe('a message that another codec wrote', () => {
  const documents = Object.entries<{ exi: string; xml: string }>({ ...vectors.documents, ...vectors.signed });
  it.each(documents)('is read as that one reads it, and written with the same bits: %s', (_name, { exi, xml }) => {
    const message = read(exi);
    expect(asXml(message)).toBe(xml);
    expect(write(message)).toBe(exi);
  });

  it.each(Object.entries(vectors.signed))('is signed over the same bits: %s', (name, { exi, signedInfo, fragments }) => {
    const message = read(exi);
    const info = childOf(childOf(childOf(message, 'Header'), 'Signature'), 'SignedInfo');
    expect(info === undefined ? '' : fragmentOf(info).toString('hex')).toBe(signedInfo);
    const body = bodyOf(message);
    const signed = name.endsWith('Req') ? [body] : body.children.filter(({ attributes }) => attributes['Id'] !== undefined);
    expect(signed.map((each) => fragmentOf(each).toString('hex'))).toEqual(fragments);
  });

  it.each(Object.entries(vectors.refused))('is refused, not misread, with %s', (_name, exi) => {
    expect(() => read(exi)).toThrow(MalformedExi);
  });
});

describe('any message', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(read(write(message))).toEqual(message);
      }),
    );
  });

  it('that is cut short, or not EXI at all, is refused', () => {
    const exi = Buffer.from(vectors.signed.installationReq.exi, 'hex');
    for (let length = 0; length < exi.length; length++)
      expect(() => decodeDocument(exi.subarray(0, length), MESSAGE)).toThrow(MalformedExi);
    expect(() => read(`${exi.toString('hex')}00`)).toThrow('something follows');
    expect(() => read(Buffer.from('$EXI').toString('hex'))).toThrow('0x24');
  });

  it('that is garbage is read or refused, and nothing else happens', () => {
    const exi = Buffer.from(vectors.signed.updateRes.exi, 'hex');
    const changed = fc
      .tuple(fc.nat(exi.length - 1), fc.nat(255))
      .map(([at, octet]) => Buffer.concat([exi.subarray(0, at), Buffer.of(octet), exi.subarray(at + 1)]));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }).map((octets) => Buffer.from([0x80, 0x98, ...octets])),
          changed,
        ),
        (bytes) => {
          try {
            decodeDocument(bytes, MESSAGE);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedExi);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('that is bigger than any car needs is refused: elements, bits of a number, bytes', () => {
    const message = read(vectors.signed.installationReq.exi);
    const change = (name: string, to: (each: ExiElement) => readonly ExiElement[]): ExiElement => replaced(message, name, to);
    const references = (count: number) => change('Reference', (each) => Array.from({ length: count }, () => each));
    // 22 others, and five of each reference with its transform.
    expect(read(write(references(55)))).toEqual(references(55));
    expect(() => read(write(references(56)))).toThrow('more than 300 elements');
    const serial = (value: bigint) => change('X509SerialNumber', (each) => [{ ...each, value }]);
    expect(read(write(serial(2n ** 224n - 1n)))).toEqual(serial(2n ** 224n - 1n));
    expect(() => read(write(serial(2n ** 224n)))).toThrow('more than 224 bits');
    expect(() => readContractRequest(Buffer.alloc(12_750))).toThrow('it begins with 0x00');
    expect(() => readContractRequest(Buffer.alloc(12_751))).toThrow('12751 bytes of at most 12750');
  });
});

const replaced = (element: ExiElement, name: string, to: (each: ExiElement) => readonly ExiElement[]): ExiElement => ({
  ...element,
  children: element.children.flatMap((each) => (each.name === name ? to(each) : [replaced(each, name, to)])),
});
