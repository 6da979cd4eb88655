import type { AllowedLimit } from '@voltlog/authorization-contract';

/** A token that is not ours, at one of our stations. */
export interface RoamingQuestion {
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType; `Local` where a 1.6 station did not say. */
  readonly type: string;
  readonly stationId: string;
  /** Empty: at no site. */
  readonly siteId: string;
  /** 0: not told. */
  readonly evseId: number;
}

/** What the provider of the token says. */
export interface RoamingAnswer {
  readonly allowed: boolean;
  /** OCPI 2.2.1 AllowedType: ALLOWED, BLOCKED, EXPIRED, NO_CREDIT, NOT_ALLOWED; as our status. */
  readonly status: 'Accepted' | 'Blocked' | 'Expired' | 'NoCredit' | 'NotAtThisLocation' | 'Invalid' | 'Unknown';
  readonly groupId?: string;
  readonly contractId?: string;
  readonly limit?: AllowedLimit;
  /** Milliseconds for which the answer stands. Absent: the operator's usual. */
  readonly cacheMs?: number;
}

/**
 * Real-time authorization by the token's provider (OCPI 2.2.1 mod_tokens "Real-time authorization"). The roaming service implements it.
 */
export interface RoamingAuthorizer {
  /**
   * @returns undefined: no partner knows the token
   * @throws when no partner could be asked; `signal` is aborted when the answer would come too late
   */
  authorize(question: RoamingQuestion, signal: AbortSignal): Promise<RoamingAnswer | undefined>;
}

/** Types whose tokens drivers of other providers bring. `Local` and `Central` are how 1.6 and a remote start tell any of them. */
const ROAMING_TYPES: ReadonlySet<string> = new Set(['ISO14443', 'ISO15693', 'eMAID', 'Local', 'Central']);

export const mayRoam = (type: string): boolean => ROAMING_TYPES.has(type);
