import type { sessionV1 } from '@voltlog/proto';
import { isClosedIn, mayBeTheirs, occupiedSince, statusOf } from '@voltlog/reservation-domain';
import type { StationDirectory } from '../commands/station-directory.js';
import type { ReservationDoc } from '../store/documents.js';
import { isOf, sessionOfCar, sessionsOn } from './keep-free.js';

/** What keeps whoever reserved from the EVSE that is held for them. */
export class Obstacles {
  constructor(
    private readonly sessions: Pick<sessionV1.SessionService, 'listSessions'>,
    private readonly directory: StationDirectory,
  ) {}

  /** A station's word about its EVSE. Whoever came long before their slot is there themselves: nobody is in their way. */
  async meant(stationStatus: string, doc: ReservationDoc): Promise<string> {
    if (stationStatus !== 'Occupied') return stationStatus;
    return (await sessionsOn(this.sessions, doc)).some((session) => isOf(doc, session)) ? 'OwnSession' : stationStatus;
  }

  /** Whether the car in the way may be the reserver's, who came a little early and has not shown a card yet. @param now, graceMs milliseconds */
  async mayBeOwn(doc: ReservationDoc, now: number, graceMs: number): Promise<boolean> {
    const { place } = await this.directory.station(doc.stationId);
    const evse = place.evses.find(({ evseId }) => evseId === doc.evseId);
    const since = evse === undefined ? undefined : occupiedSince(evse);
    if (since === undefined || !mayBeTheirs(doc, since, now, graceMs)) return false;
    // A card was shown for it, and it was not theirs.
    return (await sessionOfCar(this.sessions, doc))?.idToken === undefined;
  }

  /** As the EVSE was last reported, or its operator wants it; undefined: free. */
  async seen(doc: ReservationDoc): Promise<'Occupied' | 'Unavailable' | undefined> {
    const { evses } = await this.directory.withOutages(await this.directory.station(doc.stationId));
    const evse = evses.find(({ evseId }) => evseId === doc.evseId);
    if (evse === undefined || isClosedIn(evse, doc.connectorType, doc)) return 'Unavailable';
    const status = statusOf(evse, doc.connectorType);
    return status === 'Free' ? undefined : status === 'Occupied' ? status : 'Unavailable';
  }
}
