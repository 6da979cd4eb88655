import { OperatingError, RequestError } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import { isFor } from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { CalendarRepository } from '../store/calendar-repository.js';
import type { ReservationDoc } from '../store/documents.js';
import { type Due, KEEP_FREE, type Timers } from './timers.js';

/** Sessions of one station that are looked at. */
const SESSIONS_MAX = 64;

/**
 * Ends what others charge at an EVSE that is about to be needed. Who started once the reservation was known was given no more time than until
 * now; this is for who was there before.
 */
export class KeepFree {
  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly timers: Timers,
    private readonly sessions: Pick<sessionV1.SessionService, 'listSessions' | 'requestStop'>,
  ) {}

  listen(): void {
    this.timers.on(KEEP_FREE, (due) => this.clear(due));
  }

  /** Asked again as long as the session service is away; that sees to it that each stop happens. */
  async clear(due: Due): Promise<void> {
    const { reservationId } = due;
    const doc = await this.repository.reservation(reservationId);
    if (doc === undefined || doc.state !== 'Active') return;
    const slotEnd = await this.repository.slotEndBefore(doc, this.context.clock.now());
    if (slotEnd !== undefined) return this.timers.schedule([{ kind: KEEP_FREE, dueMs: slotEnd, due: { ...due, attempt: 0 } }]);
    // One that has no token yet may be the reserver's; a stranger's is refused once it is told.
    const others = (await sessionsOn(this.sessions, doc)).filter((session) => session.idToken !== undefined && !isOf(doc, session));
    await Promise.all(others.map(({ sessionId }) => this.end(sessionId, reservationId)));
  }

  private async end(sessionId: string, reservationId: string): Promise<void> {
    const { logger } = this.context;
    try {
      await this.sessions.requestStop({ sessionId, requestedBy: 'Operator', idempotencyKey: `keep-free ${reservationId}` });
      logger.info({ sessionId, reservationId }, 'a session is stopped: its EVSE is reserved for somebody who comes soon');
    } catch (error) {
      // It ended meanwhile; or the station is slow to answer, and the stop goes on without us.
      if (error instanceof RequestError || (error instanceof OperatingError && error.code === 'DeadlineExceeded')) return;
      throw error;
    }
  }
}

/** What runs on the EVSE of a reservation. */
export async function sessionsOn(
  client: Pick<sessionV1.SessionService, 'listSessions'>,
  { stationId, evseId }: ReservationDoc,
): Promise<readonly sessionV1.Session[]> {
  return (await listed(client, stationId, sessionV1.SessionState.ACTIVE)).filter((session) => session.evseId === evseId);
}

/** Whose car is on the EVSE of a reservation, as its last session tells: one that runs, or whose car has not left. */
export async function sessionOfCar(
  client: Pick<sessionV1.SessionService, 'listSessions'>,
  { stationId, evseId }: ReservationDoc,
): Promise<sessionV1.Session | undefined> {
  const last = (await listed(client, stationId, sessionV1.SessionState.UNSPECIFIED)).find((session) => session.evseId === evseId);
  return last?.unpluggedAt === undefined ? last : undefined;
}

/** Newest first. */
async function listed(
  client: Pick<sessionV1.SessionService, 'listSessions'>,
  stationId: string,
  state: sessionV1.SessionState,
): Promise<readonly sessionV1.Session[]> {
  const { sessions } = await client.listSessions({
    pageSize: SESSIONS_MAX,
    pageToken: '',
    stationId,
    state,
    idToken: '',
    transactionId: '',
  });
  return sessions;
}

/** Whether a session is the reserver's, or of their group. */
export const isOf = (doc: ReservationDoc, { idToken, groupId }: sessionV1.Session): boolean =>
  idToken !== undefined && isFor(doc, idToken.idToken, groupId === '' ? undefined : groupId);
