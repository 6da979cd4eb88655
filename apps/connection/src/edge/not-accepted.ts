import { SecurityError } from '@voltlog/ocpp-rpc';
import type { CallingStation } from './calling-station.js';

/** What a station calls because we asked for it. */
export function triggeredBy(action: string, payload: object): string | undefined {
  if (action === 'GetBaseReport' || action === 'GetReport') return 'NotifyReport';
  if (action !== 'TriggerMessage' || !('requestedMessage' in payload)) return undefined;
  const { requestedMessage } = payload;
  if (typeof requestedMessage !== 'string') return undefined;
  // SignChargingStationCertificate, SignV2GCertificate and the like are all asked for by one call.
  return requestedMessage.startsWith('Sign') ? 'SignCertificate' : requestedMessage;
}

/** Whether the station may do more than boot: one that did not boot on this socket is what it was before; one that is to be accepted is. */
export const isAccepted = ({ station, told }: Pick<CallingStation, 'station' | 'told'>): boolean =>
  !station.quarantined && (told === undefined || told === 'Accepted' || station.boot.status === 'Accepted');

/**
 * The answer to a 2.x station that was not accepted, for anything but BootNotification and what we triggered. What it says is put on the log all
 * the same: kWh are not lost. 1.6 has no such rule, and its stations would drop what is answered with an error.
 *
 * Source: OCPP 2.0.1 Part 2 FR.04, B01.FR.10, B02.FR.09, B03.FR.07
 */
export function refusalOf(
  station: Pick<CallingStation, 'station' | 'told' | 'dialect' | 'triggered'>,
  action: string,
): SecurityError | undefined {
  if (isAccepted(station) || station.dialect.version === 'ocpp1.6') return undefined;
  if (action === 'BootNotification' || station.triggered?.has(action) === true) return undefined;
  return new SecurityError('the station is not accepted yet');
}
