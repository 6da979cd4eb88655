import { X509Certificate } from 'node:crypto';

/** Certificates of one chain, without its root. Source: ISO 15118-2 (two sub-authorities at most); one more for others. */
const CHAIN_MAX = 5;

export type ChainProblem = 'Malformed' | 'SignatureWrong' | 'NoRoot' | 'Expired';

export interface CheckedChain {
  /** The end certificate first, each under the next; the last is under the anchor. */
  readonly chain: readonly X509Certificate[];
  /** Issuers of each, in the same order. */
  readonly issuers: readonly X509Certificate[];
}

/** Certificates of a text of PEM; undefined: there is none, too many, or one that is none. */
export function readPemChain(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/**
 * Whether the first certificate leads to one that is trusted, by way of the others, and all of them are valid now. Revocation is not looked at.
 *
 * Source: RFC 5280 §6.1 (names, signatures, basic constraints, validity)
 */
export function checkChain(
  certificates: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  nowMs: number,
): CheckedChain | { readonly problem: ChainProblem } {
  const [end, ...others] = certificates;
  if (end === undefined || certificates.length > CHAIN_MAX) return { problem: 'Malformed' };
  const chain: X509Certificate[] = [];
  const issuers: X509Certificate[] = [];
  let current = end;
  let isLying = false;
  while (chain.length < CHAIN_MAX) {
    chain.push(current);
    const candidates = [...anchors, ...others].filter((each) => each.ca && current.checkIssued(each));
    const issuer = candidates.find((each) => isSigned(current, each));
    if (issuer === undefined) {
      isLying ||= candidates.length > 0;
      break;
    }
    issuers.push(issuer);
    if (anchors.some((each) => each.raw.equals(issuer.raw)))
      return [...chain, issuer].every((each) => isValid(each, nowMs)) ? { chain, issuers } : { problem: 'Expired' };
    if (chain.some((each) => each.raw.equals(issuer.raw))) break;
    current = issuer;
  }
  return { problem: isLying ? 'SignatureWrong' : 'NoRoot' };
}

const isValid = ({ validFrom, validTo }: X509Certificate, nowMs: number): boolean =>
  nowMs >= Date.parse(validFrom) && nowMs <= Date.parse(validTo);

function isSigned(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}
