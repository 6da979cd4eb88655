import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
let serial = 0x1000;

/** A certificate with its key, both PEM. */
export interface TestIdentity {
  readonly certificate: string;
  readonly key: string;
  /** Lower-case hexadecimal without leading zeros. */
  readonly serialNumber: string;
}

export interface TestSubject {
  readonly commonName: string;
  readonly organization?: string;
  /** Names and addresses of a server; absent: the certificate is a client's. */
  readonly hosts?: readonly string[];
  /** Days from now; negative: in the past. Default -1 and 30. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** A certificate authority for a test. */
export class TestAuthority {
  private constructor(
    readonly certificate: string,
    private readonly issuer: x509.X509Certificate,
    private readonly keys: CryptoKeyPair,
  ) {}

  static async create(commonName = 'Test Root'): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
    const issuer = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: (serial++).toString(16),
      name: `CN=${commonName}`,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 365 * DAY_MS),
      signingAlgorithm: CURVE,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    return new TestAuthority(issuer.toString('pem'), issuer, keys);
  }

  async issue({ commonName, organization, hosts, notBefore = -1, notAfter = 30 }: TestSubject): Promise<TestIdentity> {
    const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
    const usage = hosts === undefined ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
    const serialNumber = (serial++).toString(16);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber,
      issuer: this.issuer.subject,
      subject: nameOf(commonName, organization),
      notBefore: new Date(Date.now() + notBefore * DAY_MS),
      notAfter: new Date(Date.now() + notAfter * DAY_MS),
      signingAlgorithm: CURVE,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(hosts === undefined ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map(toGeneralName))]),
      ],
    });
    return { certificate: certificate.toString('pem'), key: await toPem(keys.privateKey), serialNumber };
  }
}

/** A CSR of a new P-256 key with its key, both PEM. */
export async function testCsr(commonName: string, organization?: string): Promise<{ readonly csr: string; readonly key: string }> {
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(commonName, organization),
    keys,
    signingAlgorithm: CURVE,
  });
  return { csr: csr.toString('pem'), key: await toPem(keys.privateKey) };
}

const nameOf = (commonName: string, organization: string | undefined): x509.JsonName =>
  organization === undefined ? [{ CN: [commonName] }] : [{ CN: [commonName] }, { O: [organization] }];

const toGeneralName = (host: string): x509.JsonGeneralName => ({ type: /^[\d.]+$/.test(host) ? 'ip' : 'dns', value: host });

async function toPem(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`;
}

/** How OCPP names a certificate under its issuer, SHA-256. Source: OCPP 2.0.1 Part 2 CertificateHashDataType */
export function hashDataOf(certificate: string, issuer: string) {
  const { tbsCertificate } = AsnConvert.parse(new x509.X509Certificate(issuer).rawData, Certificate);
  const hash = (bytes: ArrayBuffer): string => createHash('sha256').update(new Uint8Array(bytes)).digest('hex');
  return {
    hashAlgorithm: 'SHA256' as const,
    issuerNameHash: hash(AsnConvert.serialize(tbsCertificate.subject)),
    issuerKeyHash: hash(tbsCertificate.subjectPublicKeyInfo.subjectPublicKey),
    serialNumber: new x509.X509Certificate(certificate).serialNumber.replace(/^0+/, ''),
  };
}
