import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';

/** Digests that name a certificate. OCPP knows all but SHA1, which OCSP clients of the old days use. */
export const HASHES = { SHA1: 'sha1', SHA256: 'sha256', SHA384: 'sha384', SHA512: 'sha512' } as const;
export type HashAlgorithm = keyof typeof HASHES;

/** Which certificate: by its issuer's name and key, and its serial number. Source: OCPP 2.0.1 Part 2 CertificateHashDataType, RFC 6960 §4.1.1 */
export interface CertificateId {
  readonly hashAlgorithm: HashAlgorithm;
  /** Lower-case hexadecimal. */
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  /** Lower-case hexadecimal without leading zeros. */
  readonly serialNumber: string;
}

/** As stations write it: in either case, with leading zeros. undefined: it cannot be one. */
export function toCertificateId(told: {
  readonly hashAlgorithm: string;
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  readonly serialNumber: string;
}): CertificateId | undefined {
  const hashAlgorithm = told.hashAlgorithm;
  if (!isHash(hashAlgorithm)) return undefined;
  const digits = createHash(HASHES[hashAlgorithm]).digest('hex').length;
  const id = {
    hashAlgorithm,
    issuerNameHash: told.issuerNameHash.toLowerCase(),
    issuerKeyHash: told.issuerKeyHash.toLowerCase(),
    serialNumber: plainSerial(told.serialNumber),
  };
  const isDigest = (text: string): boolean => text.length === digits && /^[0-9a-f]+$/.test(text);
  return isDigest(id.issuerNameHash) && isDigest(id.issuerKeyHash) && /^[0-9a-f]{1,40}$/.test(id.serialNumber) ? id : undefined;
}

const isHash = (text: string): text is HashAlgorithm => Object.hasOwn(HASHES, text);

/** A serial number as hexadecimal in lower case without leading zeros. */
export const plainSerial = (serialNumber: string): string =>
  serialNumber
    .replaceAll(':', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '');

/** The name and key by which an issuer is named, hashed. */
export function issuerHashes(issuerDer: Uint8Array, algorithm: HashAlgorithm): Pick<CertificateId, 'issuerNameHash' | 'issuerKeyHash'> {
  const { tbsCertificate } = AsnConvert.parse(issuerDer, Certificate);
  const hash = (bytes: ArrayBuffer): string => createHash(HASHES[algorithm]).update(new Uint8Array(bytes)).digest('hex');
  return {
    issuerNameHash: hash(AsnConvert.serialize(tbsCertificate.subject)),
    issuerKeyHash: hash(tbsCertificate.subjectPublicKeyInfo.subjectPublicKey),
  };
}

/** The id of a certificate under its issuer. */
export const certificateIdOf = (serialNumber: string, issuerDer: Uint8Array, hashAlgorithm: HashAlgorithm = 'SHA256'): CertificateId => ({
  hashAlgorithm,
  ...issuerHashes(issuerDer, hashAlgorithm),
  serialNumber: plainSerial(serialNumber),
});

/** As one text, for maps. */
export const textOfId = ({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: CertificateId): string =>
  `${hashAlgorithm}:${issuerNameHash}:${issuerKeyHash}:${serialNumber}`;
