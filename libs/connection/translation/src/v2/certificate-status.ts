import type { OcppVersion } from '@voltlog/connection-contract';
import type { Requests } from '@voltlog/ocpp-v21';
import type { CertificateStatusFinding, Finding } from '../inquiry.js';
import { type Route, reported } from '../route.js';

/** Characters of `ocspResult`. Sources: GetCertificateStatusResponse of each version; 1.6 has it by DataTransfer, as 2.0.1. */
const OCSP_RESULT_MAX: Readonly<Record<OcppVersion, number>> = { 'ocpp1.6': 5_500, 'ocpp2.0.1': 5_500, 'ocpp2.1': 18_000 };
/** Characters of `additionalInfo`. */
const INFO_MAX = 512;

type Single = Requests['GetCertificateStatus'];
type Chain = Requests['GetCertificateChainStatus'];

/** The station gets the responder's answer and judges it itself, whatever it says. Source: OCPP 2.0.1 Part 2 M06 */
export const getCertificateStatus: Route<Single> = {
  ...reported('GetCertificateStatus', 'voltlog.connection.CertificateStatusRequested.v1', ({ ocspRequestData }: Single) => ({
    certificates: [named(ocspRequestData)],
  })),
  inquiry: ({ ocspRequestData: { responderURL, ...certificate } }) => ({
    kind: 'certificate-status',
    questions: [{ ...certificate, source: 'OCSP', urls: [responderURL] }],
  }),
  toResponse(_request, { ocppVersion }, _answer, finding) {
    const { ocspResult = '', reason } = findingsOf(finding)[0] ?? {};
    if (ocspResult === '') return failed(reason ?? 'nobody could be asked');
    const max = OCSP_RESULT_MAX[ocppVersion];
    if (ocspResult.length > max) return failed(`the answer of the responder has more than ${max} characters`);
    return { status: 'Accepted', ocspResult };
  },
};

/** OCPP 2.1 Part 2 M06 for a whole chain: the CSMS judges. */
export const getCertificateChainStatus: Route<Chain> = {
  ...reported('GetCertificateChainStatus', 'voltlog.connection.CertificateStatusRequested.v1', ({ certificateStatusRequests }: Chain) => ({
    certificates: certificateStatusRequests.map(({ certificateHashData }) => named(certificateHashData)),
  })),
  inquiry: ({ certificateStatusRequests }) => ({
    kind: 'certificate-status',
    questions: certificateStatusRequests.map(({ certificateHashData, source, urls }) => ({ ...certificateHashData, source, urls })),
  }),
  toResponse({ certificateStatusRequests }, { receivedAt }, _answer, finding) {
    const found = findingsOf(finding);
    return {
      certificateStatus: certificateStatusRequests.map(({ certificateHashData, source }, i) => ({
        certificateHashData,
        source,
        status: found[i]?.status ?? 'Failed',
        // Of what nobody knows: ask again.
        nextUpdate: found[i]?.nextUpdate ?? receivedAt,
      })),
    };
  },
};

const findingsOf = (finding: Finding | undefined): readonly CertificateStatusFinding[] =>
  finding?.kind === 'certificate-status' ? finding.certificates : [];

const failed = (reason: string) => ({
  status: 'Failed',
  statusInfo: { reasonCode: 'InternalError', additionalInfo: reason.slice(0, INFO_MAX) },
});

const named = ({ issuerNameHash, serialNumber }: { readonly issuerNameHash: string; readonly serialNumber: string }) => ({
  issuerNameHash,
  serialNumber,
});
