import type { OcppVersion } from '@voltlog/connection-contract';
import type { Requests } from '@voltlog/ocpp-v21';
import { type Route, reported } from '../route.js';

/** Characters of `exiResponse`. Sources: Get15118EVCertificateResponse of each version; 1.6 has it by DataTransfer, as 2.0.1. */
const EXI_RESPONSE_MAX: Readonly<Record<OcppVersion, number>> = { 'ocpp1.6': 5_600, 'ocpp2.0.1': 5_600, 'ocpp2.1': 17_000 };
/** Characters of `additionalInfo`. */
const INFO_MAX = 512;

type Request = Requests['Get15118EVCertificate'];

/** What the car says goes to the provider of contracts as it is, and back. Source: OCPP 2.0.1 Part 2 M01, M02 */
export const getEvCertificate: Route<Request> = {
  ...reported('Get15118EVCertificate', 'voltlog.connection.EvCertificateRequested.v1', ({ iso15118SchemaVersion, action }: Request) => ({
    iso15118SchemaVersion,
    certificateAction: action,
  })),
  inquiry: ({ iso15118SchemaVersion: schemaVersion, action, exiRequest }) => ({
    kind: 'ev-certificate',
    schemaVersion,
    action,
    exiRequest,
  }),
  toResponse(_request, { ocppVersion }, _answer, finding) {
    if (finding?.kind !== 'ev-certificate') return failed('nobody could be asked');
    const { status, exiResponse, remainingContracts, reason } = finding;
    if (status === 'Failed') return failed(reason);
    const max = EXI_RESPONSE_MAX[ocppVersion];
    if (exiResponse.length > max) return failed(`the answer for the car has more than ${max} characters`);
    return { status, exiResponse, ...(ocppVersion === 'ocpp2.1' ? { remainingContracts } : {}) };
  },
};

const failed = (reason: string) => ({
  status: 'Failed',
  exiResponse: '',
  statusInfo: { reasonCode: 'InternalError', additionalInfo: reason.slice(0, INFO_MAX) },
});
