import type { AuthorizationAnswer, IdToken, OcppVersion } from '@voltlog/connection-contract';

export interface IdTokenType {
  readonly idToken: string;
  readonly type: string;
}

/** The neutral token; additional info and the rest stay in `raw`. */
export const plainToken = (token: IdTokenType): IdToken => ({ idToken: token.idToken, type: token.type });

/** A longer group is not told: the station could not read the answer. Sources: IdTokenType of each version, OCPP 1.6 §7.32. */
const ID_TOKEN_LENGTH_MAX: Readonly<Record<OcppVersion, number>> = { 'ocpp1.6': 20, 'ocpp2.0.1': 36, 'ocpp2.1': 255 };

/** The statuses are 2.1's own; a group is named as a token kept by the CSMS. Source: OCPP 2.0.1 Part 2 §2.30. */
export function idTokenInfo(answer: AuthorizationAnswer | undefined, version: OcppVersion): object {
  if (answer === undefined) return { status: 'Accepted' };
  const info: { status: string; cacheExpiryDateTime?: string; groupIdToken?: IdTokenType } = { status: answer.status };
  const { groupId, cacheExpiresAt } = answer;
  if (cacheExpiresAt !== undefined) info.cacheExpiryDateTime = cacheExpiresAt;
  if (groupId !== undefined && groupId !== '' && groupId.length <= ID_TOKEN_LENGTH_MAX[version])
    info.groupIdToken = { idToken: groupId, type: 'Central' };
  return info;
}
