import type { ServiceContext } from '@voltlog/service';
import type { DeviceConfig } from '../config.js';
import type { DeviceRepository } from '../store/device-repository.js';
import { type Authority, type AuthorityDoc, AuthorityKeys, authoritySchema } from './authority-keys.js';
import { BuiltInAuthority } from './built-in-authority.js';
import type { CertificateAuthority } from './certificate-authority.js';
import { IssuedCertificates, type IssuedDoc, issuedSchema } from './issued-certificates.js';
import { OcspClient } from './ocsp-client.js';
import { OcspResponder } from './ocsp-responder.js';
import { Sealing } from './sealing.js';

/** Everything about certificates that is not about one station, joined. */
export interface Pki {
  /** undefined: no key is configured. */
  readonly sealing: Sealing | undefined;
  readonly authority: CertificateAuthority | undefined;
  readonly responder: OcspResponder | undefined;
  readonly ocsp: OcspClient;
}

export async function createPki(
  { clock, store }: Pick<ServiceContext, 'clock' | 'store'>,
  { security, pki: options }: Pick<DeviceConfig, 'security' | 'pki'>,
  repository: Pick<DeviceRepository, 'station'>,
): Promise<Pki> {
  const now = (): number => clock.now();
  const sealing = security.secretKey === undefined ? undefined : new Sealing(security.secretKey);
  const outside = { allowPrivate: options.allowPrivateTargets, timeoutMs: options.ocspTimeoutMs, now };
  if (sealing === undefined)
    return { sealing, authority: undefined, responder: undefined, ocsp: new OcspClient({ ...outside, authorities: async () => [] }) };
  const issued = new IssuedCertificates(
    await store.collection<IssuedDoc>('issued_certificates', issuedSchema),
    async (stationId, serialNumber) => {
      const state = await repository.station(stationId);
      return state.kind !== 'none' && state.security.revoked.includes(serialNumber);
    },
    now,
  );
  const keys = new AuthorityKeys({
    collection: await store.collection<AuthorityDoc>('certificate_authority', authoritySchema),
    sealing,
    now,
  });
  const { organization, validityDays } = security;
  const authority = new BuiltInAuthority({ keys, issued, sealing, organization, validityDays, ocspUrl: options.ocspUrl });
  const authorities = async (): Promise<readonly Authority[]> => [await authority.root()];
  const responder = new OcspResponder(authorities, issued, now);
  const ocsp = new OcspClient({
    ...outside,
    own: responder,
    authorities: async () => (await authorities()).map(({ certificate }) => new Uint8Array(certificate.rawData)),
  });
  return { sealing, authority, responder, ocsp };
}
