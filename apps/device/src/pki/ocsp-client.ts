import { randomBytes } from 'node:crypto';
import { guardedFetch, type Resolve } from '@voltlog/outbound';
import { BoundedCache } from '@voltlog/store';
import { type CertificateId, textOfId } from './certificate-id.js';
import { type CertificateStatus, encodeOcspRequest, readOcspResponse } from './ocsp-message.js';
import type { OcspResponder } from './ocsp-responder.js';
import { RevocationUnknown } from './revocation-unknown.js';

/** Answers kept in memory; some 2 kB each. */
const ANSWERS_MAX = 10_000;
/** Bytes of an answer: a status, a signature and a few certificates. */
const ANSWER_BYTES_MAX = 32_768;
/** Responders that are asked about one certificate. */
const URLS_MAX = 4;
/** An answer that ends sooner than this is not kept, ms. */
const KEEP_MS_MIN = 1_000;
/** However long an answer says it is good: a revocation must be seen some day, ms. */
const KEEP_MS_MAX = 7 * 86_400_000;

export interface OcspClientOptions {
  /** Responders at private addresses may be asked. */
  readonly allowPrivate: boolean;
  /** For all responders of one certificate together. */
  readonly timeoutMs: number;
  /** Certificates of authorities that are known here, DER. */
  authorities(): Promise<readonly Uint8Array[]>;
  /** Of our own authorities; they are not asked by HTTP. */
  readonly own?: Pick<OcspResponder, 'statusOf'> | undefined;
  now(): number;
  readonly resolve?: Resolve;
}

/**
 * Asks the responder that a certificate names whether it is revoked, checks what it says, and keeps that for as long as it is good. Many who
 * ask about the same certificate cause one request.
 */
export class OcspClient {
  private readonly kept = new BoundedCache<CertificateStatus>(ANSWERS_MAX);
  private readonly asking = new Map<string, Promise<CertificateStatus>>();

  constructor(private readonly options: OcspClientOptions) {}

  /**
   * @param issuer DER, where the caller knows it
   * @throws {RevocationUnknown} when nobody answers, or not so that it can be believed: in plain words, without addresses of our own network
   */
  async statusOf(id: CertificateId, urls: readonly string[], issuer?: Uint8Array): Promise<CertificateStatus> {
    const own = await this.options.own?.statusOf(id);
    if (own !== undefined) return own;
    const key = textOfId(id);
    const kept = this.kept.get(key);
    if (kept !== undefined && kept.untilMs > this.options.now()) return kept;
    let asking = this.asking.get(key);
    if (asking === undefined) {
      asking = this.askAll(id, urls, issuer).finally(() => this.asking.delete(key));
      this.asking.set(key, asking);
    }
    return asking;
  }

  private async askAll(id: CertificateId, urls: readonly string[], issuer: Uint8Array | undefined): Promise<CertificateStatus> {
    const endsAt = this.options.now() + this.options.timeoutMs;
    let last: unknown = new RevocationUnknown('the certificate names no responder');
    for (const url of urls.slice(0, URLS_MAX)) {
      const leftMs = endsAt - this.options.now();
      if (leftMs <= 0) break;
      try {
        const status = await this.ask(id, url, { timeoutMs: leftMs, issuer });
        const now = this.options.now();
        const untilMs = Math.min(status.untilMs, now + KEEP_MS_MAX);
        if (untilMs - now >= KEEP_MS_MIN) this.kept.set(textOfId(id), { ...status, untilMs });
        return status;
      } catch (error) {
        last = error;
      }
    }
    throw RevocationUnknown.of('no answer of the responder', last);
  }

  private async ask(
    id: CertificateId,
    url: string,
    { timeoutMs, issuer }: { readonly timeoutMs: number; readonly issuer: Uint8Array | undefined },
  ): Promise<CertificateStatus> {
    const { allowPrivate, authorities, now, resolve } = this.options;
    const nonce = randomBytes(16);
    const { status, body } = await guardedFetch(
      { method: 'POST', url, headers: { 'content-type': 'application/ocsp-request' }, body: encodeOcspRequest(id, nonce) },
      { allowPrivate, allowHttp: true, timeoutMs, bytesMax: ANSWER_BYTES_MAX, ...(resolve === undefined ? {} : { resolve }) },
    );
    if (status !== 200) throw new RevocationUnknown(`the responder answered ${status}`);
    return readOcspResponse(body, {
      id,
      nonce,
      nowMs: now(),
      authorities: [...(issuer === undefined ? [] : [issuer]), ...(await authorities())],
    });
  }
}
