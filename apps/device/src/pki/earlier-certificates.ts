import 'reflect-metadata';
import type { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { StationSecurity } from '@voltlog/device-domain';
import type { Authority } from './authority-keys.js';
import { plainSerial } from './certificate-id.js';
import type { IssuedCertificates } from './issued-certificates.js';

/**
 * Station certificates of the built-in authority from before what it makes was noted. The stream of their station knows them; they are noted
 * when one is first shown or is revoked, so that they do not count as never made.
 */
export class EarlierCertificates {
  constructor(
    private readonly root: () => Promise<Authority>,
    private readonly issued: Pick<IssuedCertificates, 'statusOf' | 'add' | 'revoke'>,
    private readonly securityOf: (stationId: string) => Promise<Pick<StationSecurity, 'certificates' | 'revokedUntil'>>,
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
    const made = (await this.securityOf(stationId)).certificates.find((each) => each.fingerprint === fingerprint);
    if (made === undefined) return;
    await this.issued.add({ authority, serialNumber, stationId, commonName: stationId, notAfter: made.notAfter });
    // Its stream may say already that it is revoked: asking notes that too.
    await this.issued.statusOf(authority, serialNumber);
  }

  /**
   * One that nothing was noted of was revoked. One of another authority may be noted with it, as the stream does not say who made it: that
   * names a serial number too many, which no certificate of ours has.
   */
  async revoke(stationId: string, serialNumber: string): Promise<void> {
    const { id: authority } = await this.root();
    const { certificates, revokedUntil } = await this.securityOf(stationId);
    const made = certificates.find((each) => each.serialNumber === serialNumber);
    // The stream forgets old certificates, but not when revoked ones expire.
    const notAfter = made?.notAfter ?? revokedUntil?.[serialNumber];
    if (notAfter === undefined || (made !== undefined && made.certificateType !== 'ChargingStationCertificate')) return;
    await this.issued.add({ authority, serialNumber, stationId, commonName: stationId, notAfter });
    await this.issued.revoke(authority, serialNumber);
  }
}
