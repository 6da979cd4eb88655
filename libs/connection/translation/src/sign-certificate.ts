import { head, type Route } from './route.js';

export interface SignCertificateRequest {
  readonly csr: string;
  /** Absent, and in 1.6 always: ChargingStationCertificate. */
  readonly certificateType?: string;
  /** OCPP 2.1 */
  readonly requestId?: number;
}

/**
 * The certificate comes later, by CertificateSigned: whether the CSR is good is found out behind the answer. A station in quarantine gets
 * none. Sources: OCPP 1.6 Security Whitepaper A02, A03, OCPP 2.0.1 Part 2 A02, A03.
 */
export const signCertificate: Route<SignCertificateRequest> = {
  action: 'SignCertificate',
  money: false,
  toFacts: (request, context) =>
    context.registrationStatus === 'Accepted'
      ? [
          {
            type: 'voltlog.connection.CertificateSigningRequested.v1',
            data: {
              ...head(request, context),
              csr: request.csr,
              certificateType: request.certificateType ?? 'ChargingStationCertificate',
              ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
            },
          },
        ]
      : [],
  toResponse: (_request, context) => ({ status: context.registrationStatus === 'Accepted' ? 'Accepted' : 'Rejected' }),
};
