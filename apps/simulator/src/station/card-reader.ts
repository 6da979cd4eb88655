import type { SimulatedStation } from './station.js';

/** What a card at the reader did. */
export type Tap = 'Started' | 'Stopped' | 'Refused';

/** What is known about a card. */
interface Known {
  readonly status: string | undefined;
  readonly groupId: string | undefined;
}

/**
 * A card at the reader of an EVSE, as a station decides about it: it starts a transaction, or stops the one that runs when it is the card
 * that began it, one of its group, or a master pass. Sources: OCPP 1.6 §3.5, §4.1, §4.2; OCPP 2.0.1 Part 2 C01, C09, C13, C16.
 */
export async function tap(station: SimulatedStation, evseId: number, idToken: string): Promise<Tap> {
  const running = station.evse(evseId)?.transaction;
  if (running === undefined) {
    const { status } = await look(station, idToken);
    return status === 'Accepted' && station.swipe(evseId, idToken) !== undefined ? 'Started' : 'Refused';
  }
  // OCPP 1.6 §4.2, OCPP 2.0.1 Part 2 C01.FR.03: nobody is asked about the card that began it.
  if (isSame(running.idToken, idToken)) {
    station.stopTransaction(evseId, 'Local', idToken);
    return 'Stopped';
  }
  const { status, groupId } = await look(station, idToken);
  if (status !== 'Accepted' || groupId === undefined) return 'Refused';
  const isMasterPass = isSame(groupId, station.masterPassGroup);
  if (!isMasterPass && !isSame(groupId, station.holds.groupOf(running.idToken))) return 'Refused';
  station.stopTransaction(evseId, isMasterPass ? 'MasterPass' : 'Local', idToken);
  return 'Stopped';
}

/** The list answers while the station is offline, or where it may answer before the CSMS; else the CSMS does. */
async function look(station: SimulatedStation, idToken: string): Promise<Known> {
  const isOnline = station.line.isRegistered;
  const listed = !isOnline || station.asksListFirst ? station.localList?.find(idToken, station.now()) : undefined;
  if (listed !== undefined) {
    station.holds.learn(idToken, listed.groupId);
    return listed;
  }
  if (!isOnline) return { status: station.letsInUnknown ? 'Accepted' : undefined, groupId: station.holds.groupOf(idToken) };
  const status = await station.authorize(idToken);
  return { status, groupId: station.holds.groupOf(idToken) };
}

const isSame = (one: string, other: string | undefined): boolean => other !== undefined && one.toUpperCase() === other.toUpperCase();
