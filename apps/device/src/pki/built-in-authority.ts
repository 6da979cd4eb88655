import 'reflect-metadata';
import { createHash } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type Authority, type AuthorityKeys, CLOCK_SKEW_MS, CURVE, serialOf } from './authority-keys.js';
import type { CertificateAuthority, CertificateOrder, IssuedCertificate } from './certificate-authority.js';
import { plainSerial } from './certificate-id.js';
import type { IssuedCertificates } from './issued-certificates.js';
import type { Sealing } from './sealing.js';

export const ROOT_ID = 'root';
const ROOT_YEARS = 20;
export const YEAR_MS = 365 * 86_400_000;

export interface BuiltInOptions {
  readonly keys: AuthorityKeys;
  readonly issued: IssuedCertificates;
  readonly sealing: Sealing;
  /** O of the root and of every certificate. */
  readonly organization: string;
  readonly validityDays: number;
  readonly revocation: RevocationUrls;
}

/** One self-signed root, made when it is first needed. */
export class BuiltInAuthority implements CertificateAuthority {
  constructor(private readonly options: BuiltInOptions) {}

  async roots(): Promise<string> {
    return `${(await this.root()).certificate.toString('pem')}\n`;
  }

  async issue({ stationId, publicKey, orderId, orderedAtMs }: CertificateOrder): Promise<IssuedCertificate> {
    const { sealing, organization, validityDays, issued, revocation } = this.options;
    const root = await this.root();
    const certificate = await certify(root, {
      serialNumber: serialOf(sealing.digest(orderId)),
      subject: [{ CN: [stationId] }, { O: [organization] }],
      notBeforeMs: orderedAtMs - CLOCK_SKEW_MS,
      notAfterMs: orderedAtMs + validityDays * 86_400_000,
      publicKey,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        ...revocationAt(revocation, ROOT_ID),
      ],
    });
    const made = issuedOf(certificate, []);
    await issued.add({ authority: ROOT_ID, serialNumber: made.serialNumber, stationId, commonName: stationId, notAfter: made.notAfter });
    return made;
  }

  root(): Promise<Authority> {
    const { keys, organization } = this.options;
    return keys.open(ROOT_ID, (nowMs) => ({
      name: [{ CN: [`${organization} Station Root`] }, { O: [organization] }],
      notAfterMs: nowMs + ROOT_YEARS * YEAR_MS,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    }));
  }
}

export interface EndCertificate {
  readonly serialNumber: string;
  readonly subject: x509.JsonName;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: x509.PublicKey | CryptoKey;
  readonly extensions: readonly x509.Extension[];
}

/** A certificate of no authority; it never outlives the one it is under. */
export async function certify(issuer: Authority, end: EndCertificate): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: end.serialNumber,
    issuer: issuer.certificate.subject,
    subject: end.subject,
    notBefore: new Date(end.notBeforeMs),
    notAfter: new Date(Math.min(end.notAfterMs, issuer.certificate.notAfter.getTime())),
    signingAlgorithm: CURVE,
    publicKey: end.publicKey,
    signingKey: issuer.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...end.extensions,
      await x509.SubjectKeyIdentifierExtension.create(end.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate),
    ],
  });
}

/** Where it is told that a certificate is revoked. Empty: certificates do not say. */
export interface RevocationUrls {
  /** Of the OCSP responder. */
  readonly ocspUrl: string;
  /** Of the revocation lists; each is `/<authority>.crl` behind it. */
  readonly crlUrl: string;
}

/** @param authorityId of the issuer */
export const revocationAt = ({ ocspUrl, crlUrl }: RevocationUrls, authorityId: string): readonly x509.Extension[] => [
  ...(ocspUrl === '' ? [] : [new x509.AuthorityInfoAccessExtension({ ocsp: ocspUrl })]),
  ...(crlUrl === '' ? [] : [new x509.CRLDistributionPointsExtension([`${crlUrl}/${authorityId}.crl`])]),
];

/** @param between what is between it and its root, PEM */
export const issuedOf = (certificate: x509.X509Certificate, between: readonly string[]): IssuedCertificate => ({
  serialNumber: plainSerial(certificate.serialNumber),
  certificateChain: [certificate.toString('pem'), ...between, ''].join('\n'),
  fingerprint: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
  notBefore: certificate.notBefore.toISOString(),
  notAfter: certificate.notAfter.toISOString(),
});
