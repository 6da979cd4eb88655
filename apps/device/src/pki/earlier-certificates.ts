import 'reflect-metadata';
import type { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { CertificateState } from '@voltlog/device-domain';
import type { Authority } from './authority-keys.js';
import { plainSerial } from './certificate-id.js';
import type { IssuedCertificates } from './issued-certificates.js';

/**
 * Station certificates of the built-in authority from before what it makes was noted. The stream of their station knows them; they are noted
 * when one is first shown, so that they do not count as never made.
 */
export class EarlierCertificates {
  constructor(
    private readonly root: () => Promise<Authority>,
    private readonly issued: Pick<IssuedCertificates, 'statusOf' | 'add'>,
    private readonly certificatesOf: (stationId: string) => Promise<readonly CertificateState[]>,
  ) {}

  /** Of any other certificate nothing is noted. */
  async note(certificate: X509Certificate, issuer: X509Certificate): Promise<void> {
    const { id: authority, certificate: root } = await this.root();
    if (!issuer.raw.equals(new Uint8Array(root.rawData))) return;
    const serialNumber = plainSerial(certificate.serialNumber);
    if ((await this.issued.statusOf(authority, serialNumber)) !== 'unknown') return;
    const [stationId] = new x509.X509Certificate(new Uint8Array(certificate.raw)).subjectName.getField('CN');
    if (stationId === undefined) return;
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    const made = (await this.certificatesOf(stationId)).find((each) => each.fingerprint === fingerprint);
    if (made !== undefined) await this.issued.add({ authority, serialNumber, stationId, commonName: stationId, notAfter: made.notAfter });
  }
}
