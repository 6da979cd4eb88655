import type { AuthorizationAnswer } from '@voltlog/connection-contract';

/** CiString20Type, OCPP 1.6 §7.32. */
const ID_TAG_LENGTH_MAX = 20;

interface IdTagInfo {
  readonly status: string;
  readonly parentIdTag?: string;
  /** When the station's cache is to forget the token. */
  readonly expiryDate?: string;
}

/**
 * The answer about a token in 1.6's words. It knows five statuses: what 2.1 says more finely about a token that is known (no credit, not
 * here, not now) is `Blocked` ("not allowed for charging"), since `Invalid` says that the token is unknown. Source: OCPP 1.6 §7.2.
 */
export function idTagInfo(answer: AuthorizationAnswer | undefined): IdTagInfo {
  const info: { -readonly [Key in keyof IdTagInfo]: IdTagInfo[Key] } = { status: statusOf(answer?.status) };
  const group = answer?.groupId;
  if (group !== undefined && group !== '' && group.length <= ID_TAG_LENGTH_MAX) info.parentIdTag = group;
  if (answer?.cacheExpiresAt !== undefined) info.expiryDate = answer.cacheExpiresAt;
  return info;
}

function statusOf(status: string | undefined): string {
  switch (status) {
    case 'Accepted':
    case 'Blocked':
    case 'Expired':
    case 'ConcurrentTx':
      return status;
    case 'NoCredit':
    case 'NotAllowedTypeEVSE':
    case 'NotAtThisLocation':
    case 'NotAtThisTime':
      return 'Blocked';
    default:
      return 'Invalid';
  }
}

/** 1.6 does not say what kind of token it is. */
export const LOCAL = 'Local';
