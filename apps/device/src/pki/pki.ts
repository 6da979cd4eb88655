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
import { TestPki } from './test-pki.js';
import { TrustedRoots } from './trusted-roots.js';

/** Everything about certificates that is not about one station, joined. */
export interface Pki {
  /** undefined: no key is configured. */
  readonly sealing: Sealing | undefined;
  /** Who makes client certificates for stations. */
  readonly authority: CertificateAuthority | undefined;
  /** Who makes what stations ask for, by OCPP 2.x CertificateSigningUseEnumType. */
  readonly authorities: Readonly<Partial<Record<string, CertificateAuthority>>>;
  readonly issued: IssuedCertificates | undefined;
  readonly responder: OcspResponder | undefined;
  /** undefined: it is off. */
  readonly testPki: TestPki | undefined;
  /** Roots of mobility operators that the operator has in files. */
  readonly contractRoots: TrustedRoots;
  readonly ocsp: OcspClient;
}

export async function createPki(
  { clock, store }: Pick<ServiceContext, 'clock' | 'store'>,
  { security, pki: options }: Pick<DeviceConfig, 'security' | 'pki'>,
  repository: Pick<DeviceRepository, 'station'>,
): Promise<Pki> {
  const now = (): number => clock.now();
  const sealing = security.secretKey === undefined ? undefined : new Sealing(security.secretKey);
  const contractRoots = new TrustedRoots(options.contractRootsPath, now);
  const outside = { allowPrivate: options.allowPrivateTargets, timeoutMs: options.ocspTimeoutMs, now };
  const foreign = async (): Promise<readonly Uint8Array[]> => (await contractRoots.all()).map(({ raw }) => raw);
  if (sealing === undefined) {
    const none = { authority: undefined, authorities: {}, issued: undefined, responder: undefined, testPki: undefined };
    return { sealing, ...none, contractRoots, ocsp: new OcspClient({ ...outside, authorities: foreign }) };
  }
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
  const { ocspUrl } = options;
  const authority = new BuiltInAuthority({ keys, issued, sealing, organization, validityDays, ocspUrl });
  const testPki = options.testPki ? new TestPki({ keys, issued, sealing, organization, ocspUrl }) : undefined;
  const own = async (): Promise<readonly Authority[]> => [await authority.root(), ...((await testPki?.authorities()) ?? [])];
  const responder = new OcspResponder(own, issued, now);
  const ocsp = new OcspClient({
    ...outside,
    own: responder,
    authorities: async () => [...(await own()).map(({ certificate }) => new Uint8Array(certificate.rawData)), ...(await foreign())],
  });
  const authorities = { ChargingStationCertificate: authority, ...(testPki === undefined ? {} : { V2GCertificate: testPki }) };
  return { sealing, authority, authorities, issued, responder, testPki, contractRoots, ocsp };
}
