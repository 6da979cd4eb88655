import 'reflect-metadata';
import { createHash, sign } from 'node:crypto';
import {
  BasicOCSPResponse,
  CertStatus,
  id_pkix_ocsp_basic,
  id_pkix_ocsp_nonce,
  KeyHash,
  OCSPRequest,
  OCSPResponse,
  OCSPResponseStatus,
  ResponderID,
  ResponseBytes,
  ResponseData,
  RevokedInfo,
  SingleResponse,
} from '@peculiar/asn1-ocsp';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, type Extension } from '@peculiar/asn1-x509';
import { type Authority, signingKeyOf } from './authority-keys.js';
import { type CertificateId, type HashAlgorithm, issuerHashes } from './certificate-id.js';
import type { IssuedCertificates } from './issued-certificates.js';
import { type CertificateStatus, fromCertId, toCertId } from './ocsp-message.js';

/** How long an answer may be used: a revocation is seen at the latest after this, ms. */
const GOOD_FOR_MS = 3_600_000;
/** Certificates in one request. */
const REQUESTS_MAX = 16;
/** Bytes of a request: 16 certificates and their names. */
export const OCSP_REQUEST_BYTES_MAX = 8_192;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
/** Bytes of a nonce. Source: RFC 8954 §2.1 */
const NONCE_BYTES_MAX = 128;

/** Answers whether certificates of our own authorities are revoked, signed by the authority itself. Source: RFC 6960 */
export class OcspResponder {
  constructor(
    private readonly authorities: () => Promise<readonly Authority[]>,
    private readonly issued: Pick<IssuedCertificates, 'statusOf'>,
    private readonly now: () => number,
  ) {}

  /** undefined: no authority of ours has made it. */
  async statusOf(id: CertificateId): Promise<CertificateStatus | undefined> {
    const authority = issuerOf(await this.authorities(), id);
    if (authority === undefined) return undefined;
    const { single, status } = await this.single(authority, id);
    return { status, der: signed(authority, [single], [], this.now()), untilMs: single.nextUpdate?.getTime() ?? this.now() };
  }

  /** The answer to a request as it came by HTTP; what is wrong with it is an answer too. */
  async respond(requestDer: Buffer): Promise<Buffer> {
    if (requestDer.length > OCSP_REQUEST_BYTES_MAX) return failed(OCSPResponseStatus.malformedRequest);
    let request: OCSPRequest;
    try {
      request = AsnConvert.parse(requestDer, OCSPRequest);
    } catch {
      return failed(OCSPResponseStatus.malformedRequest);
    }
    const { requestList, requestExtensions = [] } = request.tbsRequest;
    if (requestList.length === 0 || requestList.length > REQUESTS_MAX) return failed(OCSPResponseStatus.malformedRequest);
    const ids = requestList.map(({ reqCert }) => fromCertId(reqCert));
    const [first] = ids;
    const authority = first === undefined ? undefined : issuerOf(await this.authorities(), first);
    // One signature for all: they must be of one authority.
    if (authority === undefined) return failed(OCSPResponseStatus.unauthorized);
    const singles: SingleResponse[] = [];
    for (const id of ids) {
      if (id === undefined || !isIssuer(authority, id)) return failed(OCSPResponseStatus.unauthorized);
      singles.push((await this.single(authority, id)).single);
    }
    const nonce = requestExtensions.filter(
      ({ extnID, extnValue }) => extnID === id_pkix_ocsp_nonce && extnValue.byteLength <= NONCE_BYTES_MAX,
    );
    return signed(authority, singles, nonce.slice(0, 1), this.now());
  }

  private async single(
    authority: Authority,
    id: CertificateId,
  ): Promise<{ readonly single: SingleResponse; readonly status: CertificateStatus['status'] }> {
    const known = await this.issued.statusOf(authority.id, id.serialNumber);
    const thisUpdate = wholeSecond(this.now());
    const at = { certID: toCertId(id), thisUpdate, nextUpdate: new Date(thisUpdate.getTime() + GOOD_FOR_MS) };
    if (known === 'good') return { single: new SingleResponse({ ...at, certStatus: new CertStatus({ good: null }) }), status: 'Good' };
    if (known === 'unknown')
      return { single: new SingleResponse({ ...at, certStatus: new CertStatus({ unknown: null }) }), status: 'Unknown' };
    const revoked = new RevokedInfo({ revocationTime: wholeSecond(Date.parse(known.revokedAt)) });
    return { single: new SingleResponse({ ...at, certStatus: new CertStatus({ revoked }) }), status: 'Revoked' };
  }
}

function signed(authority: Authority, responses: SingleResponse[], extensions: readonly Extension[], nowMs: number): Buffer {
  const key = new Uint8Array(authority.certificate.publicKey.rawData);
  const tbsResponseData = new ResponseData({
    responderID: new ResponderID({ byKey: new KeyHash(createHash('sha1').update(keyBits(key)).digest()) }),
    producedAt: wholeSecond(nowMs),
    responses,
    ...(extensions.length === 0 ? {} : { responseExtensions: [...extensions] }),
  });
  const data = new Uint8Array(AsnConvert.serialize(tbsResponseData));
  const basic = new BasicOCSPResponse({
    tbsResponseData,
    tbsResponseDataRaw: data.buffer,
    signatureAlgorithm: new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 }),
    signature: new Uint8Array(sign('sha256', data, signingKeyOf(authority))).buffer,
  });
  const responseBytes = new ResponseBytes({ responseType: id_pkix_ocsp_basic, response: new OctetString(AsnConvert.serialize(basic)) });
  return Buffer.from(AsnConvert.serialize(new OCSPResponse({ responseStatus: OCSPResponseStatus.successful, responseBytes })));
}

/** The bits of an uncompressed P-256 key are the end of its SubjectPublicKeyInfo. */
const keyBits = (spki: Uint8Array): Uint8Array => spki.subarray(spki.length - 65);

const failed = (responseStatus: OCSPResponseStatus): Buffer => Buffer.from(AsnConvert.serialize(new OCSPResponse({ responseStatus })));

/** Answers carry no fractions of seconds. Source: RFC 6960 §4.2.2.1 */
const wholeSecond = (ms: number): Date => new Date(Math.floor(ms / 1_000) * 1_000);

const issuerOf = (authorities: readonly Authority[], id: CertificateId): Authority | undefined =>
  authorities.find((authority) => isIssuer(authority, id));

const hashes = new WeakMap<Authority, Map<HashAlgorithm, ReturnType<typeof issuerHashes>>>();

function isIssuer(authority: Authority, { hashAlgorithm, issuerKeyHash, issuerNameHash }: CertificateId): boolean {
  let known = hashes.get(authority);
  if (known === undefined) hashes.set(authority, (known = new Map()));
  let own = known.get(hashAlgorithm);
  if (own === undefined) known.set(hashAlgorithm, (own = issuerHashes(new Uint8Array(authority.certificate.rawData), hashAlgorithm)));
  return own.issuerKeyHash === issuerKeyHash && own.issuerNameHash === issuerNameHash;
}
