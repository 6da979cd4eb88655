import 'reflect-metadata';
import { sign } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { CRLNumber, id_ce_cRLNumber } from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';
import { type Authority, signingKeyOf } from './authority-keys.js';
import { bitString, integer, sequence, time, tlv } from './der.js';
import type { IssuedCertificates } from './issued-certificates.js';

/** How long a list is handed out before another is signed: a revocation is in it at the latest after this, ms. */
const FRESH_MS = 300_000;
/** How long a list may be used, ms: whoever fetched it can do without us for so long. */
const GOOD_FOR_MS = 86_400_000;
const VERSION_2 = integer('01');
/** AlgorithmIdentifier of 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = sequence(tlv(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
const EXPLICIT_0 = 0xa0;

export interface RevocationList {
  readonly der: Buffer;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** Until when it is handed out; then there is another. */
  readonly freshUntilMs: number;
}

/** The revocation lists of our own authorities, signed by the authority itself when one is asked for. Source: RFC 5280 §5 */
export class RevocationLists {
  private readonly kept = new Map<string, { readonly list: Promise<RevocationList>; readonly freshUntilMs: number }>();

  constructor(
    private readonly authorities: () => Promise<readonly Authority[]>,
    private readonly issued: Pick<IssuedCertificates, 'revoked'>,
    private readonly now: () => number,
  ) {}

  /** @returns undefined: there is no such authority */
  async of(authorityId: string): Promise<RevocationList | undefined> {
    const authority = (await this.authorities()).find(({ id }) => id === authorityId);
    if (authority === undefined) return undefined;
    const now = this.now();
    const known = this.kept.get(authorityId);
    if (known !== undefined && known.freshUntilMs > now) return known.list;
    const made = { list: this.made(authority, now), freshUntilMs: now + FRESH_MS };
    this.kept.set(authorityId, made);
    // One that could not be made is made for the next who asks.
    made.list.catch(() => {
      if (this.kept.get(authorityId) === made) this.kept.delete(authorityId);
    });
    return made.list;
  }

  private async made(authority: Authority, nowMs: number): Promise<RevocationList> {
    const { id, certificate } = authority;
    const thisUpdateMs = Math.floor(nowMs / 1_000) * 1_000;
    const nextUpdateMs = thisUpdateMs + GOOD_FOR_MS;
    const revoked = await this.issued.revoked(id);
    const extensions = [
      await x509.AuthorityKeyIdentifierExtension.create(certificate),
      // Seconds never fall, whichever instance counts them. Source: RFC 5280 §5.2.3
      new x509.Extension(id_ce_cRLNumber, false, AsnConvert.serialize(new CRLNumber(thisUpdateMs / 1_000))),
    ];
    const tbs = sequence(
      VERSION_2,
      ECDSA_WITH_SHA256,
      Buffer.from(certificate.subjectName.toArrayBuffer()),
      time(thisUpdateMs),
      time(nextUpdateMs),
      // Left out where there is none. Source: RFC 5280 §5.1.2.6
      ...(revoked.length === 0
        ? []
        : [sequence(...revoked.map(({ serialNumber, revokedAt }) => sequence(integer(serialNumber), time(Date.parse(revokedAt)))))]),
      tlv(EXPLICIT_0, sequence(...extensions.map(({ rawData }) => Buffer.from(rawData)))),
    );
    const der = sequence(tbs, ECDSA_WITH_SHA256, bitString(sign('sha256', tbs, signingKeyOf(authority))));
    return { der, thisUpdateMs, nextUpdateMs, freshUntilMs: nowMs + FRESH_MS };
  }
}
