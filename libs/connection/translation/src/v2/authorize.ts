import { head, type Route } from '../route.js';
import { type IdTokenType, idTokenInfo, NO_AUTHORIZATION, plainToken } from './id-token.js';

export interface AuthorizeRequest {
  readonly idToken: IdTokenType;
}

/** OCPP 2.0.1 Part 2 C01 */
export const authorize: Route<AuthorizeRequest> = {
  action: 'Authorize',
  money: false,
  question: (request, context) =>
    request.idToken.type === NO_AUTHORIZATION
      ? undefined
      : {
          idToken: plainToken(request.idToken),
          evseId: 0,
          purpose: 'identify',
          transactionKey: '',
          occurredAt: context.receivedAt,
          offline: false,
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
  toResponse: (_request, context, answer) => ({ idTokenInfo: idTokenInfo(answer, context.ocppVersion) }),
};
