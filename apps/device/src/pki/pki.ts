import { NO_SECURITY, type StationSecurity } from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceConfig } from '../config.js';
import type { DeviceRepository } from '../store/device-repository.js';
import { type Authority, type AuthorityDoc, AuthorityKeys, authoritySchema } from './authority-keys.js';
import { BuiltInAuthority } from './built-in-authority.js';
import type { CertificateAuthority } from './certificate-authority.js';
import { CrlClient } from './crl-client.js';
import { EarlierCertificates } from './earlier-certificates.js';
import { EstAuthority, type EstCertificatesDoc, estCertificatesSchema } from './est-authority.js';
import { IssuedCertificates, type IssuedDoc, issuedSchema } from './issued-certificates.js';
import { OcspClient } from './ocsp-client.js';
import { OcspResponder } from './ocsp-responder.js';
import { Revocations } from './revocation.js';
import { RevocationFollower } from './revocation-follower.js';
import { RevocationLists } from './revocation-lists.js';
import { Sealing } from './sealing.js';
import { TestPki } from './test-pki.js';
import { TrustedRoots } from './trusted-roots.js';

/** Everything about certificates that is not about one station, joined. */
export interface Pki {
  /** undefined: no key is configured. */
  readonly sealing: Sealing | undefined;
  /** Who makes client certificates for stations; its roots are all under which there are some. */
  readonly authority: CertificateAuthority | undefined;
  /** Who makes what stations ask for, by OCPP 2.x CertificateSigningUseEnumType. */
  readonly authorities: Readonly<Partial<Record<string, CertificateAuthority>>>;
  readonly issued: IssuedCertificates | undefined;
  readonly earlier: EarlierCertificates | undefined;
  readonly responder: OcspResponder | undefined;
  readonly lists: RevocationLists | undefined;
  /** Runs while the service does. */
  readonly follower: RevocationFollower | undefined;
  /** undefined: it is off. */
  readonly testPki: TestPki | undefined;
  /** Roots of mobility operators that the operator has in files. */
  readonly contractRoots: TrustedRoots;
  readonly ocsp: OcspClient;
  readonly crl: CrlClient;
  readonly revocations: Revocations;
}

type Context = Pick<ServiceContext, 'clock' | 'store' | 'log'>;
type Config = Pick<DeviceConfig, 'security' | 'pki'>;

export async function createPki(context: Context, config: Config, repository: Pick<DeviceRepository, 'station'>): Promise<Pki> {
  const now = (): number => context.clock.now();
  const { ocspTimeoutMs: timeoutMs, allowPrivateTargets: allowPrivate, contractRootsPath } = config.pki;
  const own = await createOwn(context, config, repository);
  const outside = await createOutside(context, config);
  const contractRoots = new TrustedRoots(contractRootsPath, now);
  const authorities = async (): Promise<readonly Uint8Array[]> => [
    ...((await own?.signing()) ?? []).map(({ certificate }) => new Uint8Array(certificate.rawData)),
    ...(await contractRoots.all()).map(({ raw }) => raw),
  ];
  const ocsp = new OcspClient({ allowPrivate, timeoutMs, now, own: own?.responder, authorities });
  const crl = new CrlClient({ allowPrivate, timeoutMs, now, authorities });
  const made = [outside.station, own?.authority].filter((each) => each !== undefined);
  const [first] = made;
  const v2g = outside.v2g ?? own?.testPki;
  return {
    sealing: own?.sealing,
    // What the built-in one made before goes on until it is renewed.
    authority: first === undefined ? undefined : { issue: (order) => first.issue(order), roots: () => rootsOf(made) },
    authorities: {
      ...(first === undefined ? {} : { ChargingStationCertificate: first }),
      ...(v2g === undefined ? {} : { V2GCertificate: v2g }),
    },
    issued: own?.issued,
    earlier: own?.earlier,
    responder: own?.responder,
    lists: own?.lists,
    follower: own?.follower,
    testPki: own?.testPki,
    contractRoots,
    ocsp,
    crl,
    revocations: new Revocations(ocsp, crl),
  };
}

const rootsOf = async (authorities: readonly CertificateAuthority[]): Promise<string> =>
  (await Promise.all(authorities.map((each) => each.roots()))).join('');

/** The authorities whose keys are here; undefined: no key seals them. */
async function createOwn(
  { clock, store, log }: Context,
  { security, pki: options }: Config,
  repository: Pick<DeviceRepository, 'station'>,
) {
  const { secretKey, organization, validityDays } = security;
  if (secretKey === undefined) return undefined;
  const now = (): number => clock.now();
  const sealing = new Sealing(secretKey);
  const securityOf = async (stationId: string): Promise<StationSecurity> => {
    const state = await repository.station(stationId);
    return state.kind === 'none' ? NO_SECURITY : state.security;
  };
  const issued = new IssuedCertificates(
    await store.collection<IssuedDoc>('issued_certificates', issuedSchema),
    async (stationId, serialNumber) => (await securityOf(stationId)).revoked.includes(serialNumber),
    now,
  );
  const keys = new AuthorityKeys({
    collection: await store.collection<AuthorityDoc>('certificate_authority', authoritySchema),
    sealing,
    now,
  });
  const { ocspUrl, crlUrl } = options;
  const revocation = { ocspUrl, crlUrl };
  const authority = new BuiltInAuthority({ keys, issued, sealing, organization, validityDays, revocation });
  const earlier = new EarlierCertificates(() => authority.root(), issued, securityOf);
  const testPki = options.testPki ? new TestPki({ keys, issued, sealing, organization, revocation }) : undefined;
  const signing = async (): Promise<readonly Authority[]> => [await authority.root(), ...((await testPki?.authorities()) ?? [])];
  return {
    sealing,
    issued,
    earlier,
    authority,
    testPki,
    signing,
    responder: new OcspResponder(signing, issued, now),
    lists: new RevocationLists(signing, issued, now),
    follower: new RevocationFollower({ log }, signing, issued, earlier),
  };
}

/** The authorities that are asked by EST. */
async function createOutside({ clock, store }: Context, { pki: { est } }: Config) {
  const kept = await store.collection<EstCertificatesDoc>('est_certificates', estCertificatesSchema);
  const at = (url: string): EstAuthority | undefined => (url === '' ? undefined : new EstAuthority({ ...est, url, kept, clock }));
  return { station: at(est.url), v2g: at(est.v2gUrl) };
}
