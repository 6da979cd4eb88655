import type { AuthorizationAnswer } from '@voltlog/connection-contract';
import type { CertificateHashData, ShownContract } from '../inquiry.js';
import { head, type Route } from '../route.js';
import { type IdTokenType, idTokenInfo, plainToken } from './id-token.js';

export interface AuthorizeRequest {
  readonly idToken: IdTokenType;
  /** PEM: the chain of a contract that the station cannot check itself (`CentralContractValidationAllowed`). */
  readonly certificate?: string;
  readonly iso15118CertificateHashData?: readonly (CertificateHashData & { readonly responderURL: string })[];
}

/** OCPP 2.0.1 Part 2 C01; with a contract certificate C07 */
export const authorize: Route<AuthorizeRequest> = {
  action: 'Authorize',
  money: false,
  question(request, context) {
    const contract = contractOf(request);
    return {
      idToken: plainToken(request.idToken),
      evseId: 0,
      purpose: 'identify',
      transactionKey: '',
      occurredAt: context.receivedAt,
      offline: false,
      ...(contract === undefined ? {} : { contract }),
    };
  },
  toFacts: (request, context, answer) =>
    answer === undefined
      ? []
      : [
          {
            type: 'voltlog.connection.IdTokenPresented.v1',
            data: { ...head(request, context), idToken: plainToken(request.idToken), authorization: answer },
          },
        ],
  toResponse: (_request, context, answer) => ({
    idTokenInfo: idTokenInfo(answer, context.ocppVersion),
    ...certificateStatusOf(answer),
  }),
};

function contractOf({ certificate = '', iso15118CertificateHashData = [] }: AuthorizeRequest): ShownContract | undefined {
  if (certificate === '' && iso15118CertificateHashData.length === 0) return undefined;
  return {
    certificate,
    hashes: iso15118CertificateHashData.map(({ responderURL, ...hash }) => ({ ...hash, source: 'OCSP', urls: [responderURL] })),
  };
}

/** Statuses of a token by which its contract does not hold, whatever the certificate. */
const CANCELLED: ReadonlySet<string> = new Set(['Blocked', 'Expired', 'Invalid', 'Unknown']);

/** The certificate may be good and the contract not. Source: OCPP 2.0.1 Part 2 AuthorizeCertificateStatusEnumType */
export function certificateStatusOf(answer: AuthorizationAnswer | undefined): { readonly certificateStatus?: string } {
  const certificateStatus = answer?.certificateStatus;
  if (answer === undefined || certificateStatus === undefined) return {};
  return { certificateStatus: certificateStatus === 'Accepted' && CANCELLED.has(answer.status) ? 'ContractCancelled' : certificateStatus };
}
