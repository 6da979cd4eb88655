import 'reflect-metadata';
import { AsnConvert } from '@peculiar/asn1-schema';
import { IssuingDistributionPoint } from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';
import { guardedFetch, type Resolve } from '@voltlog/outbound';
import { BoundedCache } from '@voltlog/store';
import { type CertificateId, issuerHashes, plainSerial } from './certificate-id.js';
import { RevocationUnknown } from './revocation-unknown.js';

/** Lists kept in memory. */
const LISTS_MAX = 64;
/** Bytes of a list: some hundred thousand certificates. */
const LIST_BYTES_MAX = 8 * 1_024 * 1_024;
/** Lists that are tried for one certificate. OCPP 2.1 GetCertificateChainStatus: five. */
const URLS_MAX = 5;
const SKEW_MS = 300_000;
/** A list that does not say until when it is good is fetched anew after this, ms. */
const FRESH_MS = 3_600_000;
/** However long a list says it is good, ms. */
const KEEP_MS_MAX = 7 * 86_400_000;
const IDP = '2.5.29.28';

interface List {
  readonly revoked: ReadonlySet<string>;
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  readonly untilMs: number;
}

export interface ListedStatus {
  readonly status: 'Good' | 'Revoked';
  /** Until when it may be used, ms. */
  readonly untilMs: number;
}

export interface CrlClientOptions {
  /** Lists at private addresses may be fetched. */
  readonly allowPrivate: boolean;
  /** For all lists of one certificate together. */
  readonly timeoutMs: number;
  /** Certificates of authorities that are known here, DER. */
  authorities(): Promise<readonly Uint8Array[]>;
  now(): number;
  readonly resolve?: Resolve;
}

/** Fetches the revocation lists that certificates name, checks who has signed them, and keeps them for as long as they are good. Source: RFC 5280 §6.3 */
export class CrlClient {
  private readonly kept = new BoundedCache<List>(LISTS_MAX);
  private readonly fetching = new Map<string, Promise<List>>();

  constructor(private readonly options: CrlClientOptions) {}

  /**
   * @param issuer DER, where the caller knows it
   * @throws {RevocationUnknown} when there is no list, or none that can be believed
   */
  async statusOf(id: CertificateId, urls: readonly string[], issuer?: Uint8Array): Promise<ListedStatus> {
    const endsAt = this.options.now() + this.options.timeoutMs;
    let last = new RevocationUnknown('the certificate names no revocation list');
    for (const url of urls.slice(0, URLS_MAX)) {
      const leftMs = endsAt - this.options.now();
      if (leftMs <= 0) break;
      try {
        const { revoked, untilMs } = await this.list(id, url, { leftMs, issuer });
        return { status: revoked.has(id.serialNumber) ? 'Revoked' : 'Good', untilMs };
      } catch (error) {
        last = RevocationUnknown.of('no revocation list', error);
      }
    }
    throw last;
  }

  private async list(
    id: CertificateId,
    url: string,
    { leftMs, issuer }: { readonly leftMs: number; readonly issuer: Uint8Array | undefined },
  ): Promise<List> {
    const key = `${id.hashAlgorithm}:${id.issuerKeyHash}:${id.issuerNameHash}:${url}`;
    const kept = this.kept.get(key);
    if (kept !== undefined && kept.untilMs > this.options.now()) return kept;
    let fetching = this.fetching.get(key);
    if (fetching === undefined) {
      fetching = this.fetch(id, url, leftMs, issuer).finally(() => this.fetching.delete(key));
      this.fetching.set(key, fetching);
    }
    const list = await fetching;
    this.kept.set(key, list);
    return list;
  }

  private async fetch(id: CertificateId, url: string, timeoutMs: number, issuer: Uint8Array | undefined): Promise<List> {
    const { allowPrivate, authorities, now, resolve } = this.options;
    const { status, body } = await guardedFetch(
      { method: 'GET', url, headers: { accept: 'application/pkix-crl' } },
      { allowPrivate, allowHttp: true, timeoutMs, bytesMax: LIST_BYTES_MAX, ...(resolve === undefined ? {} : { resolve }) },
    );
    if (status !== 200) throw new RevocationUnknown(`the server of the revocation list answered ${status}`);
    const known = [...(issuer === undefined ? [] : [issuer]), ...(await authorities())];
    const authority = known.find((each) => isIssuer(each, id));
    if (authority === undefined) throw new RevocationUnknown('the issuer of the certificate is not known, so its list cannot be checked');
    return readList(body, authority, id, now());
  }
}

async function readList(body: Buffer, authority: Uint8Array, id: CertificateId, nowMs: number): Promise<List> {
  let crl: x509.X509Crl;
  try {
    crl = new x509.X509Crl(body.subarray(0, 11).toString('latin1') === '-----BEGIN ' ? body.toString('latin1') : new Uint8Array(body));
  } catch (error) {
    throw new RevocationUnknown('what was fetched is no revocation list', { cause: error });
  }
  const issuer = new x509.X509Certificate(new Uint8Array(authority));
  if (crl.issuer !== issuer.subject) throw new RevocationUnknown('the revocation list is of another authority');
  if (!(await crl.verify({ publicKey: issuer.publicKey }).catch(() => false)))
    throw new RevocationUnknown('the signature of the revocation list is wrong');
  const untilMs = crl.nextUpdate?.getTime() ?? nowMs + FRESH_MS;
  if (crl.thisUpdate.getTime() > nowMs + SKEW_MS) throw new RevocationUnknown('the revocation list is of the future');
  if (untilMs < nowMs - SKEW_MS) throw new RevocationUnknown('the revocation list is too old');
  checkExtensions(crl);
  return {
    revoked: new Set(crl.entries.map(({ serialNumber }) => plainSerial(serialNumber))),
    issuerNameHash: id.issuerNameHash,
    issuerKeyHash: id.issuerKeyHash,
    untilMs: Math.min(untilMs, nowMs + KEEP_MS_MAX),
  };
}

/** A list of changes, or of others' certificates, says less than it seems to. Source: RFC 5280 §5.2 */
function checkExtensions({ extensions }: x509.X509Crl): void {
  for (const { type, critical, value } of extensions) {
    if (type === IDP) {
      const point = AsnConvert.parse(value, IssuingDistributionPoint);
      if (point.indirectCRL || point.onlySomeReasons !== undefined || point.onlyContainsAttributeCerts)
        throw new RevocationUnknown('the revocation list is not about all certificates of its authority');
    } else if (critical) throw new RevocationUnknown('the revocation list has a critical part that is not understood');
  }
}

function isIssuer(der: Uint8Array, id: CertificateId): boolean {
  const hashes = issuerHashes(der, id.hashAlgorithm);
  return hashes.issuerKeyHash === id.issuerKeyHash && hashes.issuerNameHash === id.issuerNameHash;
}
