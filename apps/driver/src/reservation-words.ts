import type { Reservation, StationHold } from './api/types.js';
import type { TextKey } from './i18n/index.js';

/** What a reserver finds at the station, in words. */
export const HOLD_WORDS: Readonly<Record<StationHold, TextKey>> = {
  Asked: 'holdAsked',
  Held: 'holdHeld',
  Offline: 'holdOffline',
  Alone: 'holdAlone',
  Blocked: 'holdBlocked',
};

/** Why somebody else than the driver took a reservation away. */
const TAKEN_AWAY: Readonly<Record<string, TextKey>> = {
  ByDriver: 'reservationCancelled',
  ByOperator: 'reservationByOperator',
  TakenByOther: 'reservationTaken',
  EvseOutOfService: 'reservationOutOfService',
  StationRetired: 'reservationOutOfService',
};

/** How a reservation ended; a strange word says only that it did. */
export function reservationEnd({ state, reason }: Pick<Reservation, 'state' | 'reason'>): TextKey {
  if (state === 'Used') return 'reservationUsed';
  if (state === 'Cancelled') return TAKEN_AWAY[reason ?? ''] ?? 'reservationByOperator';
  return 'reservationExpired';
}
