/** OCPP 2.1 CertificateHashDataType, as the station writes it. */
export interface CertificateHashData {
  readonly hashAlgorithm: string;
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  readonly serialNumber: string;
}

/** A contract certificate that a car has shown. */
export interface ShownContract {
  /** PEM, the contract certificate first; empty: the station has checked the chain itself. */
  readonly certificate: string;
  readonly hashes: readonly CertificateStatusQuestion[];
}

/** A car asks for a contract certificate. */
export interface EvCertificateInquiry {
  readonly schemaVersion: string;
  readonly action: string;
  /** Base64. */
  readonly exiRequest: string;
}

/** Whether a certificate is revoked, and who is to be asked. */
export interface CertificateStatusQuestion extends CertificateHashData {
  readonly source: string;
  readonly urls: readonly string[];
}

/** A DataTransfer, as it is looked up among the vendors that the operator has made known. */
export interface VendorInquiry {
  readonly vendorId: string;
  /** Empty: it has none. */
  readonly messageId: string;
  /** As the station sent it; absent: none. */
  readonly data?: unknown;
  readonly ocppVersion: string;
  /** ISO 8601 UTC, our clock. */
  readonly receivedAt: string;
}

/** What a transaction comes to that ends. */
export interface FinalCostQuestion {
  readonly transactionId: string;
  /** ISO 8601 UTC, the station's clock. */
  readonly endedAt: string;
  readonly meterStopWh: number;
}

/** What must be found out before a station can be answered, other than about a token. */
export type Inquiry =
  | (VendorInquiry & { readonly kind: 'vendor' })
  | { readonly kind: 'certificate-status'; readonly questions: readonly CertificateStatusQuestion[] }
  | (EvCertificateInquiry & { readonly kind: 'ev-certificate' })
  | (FinalCostQuestion & { readonly kind: 'final-cost' });

/** OCPP 2.1 DataTransferResponse */
export interface VendorFinding {
  readonly status: 'Accepted' | 'Rejected' | 'UnknownVendorId' | 'UnknownMessageId';
  readonly data?: unknown;
}

/** What is known about one certificate. */
export interface CertificateStatusFinding {
  /** OCPP 2.1 CertificateStatusEnumType */
  readonly status: 'Good' | 'Revoked' | 'Unknown' | 'Failed';
  /** The OCSPResponse in base64; absent: there is none. */
  readonly ocspResult?: string;
  /** ISO 8601; absent: the answer cannot be kept. */
  readonly nextUpdate?: string;
  /** Why it failed, in plain words. */
  readonly reason?: string;
}

/** What the provider of contracts has for a car. */
export interface EvCertificateFinding {
  readonly status: 'Accepted' | 'Failed';
  /** Base64; empty: failed. */
  readonly exiResponse: string;
  readonly remainingContracts: number;
  /** Why it failed, in plain words. */
  readonly reason: string;
}

/** What was found out, by the kind of the inquiry. */
export type Finding =
  | (VendorFinding & { readonly kind: 'vendor' })
  | (EvCertificateFinding & { readonly kind: 'ev-certificate' })
  | {
      readonly kind: 'certificate-status';
      /** In the order of the questions. */
      readonly certificates: readonly CertificateStatusFinding[];
    }
  /** `total` in the currency of the price; absent: there is no price, or it cannot be known in time. */
  | { readonly kind: 'final-cost'; readonly total?: number };
