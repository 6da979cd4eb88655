import 'reflect-metadata';
import type { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { certificateIdOf } from './certificate-id.js';
import type { CrlClient } from './crl-client.js';
import type { OcspClient } from './ocsp-client.js';
import { RevocationUnknown } from './revocation-unknown.js';

/** What is known, and until when, ms. */
export interface Revocation {
  readonly status: 'Good' | 'Revoked' | 'Unknown';
  readonly untilMs: number;
}

/** Whether certificates at hand are revoked: by the responder they name, else by the list they name. */
export class Revocations {
  constructor(
    private readonly ocsp: Pick<OcspClient, 'statusOf'>,
    private readonly crl: Pick<CrlClient, 'statusOf'>,
  ) {}

  /**
   * @param told responders that somebody else named; they are asked first
   * @throws {RevocationUnknown} when nobody can say
   */
  async of(certificate: X509Certificate, issuer: X509Certificate, told: readonly string[] = []): Promise<Revocation> {
    const id = certificateIdOf(certificate.serialNumber, issuer.raw);
    const { responders, lists } = pointersOf(certificate);
    const urls = [...told, ...responders];
    try {
      return await this.ocsp.statusOf(id, urls, issuer.raw);
    } catch (error) {
      if (!(error instanceof RevocationUnknown) || lists.length === 0) throw error;
      return this.crl.statusOf(id, lists, issuer.raw);
    }
  }
}

/** Where a certificate says that one is told whether it is revoked. */
export function pointersOf(certificate: X509Certificate): { readonly responders: readonly string[]; readonly lists: readonly string[] } {
  const read = new x509.X509Certificate(new Uint8Array(certificate.raw));
  const points = read.getExtension(x509.CRLDistributionPointsExtension)?.distributionPoints ?? [];
  return {
    responders: (read.getExtension(x509.AuthorityInfoAccessExtension)?.ocsp ?? []).map(({ value }) => value),
    lists: points.flatMap(({ distributionPoint }) =>
      (distributionPoint?.fullName ?? []).flatMap(({ uniformResourceIdentifier: url }) => (url === undefined ? [] : [url])),
    ),
  };
}
