/** What a client certificate says about its holder. */
export interface ClientCertificate {
  /** Of the subject; undefined: there is none, or several. */
  readonly commonName: string | undefined;
  readonly organization: string | undefined;
  /** Lower-case hexadecimal without leading zeros. */
  readonly serialNumber: string;
  /** SHA-256 of the DER. */
  readonly fingerprint: string;
  /** Certificate and issuer in DER, read when somebody wants them; undefined: TLS found no issuer. */
  der(): { readonly certificate: Buffer; readonly issuer: Buffer | undefined };
}

/**
 * How the way to a station is protected: not at all, by TLS, or by TLS with a certificate of the station that was found good: in time, under
 * a root that is trusted. Security profiles 0 and 1, 2, 3.
 */
export type Link =
  | { readonly kind: 'plain' }
  | { readonly kind: 'tls' }
  | { readonly kind: 'mutual'; readonly certificate: ClientCertificate };

export const PLAIN: Link = { kind: 'plain' };
export const TLS: Link = { kind: 'tls' };
