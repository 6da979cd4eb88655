import 'reflect-metadata';
import { createHash } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { OperatingError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import type { CertificateAuthority, CertificateOrder, IssuedCertificate } from './certificate-authority.js';
import type { Sealing } from './sealing.js';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const ROOT_ID = 'root';
const ROOT_YEARS = 20;
const YEAR_MS = 365 * 86_400_000;
/** Clocks of stations may be behind by this much, ms. */
const CLOCK_SKEW_MS = 3_600_000;

/** The root with its key, which only the configured key opens. */
export interface AuthorityDoc {
  readonly id: string;
  readonly version: number;
  readonly certificate: string;
  readonly sealedKey: string;
  readonly createdAt: string;
}

export const authoritySchema = new Schema(
  {
    id: { type: String, required: true },
    version: { type: Number, required: true },
    certificate: { type: String, required: true },
    sealedKey: { type: String, required: true },
    createdAt: { type: String, required: true },
  },
  { versionKey: false },
);

export interface BuiltInOptions {
  readonly collection: Collection<AuthorityDoc>;
  readonly sealing: Sealing;
  /** O of the root and of every certificate. */
  readonly organization: string;
  readonly validityDays: number;
  now(): number;
}

interface Root {
  readonly certificate: x509.X509Certificate;
  readonly key: CryptoKey;
}

/** One self-signed root (ECDSA, P-256), made when it is first needed and shared by all instances by the store. */
export class BuiltInAuthority implements CertificateAuthority {
  private root: Promise<Root> | undefined;

  constructor(private readonly options: BuiltInOptions) {}

  async roots(): Promise<string> {
    return `${(await this.open()).certificate.toString('pem')}\n`;
  }

  async issue({ stationId, publicKey, orderId, orderedAtMs }: CertificateOrder): Promise<IssuedCertificate> {
    const root = await this.open();
    const { sealing, organization, validityDays } = this.options;
    const serialNumber = serialOf(sealing.digest(orderId));
    const notAfterMs = Math.min(orderedAtMs + validityDays * 86_400_000, root.certificate.notAfter.getTime());
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber,
      issuer: root.certificate.subject,
      subject: [{ CN: [stationId] }, { O: [organization] }],
      notBefore: new Date(orderedAtMs - CLOCK_SKEW_MS),
      notAfter: new Date(notAfterMs),
      signingAlgorithm: CURVE,
      publicKey,
      signingKey: root.key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(root.certificate),
      ],
    });
    return {
      serialNumber: serialNumber.replace(/^0+(?=.)/, ''),
      certificateChain: `${certificate.toString('pem')}\n`,
      fingerprint: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
    };
  }

  private open(): Promise<Root> {
    this.root ??= this.load().catch((error: unknown) => {
      this.root = undefined;
      throw error;
    });
    return this.root;
  }

  private async load(): Promise<Root> {
    const { collection } = this.options;
    let doc = await collection.get(ROOT_ID);
    if (doc === undefined) {
      // Another instance may be faster: then its root counts.
      await collection.upsert([{ doc: await this.make(), expectedVersion: 0 }]);
      doc = await collection.get(ROOT_ID);
    }
    if (doc === undefined)
      throw new OperatingError('AuthorityUnavailable', 'the root of the certificate authority was written and is not there');
    return { certificate: new x509.X509Certificate(doc.certificate), key: await this.unseal(doc.sealedKey) };
  }

  private async make(): Promise<AuthorityDoc> {
    const { sealing, organization, now } = this.options;
    const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
    const createdAtMs = now();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialOf(sealing.digest(`root ${createdAtMs}`)),
      name: [{ CN: [`${organization} Station Root`] }, { O: [organization] }],
      notBefore: new Date(createdAtMs - CLOCK_SKEW_MS),
      notAfter: new Date(createdAtMs + ROOT_YEARS * YEAR_MS),
      signingAlgorithm: CURVE,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const createdAt = new Date(createdAtMs).toISOString();
    return { id: ROOT_ID, version: 1, certificate: certificate.toString('pem'), sealedKey: sealing.seal(key), createdAt };
  }

  private unseal(sealed: string): Promise<CryptoKey> {
    let key: Buffer;
    try {
      key = Buffer.from(this.options.sealing.open(sealed), 'base64');
    } catch (error) {
      throw new OperatingError('AuthorityKey', 'DEVICE_SECRET_KEY is not the key the certificate authority was sealed with', {
        cause: error,
      });
    }
    return crypto.subtle.importKey('pkcs8', new Uint8Array(key), CURVE, false, ['sign']);
  }
}

/** 16 bytes as a serial number: positive, and never 0. Source: RFC 5280 §4.1.2.2 */
function serialOf(bytes: Buffer): string {
  const serial = Buffer.from(bytes);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.toString('hex');
}
