import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedExi } from '../exi/bits.js';
import { decodeDocument, encodeDocument } from '../exi/codec.js';
import { childOf, type ExiElement } from '../exi/element.js';
import { anyMessage } from '../testing/any-message.js';
import { asXml } from '../testing/as-xml.js';
import vectors from '../testing/oracle-vectors.json' with { type: 'json' };
import { fragmentOf } from './fragment.js';
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
});
