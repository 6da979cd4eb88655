import { tokenKey } from '@voltlog/authorization-domain';
import type { Clock } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import type { Logger } from '@voltlog/telemetry';
import type { Running } from '../reactions/running.js';

/** How long a station that waits for an answer is kept for this, milliseconds. */
export const SESSION_DEADLINE_MS = 400;
/** After it could not be asked it is left alone, milliseconds: no stop is to wait in vain twice. */
const PAUSE_MS = 5_000;
/** Running sessions of one station that are looked at. */
const SESSIONS_MAX = 64;

const NONE: ReadonlyMap<string, Running> = new Map();

/**
 * Whose the transactions are that this instance did not hear of: it was started anew, or another one follows the station. Asked only for a
 * card that is to stop one of those.
 */
export class RunningSessions {
  private pausedUntilMs = 0;

  constructor(
    private readonly sessions: Pick<sessionV1.SessionService, 'listSessions'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * By the station's name for them. Never rejects: what cannot be asked is not known.
   *
   * @param transactionId empty: all that run there
   */
  async at(stationId: string, transactionId = ''): Promise<ReadonlyMap<string, Running>> {
    if (this.clock.now() < this.pausedUntilMs) return NONE;
    try {
      const { sessions } = await this.sessions.listSessions({
        pageSize: SESSIONS_MAX,
        pageToken: '',
        stationId,
        state: sessionV1.SessionState.ACTIVE,
        idToken: '',
        transactionId,
      });
      return new Map(sessions.flatMap((session) => toRunning(session)));
    } catch (error) {
      this.pausedUntilMs = this.clock.now() + PAUSE_MS;
      this.logger.warn({ err: error, stationId }, 'it could not be asked whose a transaction is; a token that may charge may stop it');
      return NONE;
    }
  }
}

const toRunning = ({ transactionId, idToken, groupId, contractId }: sessionV1.Session): [string, Running][] =>
  idToken === undefined
    ? []
    : [[transactionId, { tokenKey: tokenKey(idToken.idToken), groupId: groupId || undefined, contractId: contractId || undefined }]];
