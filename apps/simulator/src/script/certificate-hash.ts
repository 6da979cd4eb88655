import { createHash, type X509Certificate } from 'node:crypto';

/** How OCPP names a certificate under its issuer, whose key is P-256. Source: OCPP 2.0.1 Part 2 CertificateHashDataType */
export function hashDataOf(certificate: X509Certificate, issuer: X509Certificate) {
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  return {
    hashAlgorithm: 'SHA256' as const,
    issuerNameHash: hash(nameOf(issuer.raw)),
    // The bits of the key are the end of its SubjectPublicKeyInfo.
    issuerKeyHash: hash(issuer.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)),
    serialNumber: certificate.serialNumber.toLowerCase().replace(/^0+/, ''),
  };
}

/** The subject as it is in the certificate: the sixth part of its signed part, the version being one. Source: RFC 5280 §4.1 */
function nameOf(der: Buffer): Buffer {
  let at = contentAt(der, contentAt(der, 0));
  for (let part = 0; part < 5; part += 1) at = endOf(der, at);
  return der.subarray(at, endOf(der, at));
}

const contentAt = (der: Buffer, at: number): number => at + 2 + longLength(der, at);
/** Bytes of a length of more than 127. */
const longLength = (der: Buffer, at: number): number => {
  const first = der[at + 1] ?? 0;
  return first < 0x80 ? 0 : first & 0x7f;
};
function endOf(der: Buffer, at: number): number {
  const bytes = longLength(der, at);
  const length = bytes === 0 ? (der[at + 1] ?? 0) : der.readUIntBE(at + 2, bytes);
  return contentAt(der, at) + length;
}
