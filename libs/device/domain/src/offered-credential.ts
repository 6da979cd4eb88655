import type { StationCredentialOffered, StationEvent } from '@voltlog/device-contract';

/** A password that the station has not shown yet. */
export interface OfferedCredential {
  readonly changeId: string;
  readonly passwordHash: string;
  readonly startedAt: string;
  /** Absent: it is brought to the station. */
  readonly byHand?: true;
}

/**
 * One that was on its way may have been taken, and nobody but the station knows it: it counts on, in place of the old one, until the
 * station shows the one that was set by hand.
 */
export function setByHand(
  { changeId, passwordHash }: Pick<OfferedCredential, 'changeId' | 'passwordHash'>,
  stationId: string,
  offered: OfferedCredential | null,
  at: string,
): readonly StationEvent[] {
  if (offered === null) return [{ type: 'voltlog.device.StationCredentialSet.v1', data: { stationId, passwordHash, at } }];
  const taken: StationEvent =
    offered.byHand === true
      ? {
          type: 'voltlog.device.StationCredentialWithdrawn.v1',
          data: { stationId, changeId: offered.changeId, reason: 'another one was set by hand', at },
        }
      : { type: 'voltlog.device.StationCredentialSet.v1', data: { stationId, passwordHash: offered.passwordHash, at } };
  return [taken, { type: 'voltlog.device.StationCredentialOffered.v1', data: { stationId, changeId, passwordHash, byHand: true, at } }];
}

/** As the state holds it. */
export const offeredBy = ({ changeId, passwordHash, byHand, at }: StationCredentialOffered): OfferedCredential => ({
  changeId,
  passwordHash,
  startedAt: at,
  ...(byHand === true ? { byHand } : {}),
});
