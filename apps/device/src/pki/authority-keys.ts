import 'reflect-metadata';
import { KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { isoTime, OperatingError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import type { Sealing } from './sealing.js';

export const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks of stations may be behind by this much, ms. */
export const CLOCK_SKEW_MS = 3_600_000;

/** An authority with its key, which only the configured key opens. */
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

/** A certificate that can sign others. */
export interface Authority {
  readonly id: string;
  readonly certificate: x509.X509Certificate;
  readonly key: CryptoKey;
}

/** What an authority that is not there yet is made of. */
export interface NewAuthority {
  readonly name: x509.JsonName;
  readonly notAfterMs: number;
  /** undefined: it signs itself. */
  readonly issuer?: Authority;
  readonly extensions: readonly x509.Extension[];
}

/** Authorities with keys of their own (ECDSA, P-256), each made when it is first needed and shared by all instances by the store. */
export class AuthorityKeys {
  private readonly opened = new Map<string, Promise<Authority>>();

  constructor(private readonly options: { readonly collection: Collection<AuthorityDoc>; readonly sealing: Sealing; now(): number }) {}

  /** @param make asked when there is none yet */
  open(id: string, make: (nowMs: number) => Promise<NewAuthority> | NewAuthority): Promise<Authority> {
    let authority = this.opened.get(id);
    if (authority === undefined) {
      authority = this.load(id, make).catch((error: unknown) => {
        this.opened.delete(id);
        throw error;
      });
      this.opened.set(id, authority);
    }
    return authority;
  }

  private async load(id: string, make: (nowMs: number) => Promise<NewAuthority> | NewAuthority): Promise<Authority> {
    const { collection } = this.options;
    let doc = await collection.get(id);
    if (doc === undefined) {
      // Another instance may be faster: then its authority counts.
      const nowMs = this.options.now();
      await collection.upsert([{ doc: await this.made(id, await make(nowMs), nowMs), expectedVersion: 0 }]);
      doc = await collection.get(id);
    }
    if (doc === undefined) throw new OperatingError('AuthorityUnavailable', `the certificate authority ${id} was written and is not there`);
    return { id, certificate: new x509.X509Certificate(doc.certificate), key: await this.unseal(doc.sealedKey) };
  }

  private async made(id: string, { name, notAfterMs, issuer, extensions }: NewAuthority, nowMs: number): Promise<AuthorityDoc> {
    const { sealing } = this.options;
    const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
    const params = {
      serialNumber: serialOf(sealing.digest(`${id} ${nowMs}`)),
      notBefore: new Date(nowMs - CLOCK_SKEW_MS),
      notAfter: new Date(notAfterMs),
      signingAlgorithm: CURVE,
      extensions: [...extensions, await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
    };
    const certificate =
      issuer === undefined
        ? await x509.X509CertificateGenerator.createSelfSigned({ ...params, name, keys })
        : await x509.X509CertificateGenerator.create({
            ...params,
            subject: name,
            issuer: issuer.certificate.subject,
            publicKey: keys.publicKey,
            signingKey: issuer.key,
          });
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    return { id, version: 1, certificate: certificate.toString('pem'), sealedKey: sealing.seal(key), createdAt: isoTime(nowMs) };
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
    // Extractable for `signingKeyOf` alone; it never leaves this process.
    return crypto.subtle.importKey('pkcs8', new Uint8Array(key), CURVE, true, ['sign']);
  }
}

/** 16 bytes as a serial number: positive, and never 0. Source: RFC 5280 §4.1.2.2 */
export function serialOf(bytes: Buffer): string {
  const serial = Buffer.from(bytes);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.toString('hex');
}

/** For `node:crypto`, whose signatures are DER. */
export const signingKeyOf = ({ key }: Authority): KeyObject => KeyObject.from(key);
