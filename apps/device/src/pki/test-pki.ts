import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { type Authority, type AuthorityKeys, CLOCK_SKEW_MS, serialOf } from './authority-keys.js';
import { certify, issuedOf, type RevocationUrls, revocationAt, YEAR_MS } from './built-in-authority.js';
import type { CertificateAuthority, CertificateOrder, IssuedCertificate } from './certificate-authority.js';
import type { IssuedCertificates } from './issued-certificates.js';
import type { Sealing } from './sealing.js';

const ROOT_YEARS = 20;
const SUB_YEARS = 10;
const DAY_MS = 86_400_000;

/** Roots first, each with the one under it that signs, and the domain component of who is under that. Source: ISO 15118-2 Annex F */
const CHAINS = {
  /** Stations towards cars. */
  cpo: {
    root: 'test-v2g-root',
    rootName: 'Test V2G Root',
    sub: 'test-cpo-sub-ca',
    subName: 'Test CPO Sub-CA',
    use: 'V2GRootCertificate',
    component: 'CPO',
  },
  /** Who signs what a car is sent (CPS). */
  provisioning: {
    root: 'test-v2g-root',
    rootName: 'Test V2G Root',
    sub: 'test-provisioning-sub-ca',
    subName: 'Test Provisioning Sub-CA',
    use: 'V2GRootCertificate',
    component: 'CPS',
  },
  /** Contracts. */
  mo: {
    root: 'test-mo-root',
    rootName: 'Test MO Root',
    sub: 'test-mo-sub-ca',
    subName: 'Test MO Sub-CA',
    use: 'MORootCertificate',
    component: 'MO',
  },
  /** Cars, from their maker. */
  oem: {
    root: 'test-oem-root',
    rootName: 'Test OEM Root',
    sub: 'test-oem-sub-ca',
    subName: 'Test OEM Sub-CA',
    use: 'OEMRootCertificate',
    component: 'OEM',
  },
} as const;
export type ChainName = keyof typeof CHAINS;

export interface TestPkiOptions {
  readonly keys: AuthorityKeys;
  readonly issued: IssuedCertificates;
  readonly sealing: Sealing;
  readonly organization: string;
  readonly revocation: RevocationUrls;
}

/** What is made for somebody by one of the authorities. */
export interface EndOrder {
  readonly chain: ChainName;
  /** Chance, or the order: the serial number is made of it. */
  readonly orderId: string;
  readonly commonName: string;
  readonly stationId: string;
  readonly publicKey: x509.PublicKey | CryptoKey;
  readonly notBeforeMs: number;
  readonly days: number;
}

/**
 * A PKI for Plug & Charge as ISO 15118-2 has it, to try everything with: a V2G root over CPO and provisioning authorities, a mobility operator's
 * and a car maker's root with theirs. No car outside of tests knows its roots.
 */
export class TestPki implements CertificateAuthority {
  constructor(private readonly options: TestPkiOptions) {}

  /** Roots under which stations prove themselves to cars. */
  async roots(): Promise<string> {
    return `${(await this.open('cpo')).root.certificate.toString('pem')}\n`;
  }

  /** A station's certificate towards cars. */
  issue({ stationId, publicKey, orderId, orderedAtMs }: CertificateOrder): Promise<IssuedCertificate> {
    return this.end({
      chain: 'cpo',
      orderId,
      commonName: stationId,
      stationId,
      publicKey,
      notBeforeMs: orderedAtMs - CLOCK_SKEW_MS,
      // ISO 15118-2 Table F.1: two to three months.
      days: 90,
    });
  }

  /** The certificate and the one of the authority that signed it, for a chain without its root. */
  async end({ chain, orderId, commonName, stationId, publicKey, notBeforeMs, days }: EndOrder): Promise<IssuedCertificate> {
    const { sealing, issued, organization, revocation } = this.options;
    const { sub } = await this.open(chain);
    const certificate = await certify(sub, {
      serialNumber: serialOf(sealing.digest(`${chain} ${orderId}`)),
      subject: [{ CN: [commonName] }, { O: [organization] }, { DC: [CHAINS[chain].component] }],
      notBeforeMs,
      notAfterMs: notBeforeMs + days * DAY_MS,
      publicKey,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyAgreement, true),
        ...revocationAt(revocation, sub.id),
      ],
    });
    const made = issuedOf(certificate, [sub.certificate.toString('pem')]);
    await issued.add({ authority: sub.id, serialNumber: made.serialNumber, stationId, commonName, notAfter: made.notAfter });
    return made;
  }

  /** The roots that stations are given, by OCPP 2.x InstallCertificateUseEnumType. */
  async installable(): Promise<readonly { readonly certificateType: string; readonly certificate: string }[]> {
    const chains = await Promise.all((['cpo', 'mo', 'oem'] as const).map(async (name) => ({ name, ...(await this.open(name)) })));
    return chains.map(({ name, root }) => ({ certificateType: CHAINS[name].use, certificate: `${root.certificate.toString('pem')}\n` }));
  }

  /** Whether one that was made here is revoked. @param serialNumber lower-case hexadecimal without leading zeros */
  async isRevoked(name: ChainName, serialNumber: string): Promise<boolean> {
    return typeof (await this.options.issued.statusOf((await this.open(name)).sub.id, serialNumber)) === 'object';
  }

  /** All of them: their certificates are answered for. */
  async authorities(): Promise<readonly Authority[]> {
    const chains = await Promise.all((Object.keys(CHAINS) as ChainName[]).map((name) => this.open(name)));
    return [...new Set(chains.flatMap(({ root, sub }) => [root, sub]))];
  }

  async open(name: ChainName): Promise<{ readonly root: Authority; readonly sub: Authority }> {
    const { keys, organization, revocation } = this.options;
    const { root: rootId, rootName, sub: subId, subName } = CHAINS[name];
    const root = await keys.open(rootId, (nowMs) => ({
      name: [{ CN: [rootName] }, { O: [organization] }],
      notAfterMs: nowMs + ROOT_YEARS * YEAR_MS,
      extensions: authorityExtensions(1),
    }));
    const sub = await keys.open(subId, async (nowMs) => ({
      name: [{ CN: [subName] }, { O: [organization] }],
      notAfterMs: nowMs + SUB_YEARS * YEAR_MS,
      issuer: root,
      extensions: [
        ...authorityExtensions(0),
        ...revocationAt(revocation, rootId),
        await x509.AuthorityKeyIdentifierExtension.create(root.certificate),
      ],
    }));
    await this.options.issued.add({
      authority: root.id,
      serialNumber: sub.certificate.serialNumber.replace(/^0+/, ''),
      stationId: '',
      commonName: subName,
      notAfter: sub.certificate.notAfter.toISOString(),
    });
    return { root, sub };
  }
}

const authorityExtensions = (pathLength: number): x509.Extension[] => [
  new x509.BasicConstraintsExtension(true, pathLength, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
];
