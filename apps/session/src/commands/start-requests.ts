import { type Clock, type IdSource, isoTime, RequestError } from '@voltlog/kernel';
import type { SessionIdToken, SessionLimit, StartRequestCancelled, StartRequestEvent } from '@voltlog/session-contract';
import {
  type AskedStart,
  type CancelledStartRequest,
  effectiveEnd,
  isOpen,
  isRefusal,
  isStartOf,
  type StartRequestCommand,
  type StartRequestRefusal,
  type StartRequestState,
} from '@voltlog/session-domain';
import { type Aggregates, TimerLoop, type TimerStore } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import { matchedBy } from '../intake/asked-starts.js';
import type { Batch } from '../intake/batch.js';
import type { SessionWatch } from '../reactions/session-watch.js';
import { uuidOf } from '../session-id.js';
import type { OpenStartDocument, SessionCollections, SessionDocument } from '../store/session-documents.js';
import type { SessionChanges } from './session-changes.js';
import { COMMAND_DEADLINE_MS, type StationCommands } from './station-commands.js';

export interface StartRequestParts {
  readonly collections: Pick<SessionCollections, 'sessions' | 'openStarts'>;
  readonly aggregates: Aggregates<StartRequestCommand, StartRequestState, StartRequestEvent, StartRequestRefusal>;
  readonly changes: SessionChanges;
  readonly commands: StationCommands;
  readonly stops: Pick<SessionWatch, 'stopSoon'>;
  readonly timers: TimerStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** From the station's answer until a request lapses. */
  readonly lapseMs: number;
}

export interface StartOrder {
  readonly stationId: string;
  /** 0: any. */
  readonly evseId: number;
  readonly idToken: SessionIdToken;
  readonly groupId: string;
  readonly limit?: SessionLimit;
  readonly idempotencyKey: string;
}

export type Asked = Exclude<StartRequestState, { kind: 'None' }>;

const KIND = 'StartRequest';
/** How often a session is looked for, first and later; one whose start tells its request is found at once. */
const LOOK_MS = 1_000;
const LOOK_SLOWLY_MS = 5_000;
const SLOWLY_AFTER_MS = 60_000;
/** A start by a station's clock that is so much behind ours is still later than the request. */
const CLOCK_SLACK_MS = 5 * 60_000;
/** Sessions of one station that may have begun since. */
const SESSIONS_MAX = 16;
/** Sessions of one station whose end was not told. */
const OPEN_MAX = 64;
/** Requests of one station that nothing came of yet. */
const OPEN_STARTS_MAX = 64;
const CANCELLED = 'cancelled';
const REMOTE_START_ID_MAX = 0x7fffffff;

/**
 * Asks stations to start, and follows what comes of it: the session that the intake found to be the one, with its limit; one that was not
 * found there, since its request was not known yet; nothing, within a bounded time. A start that is taken back is matched to nothing; OCPP
 * has no message for that, so a session that comes of it all the same is stopped.
 */
export class StartRequests {
  private readonly loop: TimerLoop;

  constructor(private readonly parts: StartRequestParts) {
    const { timers, clock, logger } = parts;
    this.loop = new TimerLoop({ timers, kind: KIND, clock, logger, handle: ({ payload }) => this.look(String(payload)) });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /**
   * Resolves with the station's answer.
   *
   * @throws {RequestError} when the token may not charge there: nothing is asked of the station, and nothing is kept
   */
  async request(order: StartOrder): Promise<Asked> {
    const { commands, ids } = this.parts;
    const { stationId, evseId, idToken, groupId, limit, idempotencyKey } = order;
    const startRequestId = idempotencyKey === '' ? ids.next() : startRequestIdOf(idempotencyKey);
    const remoteStartId = remoteStartIdOf(startRequestId);
    const known = (await this.parts.aggregates.load(startRequestId)).state;
    if (known.kind !== 'None') return known;
    await commands.checkToken(stationId, evseId, idToken);
    // The timer first: it takes away what a crash leaves.
    await this.schedule(startRequestId, COMMAND_DEADLINE_MS);
    const at = this.now();
    const wanted = { startRequestId, stationId, evseId, idToken, remoteStartId, ...(limit === undefined ? {} : { limit }) };
    await this.parts.collections.openStarts.upsert([{ doc: { id: startRequestId, ...wanted, requestedAt: at } }]);
    const requested = { ...wanted, at, ...(groupId === '' ? {} : { groupId }) };
    const { state, isNew } = await this.decide(startRequestId, { kind: 'Request', requested }, 'requested');
    if (!isNew) return asked(state);
    await this.schedule(startRequestId, LOOK_MS);
    const answer = await commands.send(stationId, {
      $case: 'requestStartTransaction',
      value: { idToken: { idToken: idToken.idToken, type: idToken.type }, evseId, remoteStartId, connectorId: 0, groupId },
    });
    const { status, stationStatus, reason } = answer;
    const answered = {
      startRequestId,
      stationId,
      at: this.now(),
      status,
      ...(stationStatus === undefined ? {} : { stationStatus }),
      ...(reason === '' ? {} : { reason }),
    };
    // Before that is said, and whether or not it was taken back meanwhile: no session comes of it.
    if (isRefusal(status)) await this.close(startRequestId);
    return asked((await this.decide(startRequestId, { kind: 'Answer', answered }, 'answered')).state);
  }

  /**
   * Takes a start back; one that became a session is stopped. Again changes nothing.
   *
   * @throws {RequestError} `NOT_FOUND` while nobody asked for it
   */
  async cancel(startRequestId: string, by: StartRequestCancelled['by']): Promise<Asked> {
    const { openStarts } = this.parts.collections;
    await this.get(startRequestId);
    const state = asked((await this.decide(startRequestId, { kind: 'Cancel', by, at: this.now() }, CANCELLED)).state);
    if (state.kind === 'Started') await this.parts.stops.stopSoon(state.sessionId, by, `${CANCELLED} ${startRequestId}`);
    if (state.kind !== 'Cancelled') return state;
    await this.schedule(startRequestId, LOOK_MS);
    const open = await openStarts.get(startRequestId);
    if (open !== undefined && open.cancelledAt === undefined) await openStarts.upsert([{ doc: { ...open, cancelledAt: state.updatedAt } }]);
    return state;
  }

  async get(startRequestId: string): Promise<Asked> {
    const { state } = await this.parts.aggregates.load(startRequestId);
    if (state.kind === 'None') throw new RequestError('NOT_FOUND', `no start request ${startRequestId}`, 'UnknownStartRequest');
    return state;
  }

  /** Sessions began: the requests that they came of are looked at now. */
  async started({ answered }: Pick<Batch, 'answered'>): Promise<void> {
    if (answered.size === 0) return;
    for (const startRequestId of answered) await this.schedule(startRequestId, 0);
    this.loop.hurry();
  }

  private async look(startRequestId: string): Promise<void> {
    const { aggregates, clock, lapseMs } = this.parts;
    const { state } = await aggregates.load(startRequestId);
    if (state.kind === 'Cancelled') return this.lookAfterCancelled(state);
    if (!isOpen(state)) return this.close(startRequestId);
    const session = await this.sessionOf(state);
    if (session !== undefined && !(await this.isOutdone(state, session))) return this.match(state, session);
    const now = clock.now();
    if (now - Date.parse(state.updatedAt) >= (state.kind === 'Pending' ? COMMAND_DEADLINE_MS + lapseMs : lapseMs)) {
      // In this order: what is said to have lapsed is matched with nothing more.
      await this.close(startRequestId);
      await this.decide(startRequestId, { kind: 'Lapse', at: this.now() }, 'lapsed');
      return;
    }
    await this.schedule(startRequestId, now - Date.parse(state.requestedAt) < SLOWLY_AFTER_MS ? LOOK_MS : LOOK_SLOWLY_MS);
  }

  /** A session that comes of what was taken back is stopped, until the station cannot wait for the cable any more. */
  private async lookAfterCancelled(state: CancelledStartRequest): Promise<void> {
    const { clock, collections, lapseMs } = this.parts;
    const { startRequestId, updatedAt } = state;
    // A later request may have become a session: then a station of 1.6 waits for nothing more.
    if ((await collections.openStarts.get(startRequestId)) === undefined) return;
    const session = await this.sessionOf({ ...state, cancelledAt: updatedAt });
    if (session !== undefined && !(await this.isOutdone(state, session))) {
      await this.decide(startRequestId, { kind: 'Overtake', sessionId: session.id, at: this.now() }, 'overtaken');
      await this.parts.stops.stopSoon(session.id, state.by, `${CANCELLED} ${startRequestId}`);
      return this.close(startRequestId);
    }
    if (clock.now() - Date.parse(updatedAt) >= COMMAND_DEADLINE_MS + lapseMs) return this.close(startRequestId);
    await this.schedule(startRequestId, clock.now() - Date.parse(updatedAt) < SLOWLY_AFTER_MS ? LOOK_MS : LOOK_SLOWLY_MS);
  }

  private async sessionOf(state: AskedStart): Promise<SessionDocument | undefined> {
    const { sessions } = this.parts.collections;
    const { stationId, requestedAt } = state;
    const startedAt = { $gte: isoTime(Date.parse(requestedAt) - CLOCK_SLACK_MS) };
    const since = await sessions.find({ where: { stationId, startedAt }, sort: ['startedAt', 1], limit: SESSIONS_MAX });
    const found = since.docs.find((document) => isStartOf(document.claims, state));
    if (found !== undefined) return found;
    // A station whose clock was never set starts in 1970; what runs there is few.
    const open = await sessions.find({ where: { openOn: stationId }, limit: OPEN_MAX });
    return open.docs.find((document) => isStartOf(document.claims, state));
  }

  private async match(state: Asked, { id: sessionId, claims }: SessionDocument): Promise<void> {
    const { startRequestId, limit } = state;
    const at = this.now();
    if (claims.startRequestId === undefined) {
      await this.parts.changes.change(sessionId, ({ claims: known, readings }) => {
        // A session that is over has no use for a limit.
        const isOver = effectiveEnd(known, readings) !== undefined;
        const chosen = limit === undefined || isOver ? {} : { limit: { limit, by: 'StartRequest', at } as const };
        return [{ claim: { kind: 'StartRequestMatched', startRequestId, at, ...chosen }, causationId: matchedBy(startRequestId) }];
      });
    }
    await this.decide(startRequestId, { kind: 'Match', sessionId, at }, 'matched');
    await this.close(startRequestId);
    if (claims.identity?.ocppVersion === 'ocpp1.6') await this.forgetCancelled(state);
  }

  /** A station of 1.6 waits for one start at an EVSE: what was taken back before this one is over. */
  private async forgetCancelled(state: Asked): Promise<void> {
    const { docs } = await this.openAt(state.stationId);
    const isOver = (each: OpenStartDocument): boolean =>
      each.cancelledAt !== undefined && each.evseId === state.evseId && each.requestedAt <= state.requestedAt;
    const over = docs.filter(isOver).map(({ id }) => id);
    if (over.length > 0) await this.parts.collections.openStarts.delete(over);
  }

  private openAt(stationId: string) {
    return this.parts.collections.openStarts.find({ where: { stationId }, limit: OPEN_STARTS_MAX });
  }

  /** A newer request for the same: what the driver wanted last counts. Only 1.6 cannot tell which of the two a session came of. */
  private async isOutdone(state: Asked, { claims }: SessionDocument): Promise<boolean> {
    if (claims.identity?.ocppVersion !== 'ocpp1.6' || claims.startRequestId !== undefined) return false;
    const { docs } = await this.openAt(state.stationId);
    const others = docs.filter(({ id }) => id !== state.startRequestId);
    const loaded = await Promise.all(others.map(({ id }) => this.parts.aggregates.load(id)));
    const counts = (other: Asked): boolean => state.kind === 'Cancelled' || isNewer(other, state);
    return loaded.some(({ state: other }) => isOpen(other) && isStartOf(claims, other) && counts(other));
  }

  private async decide(
    startRequestId: string,
    command: StartRequestCommand,
    causationId: string,
  ): Promise<{ readonly state: StartRequestState; readonly isNew: boolean }> {
    const [execution] = await this.parts.aggregates.execute([{ streamId: startRequestId, command, causationId }]);
    if (execution === undefined) throw new Error('no execution');
    return { state: execution.state, isNew: execution.outcome === 'committed' };
  }

  private schedule(startRequestId: string, inMs: number): Promise<void> {
    const dueAt = isoTime(this.parts.clock.now() + inMs);
    return this.parts.timers.schedule([{ id: `${KIND}#${startRequestId}`, kind: KIND, dueAt, payload: startRequestId }]);
  }

  private async close(startRequestId: string): Promise<void> {
    await this.parts.collections.openStarts.delete([startRequestId]);
  }

  private now(): string {
    return isoTime(this.parts.clock.now());
  }
}

const isNewer = (a: Asked, b: Asked): boolean =>
  a.requestedAt > b.requestedAt || (a.requestedAt === b.requestedAt && a.startRequestId > b.startRequestId);

/** The id of the request that is made under a key. */
export const startRequestIdOf = (idempotencyKey: string): string => uuidOf(`start-request\n${idempotencyKey}`);

/** A positive 32-bit integer that is hardly ever that of another request. */
const remoteStartIdOf = (startRequestId: string): number =>
  Number.parseInt(uuidOf(`remote-start\n${startRequestId}`).slice(0, 8), 16) & REMOTE_START_ID_MAX || 1;

function asked(state: StartRequestState): Asked {
  if (state.kind === 'None') throw new Error('the start request was not recorded');
  return state;
}
