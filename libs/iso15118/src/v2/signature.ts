import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { childOf, type ExiElement, element } from '../exi/element.js';
import { fragmentOf } from './fragment.js';

const EXI_TRANSFORM = 'http://www.w3.org/TR/canonical-exi/';
const ECDSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
/** Both numbers of an ECDSA signature on P-256 one after the other, 32 bytes each. */
const SIGNATURE_BYTES = 64;

export type SignatureProblem = 'Unsigned' | 'UnknownAlgorithm' | 'NotAllSigned' | 'DigestWrong' | 'SignatureWrong';

const digestOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/**
 * The signature in the header of a message over elements of its body.
 *
 * @param signed each with an Id
 * @param key P-256
 *
 * Source: ISO 15118-2 §7.9.2.4.2 (XML signature over EXI: SHA-256, ECDSA)
 */
export function signatureOf(signed: readonly ExiElement[], key: KeyObject): ExiElement {
  const references = signed.map((each) =>
    element(
      'Reference',
      [
        element('Transforms', [element('Transform', [], { Algorithm: EXI_TRANSFORM })]),
        element('DigestMethod', [], { Algorithm: SHA256 }),
        element('DigestValue', digestOf(fragmentOf(each))),
      ],
      { URI: `#${each.attributes['Id'] ?? ''}` },
    ),
  );
  const signedInfo = element('SignedInfo', [
    element('CanonicalizationMethod', [], { Algorithm: EXI_TRANSFORM }),
    element('SignatureMethod', [], { Algorithm: ECDSA_SHA256 }),
    ...references,
  ]);
  const value = sign('sha256', fragmentOf(signedInfo), { key, dsaEncoding: 'ieee-p1363' });
  return element('Signature', [signedInfo, element('SignatureValue', value)]);
}

/**
 * Whether a header's signature is by that key, and over these elements as they are.
 *
 * @param signature undefined: the header has none
 * @returns undefined: it is good
 */
export function checkSignature(
  signature: ExiElement | undefined,
  signed: readonly ExiElement[],
  key: KeyObject,
): SignatureProblem | undefined {
  const signedInfo = childOf(signature, 'SignedInfo');
  const value = childOf(signature, 'SignatureValue')?.value;
  if (signedInfo === undefined || !Buffer.isBuffer(value)) return 'Unsigned';
  const references = signedInfo.children.filter(({ name }) => name === 'Reference');
  if (!isKnown(signedInfo, references)) return 'UnknownAlgorithm';
  for (const each of signed) {
    const uri = `#${each.attributes['Id'] ?? ''}`;
    const [reference, another] = references.filter(({ attributes }) => attributes['URI'] === uri);
    if (reference === undefined || another !== undefined) return 'NotAllSigned';
    const digest = childOf(reference, 'DigestValue')?.value;
    if (!Buffer.isBuffer(digest) || !digest.equals(digestOf(fragmentOf(each)))) return 'DigestWrong';
  }
  if (value.length !== SIGNATURE_BYTES || !verify('sha256', fragmentOf(signedInfo), { key, dsaEncoding: 'ieee-p1363' }, value))
    return 'SignatureWrong';
  return undefined;
}

function isKnown(signedInfo: ExiElement, references: readonly ExiElement[]): boolean {
  const algorithmOf = (parent: ExiElement, name: string) => childOf(parent, name)?.attributes['Algorithm'];
  return (
    algorithmOf(signedInfo, 'CanonicalizationMethod') === EXI_TRANSFORM &&
    algorithmOf(signedInfo, 'SignatureMethod') === ECDSA_SHA256 &&
    references.every(
      (each) =>
        algorithmOf(each, 'DigestMethod') === SHA256 &&
        (childOf(each, 'Transforms')?.children ?? []).every(({ attributes }) => attributes['Algorithm'] === EXI_TRANSFORM),
    )
  );
}
