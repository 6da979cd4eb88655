import type * as x509 from '@peculiar/x509';
import { OperatingError } from '@voltlog/kernel';

export interface CertificateOrder {
  readonly stationId: string;
  /** The CSR, PEM; it was found good. */
  readonly csr: string;
  /** Of the CSR. */
  readonly publicKey: x509.PublicKey;
  /** The same order twice gives certificates that are the same but for the signature. */
  readonly orderId: string;
  /** When the station asked, ms. */
  readonly orderedAtMs: number;
  /** The station has a certificate of this type that is still good: this one is to follow it. */
  readonly renews?: boolean;
}

export interface IssuedCertificate {
  /** Lower-case hexadecimal without leading zeros. */
  readonly serialNumber: string;
  /** PEM: the station's own first, then what is between it and the root; not the root. */
  readonly certificateChain: string;
  /** SHA-256 of the DER, hexadecimal. */
  readonly fingerprint: string;
  /** ISO 8601 */
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Who makes client certificates for stations: the built-in authority, or one outside behind the same words. */
export interface CertificateAuthority {
  /** Roots under which the certificates are, PEM. */
  roots(): Promise<string>;
  /**
   * @throws {OrderRefused} when it will never be made
   * @throws {OperatingError} when it cannot be made now; asked again later with the same order
   */
  issue(order: CertificateOrder): Promise<IssuedCertificate>;
}

/** The authority does not make this certificate, however often it is asked. The text says why, in its words. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}

/** The authority wants to be asked again later. */
export class AuthorityBusy extends OperatingError {
  /** @param retryAfterMs as it said; undefined: it did not */
  constructor(
    message: string,
    readonly retryAfterMs: number | undefined,
  ) {
    super('AuthorityBusy', message);
  }
}
