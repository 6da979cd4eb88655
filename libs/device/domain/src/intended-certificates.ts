import type { IntendedCertificate } from '@voltlog/device-contract';
import { matching, type Template, type TemplateSubject } from './intended.js';

/** Root certificates in one template. */
export const INTENDED_CERTIFICATES_MAX = 10;

/** OCPP 2.1 InstallCertificateUseEnumType */
export const CERTIFICATE_USES = [
  'V2GRootCertificate',
  'MORootCertificate',
  'CSMSRootCertificate',
  'ManufacturerRootCertificate',
  'OEMRootCertificate',
] as const;

/** What a station is to trust: all that its templates say, each once. Roots add up: one template does not take away what another gives. */
export function intendedCertificates(templates: readonly Template[], subject: TemplateSubject): readonly IntendedCertificate[] {
  const all = matching(templates, subject).flatMap(({ certificates = [] }) => certificates);
  return [...new Map(all.map((each) => [`${each.certificateType}\t${each.certificate}`, each])).values()];
}
