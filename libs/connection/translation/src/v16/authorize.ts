import { head, type Route } from '../route.js';
import { idTagInfo, LOCAL } from './id-tag-info.js';

export interface AuthorizeRequest {
  readonly idTag: string;
}

/** OCPP 1.6 §4.1 */
export const authorize: Route<AuthorizeRequest> = {
  action: 'Authorize',
  money: false,
  question: (request, context) => ({
    idToken: { idToken: request.idTag, type: LOCAL },
    evseId: 0,
    purpose: 'identify',
    transactionKey: '',
    occurredAt: context.receivedAt,
    offline: false,
  }),
  toFacts: (request, context, answer) =>
    answer === undefined
      ? []
      : [
          {
            type: 'voltlog.connection.IdTokenPresented.v1',
            data: { ...head(request, context), idToken: { idToken: request.idTag, type: LOCAL }, authorization: answer },
          },
        ],
  toResponse: (_request, _context, answer) => ({ idTagInfo: idTagInfo(answer) }),
};
