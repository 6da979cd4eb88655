import 'reflect-metadata';
import { createHash, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import {
  BasicOCSPResponse,
  CertID,
  id_kp_OCSPSigning,
  id_pkix_ocsp_basic,
  id_pkix_ocsp_nonce,
  OCSPRequest,
  OCSPResponse,
  Request,
  type ResponderID,
  type SingleResponse,
  TBSRequest,
} from '@peculiar/asn1-ocsp';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Certificate, Extension } from '@peculiar/asn1-x509';
import { type CertificateId, type HashAlgorithm, issuerHashes, plainSerial } from './certificate-id.js';
import { RevocationUnknown } from './revocation-unknown.js';

/** Clocks of responders may differ by this much, ms. */
const SKEW_MS = 300_000;
/** An answer that does not say until when it is good is good for this long after it was made, ms. */
const FRESH_MS = 3_600_000;

export const HASH_OIDS: Readonly<Record<HashAlgorithm, string>> = {
  SHA1: '1.3.14.3.2.26',
  SHA256: '2.16.840.1.101.3.4.2.1',
  SHA384: '2.16.840.1.101.3.4.2.2',
  SHA512: '2.16.840.1.101.3.4.2.3',
};
/** What may sign an answer; nothing with SHA-1. */
const SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};
const STATUS_WORDS: Readonly<Record<number, string>> = {
  1: 'the responder did not understand the request',
  2: 'the responder has an internal error',
  3: 'the responder asks to try later',
  5: 'the responder wants signed requests',
  6: 'the responder answers nobody about this certificate',
};

/** What a responder says about one certificate, checked. */
export interface CertificateStatus {
  readonly status: 'Good' | 'Revoked' | 'Unknown';
  /** The whole OCSPResponse. */
  readonly der: Buffer;
  /** Until when it may be used, ms. */
  readonly untilMs: number;
}

/** Source: RFC 6960 §4.1.1, RFC 8954 (nonce) */
export function encodeOcspRequest(id: CertificateId, nonce: Buffer): Buffer {
  const request = new OCSPRequest({
    tbsRequest: new TBSRequest({
      requestList: [new Request({ reqCert: toCertId(id) })],
      requestExtensions: [nonceExtension(nonce)],
    }),
  });
  return Buffer.from(AsnConvert.serialize(request));
}

export const nonceExtension = (nonce: Uint8Array): Extension =>
  new Extension({ extnID: id_pkix_ocsp_nonce, extnValue: new OctetString(AsnConvert.serialize(new OctetString(nonce))) });

export const toCertId = (id: CertificateId): CertID =>
  new CertID({
    hashAlgorithm: new AlgorithmIdentifier({ algorithm: HASH_OIDS[id.hashAlgorithm], parameters: null }),
    issuerNameHash: new OctetString(Buffer.from(id.issuerNameHash, 'hex')),
    issuerKeyHash: new OctetString(Buffer.from(id.issuerKeyHash, 'hex')),
    serialNumber: new Uint8Array(serialBytes(id.serialNumber)).buffer,
  });

/** As the content of an INTEGER: never negative. */
function serialBytes(serialNumber: string): Buffer {
  const bytes = Buffer.from(serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`, 'hex');
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

/** undefined: named by a digest that is not known. */
export function fromCertId({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: CertID): CertificateId | undefined {
  const algorithm = (Object.keys(HASH_OIDS) as HashAlgorithm[]).find((each) => HASH_OIDS[each] === hashAlgorithm.algorithm);
  return algorithm === undefined
    ? undefined
    : {
        hashAlgorithm: algorithm,
        issuerNameHash: Buffer.from(issuerNameHash.buffer).toString('hex'),
        issuerKeyHash: Buffer.from(issuerKeyHash.buffer).toString('hex'),
        serialNumber: plainSerial(Buffer.from(serialNumber).toString('hex')),
      };
}

export interface ExpectedAnswer {
  readonly id: CertificateId;
  readonly nonce: Buffer;
  readonly nowMs: number;
  /** Certificates of authorities that are known here, DER: they may be the issuer where the answer does not bring it. */
  readonly authorities: readonly Uint8Array[];
}

/**
 * What an answer says about the certificate that was asked about. The issuer's key is known by its digest in the question, so whoever has
 * signed must have that key, or a certificate for OCSP made with it.
 *
 * @throws {RevocationUnknown} for every answer that is none, lies, is old, or is of somebody else. Source: RFC 6960 §3.2
 */
export function readOcspResponse(der: Buffer, expected: ExpectedAnswer): CertificateStatus {
  const basic = parse(der);
  const { tbsResponseData } = basic;
  const { nowMs } = expected;
  checkSignature(basic, expected);
  const nonce = tbsResponseData.responseExtensions?.find(({ extnID }) => extnID === id_pkix_ocsp_nonce);
  if (nonce !== undefined && !sameNonce(nonce, expected.nonce)) throw new RevocationUnknown('the answer is to another question (nonce)');
  const single = tbsResponseData.responses.find(({ certID }) => isSame(fromCertId(certID), expected.id));
  if (single === undefined) throw new RevocationUnknown('the answer is about another certificate');
  const untilMs = single.nextUpdate?.getTime() ?? tbsResponseData.producedAt.getTime() + FRESH_MS;
  if (single.thisUpdate.getTime() > nowMs + SKEW_MS) throw new RevocationUnknown('the answer is of the future');
  if (untilMs < nowMs - SKEW_MS) throw new RevocationUnknown('the answer is too old');
  return { status: wordOf(single), der, untilMs };
}

function parse(der: Buffer): BasicOCSPResponse {
  let response: OCSPResponse;
  try {
    response = AsnConvert.parse(der, OCSPResponse);
  } catch (error) {
    throw new RevocationUnknown('what the responder answered is no OCSP response', { cause: error });
  }
  const code = Number(response.responseStatus);
  if (code !== 0) throw new RevocationUnknown(STATUS_WORDS[code] ?? `the responder answered with status ${code}`);
  const { responseBytes } = response;
  if (responseBytes?.responseType !== id_pkix_ocsp_basic) throw new RevocationUnknown('the answer is not a basic OCSP response');
  try {
    return AsnConvert.parse(responseBytes.response.buffer, BasicOCSPResponse);
  } catch (error) {
    throw new RevocationUnknown('what the responder answered is no OCSP response', { cause: error });
  }
}

function checkSignature(basic: BasicOCSPResponse, { id, nowMs, authorities }: ExpectedAnswer): void {
  const hash = SIGNATURES[basic.signatureAlgorithm.algorithm];
  if (hash === undefined) throw new RevocationUnknown(`an answer signed with ${basic.signatureAlgorithm.algorithm} is not taken`);
  const told = (basic.certs ?? []).map((each) => Buffer.from(AsnConvert.serialize(each)));
  const all = [...told, ...authorities.map((each) => Buffer.from(each))];
  const issuer = all.find((each) => isIssuer(each, id));
  if (issuer === undefined) throw new RevocationUnknown('the issuer of the certificate is not known, so the answer cannot be checked');
  const signer = [issuer, ...told].find((each) => isNamed(each, basic.tbsResponseData.responderID));
  if (signer === undefined) throw new RevocationUnknown('it is not told who has signed the answer');
  if (signer !== issuer) checkDelegate(signer, issuer, nowMs);
  const data = basic.tbsResponseDataRaw ?? AsnConvert.serialize(basic.tbsResponseData);
  if (!isSignedBy(new Uint8Array(data), new Uint8Array(basic.signature), hash, keyOf(signer)))
    throw new RevocationUnknown('the signature of the answer is wrong');
}

/** Source: RFC 6960 §4.2.2.2: a certificate of the issuer's own, for OCSP. */
function checkDelegate(der: Buffer, issuerDer: Buffer, nowMs: number): void {
  const [signer, issuer] = [new X509Certificate(der), new X509Certificate(issuerDer)];
  if (!signer.checkIssued(issuer) || !signer.verify(issuer.publicKey))
    throw new RevocationUnknown('the issuer does not know who has signed the answer');
  if (!signer.keyUsage?.includes(id_kp_OCSPSigning)) throw new RevocationUnknown('who has signed the answer may not do so');
  if (nowMs < Date.parse(signer.validFrom) - SKEW_MS || nowMs > Date.parse(signer.validTo) + SKEW_MS)
    throw new RevocationUnknown('the certificate of the responder has expired');
}

function isIssuer(der: Buffer, id: CertificateId): boolean {
  const hashes = issuerHashes(der, id.hashAlgorithm);
  return hashes.issuerKeyHash === id.issuerKeyHash && hashes.issuerNameHash === id.issuerNameHash;
}

function isNamed(der: Buffer, { byKey, byName }: ResponderID): boolean {
  const { subject, subjectPublicKeyInfo } = AsnConvert.parse(der, Certificate).tbsCertificate;
  if (byKey !== undefined) {
    const digest = createHash('sha1').update(new Uint8Array(subjectPublicKeyInfo.subjectPublicKey)).digest();
    return digest.equals(Buffer.from(byKey.buffer));
  }
  return byName !== undefined && Buffer.from(AsnConvert.serialize(subject)).equals(Buffer.from(AsnConvert.serialize(byName)));
}

const keyOf = (der: Buffer): KeyObject =>
  createPublicKey({
    key: Buffer.from(AsnConvert.serialize(AsnConvert.parse(der, Certificate).tbsCertificate.subjectPublicKeyInfo)),
    format: 'der',
    type: 'spki',
  });

function isSignedBy(data: Uint8Array, signature: Uint8Array, hash: string, key: KeyObject): boolean {
  try {
    return verify(hash, data, key, signature);
  } catch {
    return false;
  }
}

function sameNonce({ extnValue }: Extension, nonce: Buffer): boolean {
  try {
    return Buffer.from(AsnConvert.parse(extnValue.buffer, OctetString).buffer).equals(nonce);
  } catch {
    return false;
  }
}

const isSame = (one: CertificateId | undefined, other: CertificateId): boolean =>
  one !== undefined &&
  one.hashAlgorithm === other.hashAlgorithm &&
  one.issuerNameHash === other.issuerNameHash &&
  one.issuerKeyHash === other.issuerKeyHash &&
  one.serialNumber === other.serialNumber;

function wordOf({ certStatus }: SingleResponse): CertificateStatus['status'] {
  if (certStatus.revoked !== undefined) return 'Revoked';
  return certStatus.good === undefined ? 'Unknown' : 'Good';
}
