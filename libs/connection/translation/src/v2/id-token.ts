import type { AuthorizationAnswer, IdToken } from '@voltlog/connection-contract';

export interface IdTokenType {
  readonly idToken: string;
  readonly type: string;
}

/** A start button: there is nobody to ask about. OCPP 2.0.1 Part 2 C02. */
export const NO_AUTHORIZATION = 'NoAuthorization';

/** The neutral token; additional info and the rest stay in `raw`. */
export const plainToken = (token: IdTokenType): IdToken => ({ idToken: token.idToken, type: token.type });

/** The statuses are 2.1's own; a group is named as a token kept by the CSMS. Source: OCPP 2.0.1 Part 2 §2.30. */
export function idTokenInfo(answer: AuthorizationAnswer | undefined): object {
  if (answer === undefined) return { status: 'Accepted' };
  return answer.groupId === undefined || answer.groupId === ''
    ? { status: answer.status }
    : { status: answer.status, groupIdToken: { idToken: answer.groupId, type: 'Central' } };
}
