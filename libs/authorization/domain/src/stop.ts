/** Whose a transaction is, or who would stop it. */
export interface Payer {
  /** The token's key. */
  readonly tokenKey: string;
  /** Its groups: that of the token or its contract now, and the one that its start was told. */
  readonly groupIds: readonly string[];
  readonly contractIds: readonly string[];
  /** False for a token that is not ours: nobody here knows all of its groups. */
  readonly registered: boolean;
}

/**
 * May the one stop the transaction of the other? The same token, one of the same group or contract, and the master pass may.
 *
 * What is not known is not held against a driver: a token that is not ours may be of the transaction's group, and the other way round.
 *
 * Source: OCPP 1.6 §4.1, §7.8 (parentIdTag); OCPP 2.0.1 Part 2 C09, E07 (group), C16 (master pass)
 */
export function mayStop(stopper: Payer, running: Payer, masterPassGroup: string | undefined): boolean {
  if (stopper.tokenKey === running.tokenKey) return true;
  const groups = new Set(stopper.groupIds.map(toKey));
  if (masterPassGroup !== undefined && groups.has(toKey(masterPassGroup))) return true;
  if (running.groupIds.some((groupId) => groups.has(toKey(groupId)))) return true;
  if (running.contractIds.some((contractId) => stopper.contractIds.includes(contractId))) return true;
  return (!stopper.registered && running.groupIds.length > 0) || (!running.registered && groups.size > 0);
}

/** Ids of groups are compared as tokens are: without regard to case. */
const toKey = (groupId: string): string => groupId.toUpperCase();
