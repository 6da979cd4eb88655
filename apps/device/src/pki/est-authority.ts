import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import * as x509 from '@peculiar/x509';
import { type Clock, OperatingError } from '@voltlog/kernel';
import { type FetchedAnswer, type FetchRequest, guardedFetch } from '@voltlog/outbound';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import { issuedOf } from './built-in-authority.js';
import {
  AuthorityBusy,
  type CertificateAuthority,
  type CertificateOrder,
  type IssuedCertificate,
  OrderRefused,
} from './certificate-authority.js';

/** How long one request may take; a slow authority is asked again, ms. */
const REQUEST_MS = 20_000;
/** Bytes of an answer: a chain, or all certificates of an authority. */
const ANSWER_BYTES_MAX = 262_144;
/** How long the certificates of the authority are used without asking again, ms. */
const FRESH_MS = 3_600_000;
/** Characters of a refusal that are told on. */
const WORDS_MAX = 200;

/** The certificates of an authority, for when it cannot be asked. */
export interface EstCertificatesDoc {
  /** The address. */
  readonly id: string;
  /** PEM */
  readonly certificates: string;
}

export const estCertificatesSchema = new Schema<EstCertificatesDoc>(
  { id: { type: String, required: true }, certificates: { type: String, required: true } },
  { versionKey: false },
);

export interface EstOptions {
  /** `https://host/.well-known/est`, with a label behind it or without. */
  readonly url: string;
  /** Basic authentication; empty: none. */
  readonly user: string;
  readonly password: string;
  /** Files in PEM; empty: the roots of the system, no certificate of our own. */
  readonly caPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  readonly kept: Collection<EstCertificatesDoc>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timeoutMs?: number;
}

/** A certificate authority outside, by Enrollment over Secure Transport. Source: RFC 7030 §4.1 (cacerts), §4.2 (simpleenroll, simplereenroll) */
export class EstAuthority implements CertificateAuthority {
  private known: { readonly certificates: readonly x509.X509Certificate[]; readonly atMs: number } | undefined;

  constructor(private readonly options: EstOptions) {}

  async roots(): Promise<string> {
    const roots = (await this.certificates()).filter(isRoot);
    return roots.map((each) => `${each.toString('pem')}\n`).join('');
  }

  async issue({ csr, publicKey, renews = false }: CertificateOrder): Promise<IssuedCertificate> {
    const der = Buffer.from(new x509.Pkcs10CertificateRequest(csr).rawData);
    const answer = renews ? await this.renewed(der) : await this.enrolled('simpleenroll', der);
    const all = certificatesIn(answer);
    const key = Buffer.from(publicKey.rawData);
    const own = all.find((each) => key.equals(Buffer.from(each.publicKey.rawData)));
    if (own === undefined)
      throw new OperatingError('AuthorityAnswer', 'the certificate authority answered with a certificate of another key');
    const between = await this.between(own, [...all, ...(await this.certificates())]);
    return issuedOf(
      own,
      between.map((each) => each.toString('pem')),
    );
  }

  /**
   * What follows a certificate is asked for as that. An authority that does not offer it, or takes it from the holder of the old key alone, is
   * asked as if there had been none: its word on that counts.
   */
  private async renewed(csrDer: Buffer): Promise<Buffer> {
    try {
      return await this.enrolled('simplereenroll', csrDer);
    } catch (error) {
      if (error instanceof OrderRefused || error instanceof OperationNotOffered) return this.enrolled('simpleenroll', csrDer);
      throw error;
    }
  }

  private enrolled(operation: 'simpleenroll' | 'simplereenroll', csrDer: Buffer): Promise<Buffer> {
    return this.ask(operation, {
      method: 'POST',
      headers: { 'content-type': 'application/pkcs10', 'content-transfer-encoding': 'base64' },
      body: csrDer.toString('base64'),
    });
  }

  /** From the certificate up to its root, without the two. */
  private async between(own: x509.X509Certificate, all: readonly x509.X509Certificate[]): Promise<readonly x509.X509Certificate[]> {
    const chain: x509.X509Certificate[] = [];
    let current = own;
    while (chain.length < all.length) {
      const { issuer } = current;
      const above = all.find((each) => each.subject === issuer && !isRoot(each) && each !== current && !chain.includes(each));
      if (above === undefined || !(await current.verify({ publicKey: above.publicKey, signatureOnly: true }))) break;
      chain.push(above);
      current = above;
    }
    return chain;
  }

  private async certificates(): Promise<readonly x509.X509Certificate[]> {
    const { url, kept, clock } = this.options;
    if (this.known !== undefined && clock.now() - this.known.atMs < FRESH_MS) return this.known.certificates;
    try {
      const certificates = certificatesIn(await this.ask('cacerts', { method: 'GET' }));
      await kept.upsert([{ doc: { id: url, certificates: certificates.map((each) => each.toString('pem')).join('\n') } }]);
      this.known = { certificates, atMs: clock.now() };
      return certificates;
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      const before = await kept.get(url);
      if (before === undefined) throw error;
      return x509.PemConverter.decode(before.certificates).map((each) => new x509.X509Certificate(each));
    }
  }

  /** The body of the answer, out of base64. */
  private async ask(operation: string, request: Omit<FetchRequest, 'url'>): Promise<Buffer> {
    const { url, user, password, timeoutMs = REQUEST_MS } = this.options;
    const authorization = user === '' ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    let answer: FetchedAnswer;
    try {
      answer = await guardedFetch(
        { ...request, url: `${url}/${operation}`, headers: { ...request.headers, ...authorization } },
        // The operator has chosen it.
        { allowPrivate: true, allowHttp: false, timeoutMs, bytesMax: ANSWER_BYTES_MAX, tls: await this.tls() },
      );
    } catch (error) {
      throw new OperatingError('AuthorityUnavailable', `the certificate authority cannot be asked: ${wordsOf(error)}`, { cause: error });
    }
    const { status, headers, body } = answer;
    if (status === 200) return Buffer.from(body.toString('latin1'), 'base64');
    const words = body
      .toString('utf8')
      .replace(/\p{C}+/gu, ' ')
      .trim()
      .slice(0, WORDS_MAX);
    const said = `the certificate authority answered ${status}${words === '' ? '' : `: ${words}`}`;
    // RFC 7030 §4.2.3: 202 wants the same request again, later.
    if (status === 202 || status === 429 || status === 503)
      throw new AuthorityBusy(said, retryMs(headers['retry-after'], this.options.clock.now()));
    if (status === 400 || status === 422) throw new OrderRefused(said);
    if (NOT_OFFERED.has(status) || (operation === 'simplereenroll' && status === 401))
      throw new OperationNotOffered('AuthorityUnavailable', said);
    throw new OperatingError('AuthorityUnavailable', said);
  }

  private async tls() {
    const { caPath, certPath, keyPath } = this.options;
    const read = (path: string) => (path === '' ? undefined : readFile(path, 'utf8'));
    const [ca, cert, key] = await Promise.all([read(caPath), read(certPath), read(keyPath)]);
    return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  }
}

/** Not this, or not from us. Of a renewal 401 may mean that too: only the holder of the old key is known for it. */
const NOT_OFFERED: ReadonlySet<number> = new Set([403, 404, 405, 501]);
class OperationNotOffered extends OperatingError {}

/** Of a certs-only PKCS#7. @throws {OperatingError} when it is none */
function certificatesIn(der: Buffer): readonly x509.X509Certificate[] {
  try {
    const all = [...new x509.X509Certificates(new Uint8Array(der))];
    if (all.length > 0) return all;
  } catch (error) {
    throw new OperatingError('AuthorityAnswer', 'what the certificate authority answered is no PKCS#7', { cause: error });
  }
  throw new OperatingError('AuthorityAnswer', 'the certificate authority answered without a certificate');
}

const isRoot = ({ subject, issuer }: x509.X509Certificate): boolean => subject === issuer;

/** Seconds or a date. undefined: not said. */
function retryMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
