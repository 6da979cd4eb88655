import { RequestError } from '@voltlog/kernel';
import type { Claim } from '@voltlog/session-domain';
import type { PendingClaim } from '../intake/batch.js';
import type { SessionIntake } from '../intake/session-intake.js';
import type { SessionEntry } from '../intake/station-cache.js';
import type { SessionCollections } from '../store/session-documents.js';

/** A claim that is not made by a station's fact. */
export interface OwnClaim {
  readonly claim: Claim;
  /** Unique in the session's stream: the same one again changes nothing. */
  readonly causationId: string;
}

/** Changes one session by what this platform decides, in turn with the facts of its station. */
export class SessionChanges {
  constructor(
    private readonly collections: Pick<SessionCollections, 'sessions'>,
    private readonly intake: Pick<SessionIntake, 'change'>,
  ) {}

  /**
   * @param decide claims about the session as it is now
   * @returns the session after them, and whether each is new; undefined: there is none, or nobody waits for anything of it any more
   */
  async change(
    sessionId: string,
    decide: (entry: SessionEntry) => readonly OwnClaim[],
  ): Promise<{ readonly entry: SessionEntry; readonly committed: readonly boolean[] } | undefined> {
    const document = await this.collections.sessions.get(sessionId);
    if (document === undefined) throw new RequestError('NOT_FOUND', `no session ${sessionId}`, 'UnknownSession');
    let found: SessionEntry | undefined;
    let pending: (PendingClaim | undefined)[] = [];
    await this.intake.change([document.stationId], (batch, entries) => {
      found = entries.find((entry) => entry.sessionId === sessionId);
      const entry = found;
      if (entry === undefined) return;
      pending = decide(entry).map(({ claim, causationId }) => {
        const before = batch.claims.length;
        batch.record(entry, claim, { id: causationId });
        return batch.claims[before];
      });
    });
    return found === undefined ? undefined : { entry: found, committed: pending.map((each) => each?.committed === true) };
  }
}
