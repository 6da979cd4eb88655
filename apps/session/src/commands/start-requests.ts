import { type Clock, type IdSource, isoTime, RequestError } from '@voltlog/kernel';
import type { SessionIdToken, SessionLimit, StartRequestEvent } from '@voltlog/session-contract';
import {
  effectiveEnd,
  isOpen,
  type SessionClaims,
  type StartRequestCommand,
  type StartRequestRefusal,
  type StartRequestState,
} from '@voltlog/session-domain';
import { type Aggregates, TimerLoop, type TimerStore } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { Batch } from '../intake/batch.js';
import { uuidOf } from '../session-id.js';
import type { SessionCollections, SessionDocument } from '../store/session-documents.js';
import type { SessionChanges } from './session-changes.js';
import { COMMAND_DEADLINE_MS, type StationCommands } from './station-commands.js';

export interface StartRequestParts {
  readonly collections: Pick<SessionCollections, 'sessions' | 'openStarts'>;
  readonly aggregates: Aggregates<StartRequestCommand, StartRequestState, StartRequestEvent, StartRequestRefusal>;
  readonly changes: SessionChanges;
  readonly commands: StationCommands;
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
/** How often a session is looked for, first and later; one that starts on this instance is found at once. */
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
const REMOTE_START_ID_MAX = 0x7fffffff;

/**
 * Asks stations to start, and finds the session that comes of it: by its remoteStartId; OCPP 1.6, which has none, by station, EVSE and
 * token, within a bounded time. The limit goes over to the session.
 */
export class StartRequests {
  private readonly loop: TimerLoop;
  /** Stations that were asked by this instance: a start there is looked at soon. */
  private readonly open = new Map<string, Set<string>>();

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

  /** Resolves with the station's answer. */
  async request(order: StartOrder): Promise<Asked> {
    const { commands, ids } = this.parts;
    const { stationId, evseId, idToken, groupId, limit, idempotencyKey } = order;
    const startRequestId = idempotencyKey === '' ? ids.next() : startRequestIdOf(idempotencyKey);
    const remoteStartId = remoteStartIdOf(startRequestId);
    // The timer first: it takes away what a crash leaves.
    await this.schedule(startRequestId, COMMAND_DEADLINE_MS);
    await this.parts.collections.openStarts.upsert([{ doc: { id: startRequestId, stationId } }]);
    const requested = {
      startRequestId,
      stationId,
      at: this.now(),
      evseId,
      idToken,
      remoteStartId,
      ...(groupId === '' ? {} : { groupId }),
      ...(limit === undefined ? {} : { limit }),
    };
    const { state, isNew } = await this.decide(startRequestId, { kind: 'Request', requested }, 'requested');
    if (!isNew) return asked(state);
    this.remember(stationId, startRequestId);
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
    return asked((await this.decide(startRequestId, { kind: 'Answer', answered }, 'answered')).state);
  }

  async get(startRequestId: string): Promise<Asked> {
    const { state } = await this.parts.aggregates.load(startRequestId);
    if (state.kind === 'None') throw new RequestError('NOT_FOUND', `no start request ${startRequestId}`, 'UnknownStartRequest');
    return state;
  }

  /** Sessions began: those that were asked for here are looked at now. */
  async started(batch: Batch): Promise<void> {
    if (this.open.size === 0) return;
    const found = new Set<string>();
    for (const { claim, entry } of batch.claims) {
      if (claim.kind !== 'Started') continue;
      for (const startRequestId of this.open.get(entry.identity.stationId) ?? []) found.add(startRequestId);
    }
    if (found.size === 0) return;
    for (const startRequestId of found) await this.schedule(startRequestId, 0);
    this.loop.hurry();
  }

  private async look(startRequestId: string): Promise<void> {
    const { aggregates, clock, lapseMs } = this.parts;
    const { state } = await aggregates.load(startRequestId);
    if (!isOpen(state)) return this.close(startRequestId, state.kind === 'None' ? '' : state.stationId);
    const session = await this.sessionOf(state);
    if (session !== undefined && !(await this.isOutdone(state, session))) return this.match(state, session);
    const now = clock.now();
    if (now - Date.parse(state.updatedAt) >= (state.kind === 'Pending' ? COMMAND_DEADLINE_MS + lapseMs : lapseMs)) {
      await this.decide(startRequestId, { kind: 'Lapse', at: this.now() }, 'lapsed');
      return this.close(startRequestId, state.stationId);
    }
    await this.schedule(startRequestId, now - Date.parse(state.requestedAt) < SLOWLY_AFTER_MS ? LOOK_MS : LOOK_SLOWLY_MS);
  }

  private async sessionOf(state: Asked): Promise<SessionDocument | undefined> {
    const { sessions } = this.parts.collections;
    const { stationId, requestedAt } = state;
    const startedAt = { $gte: isoTime(Date.parse(requestedAt) - CLOCK_SLACK_MS) };
    const since = await sessions.find({ where: { stationId, startedAt }, sort: ['startedAt', 1], limit: SESSIONS_MAX });
    const found = since.docs.find((document) => isOf(document.claims, state));
    if (found !== undefined) return found;
    // A station whose clock was never set starts in 1970; what runs there is few.
    const open = await sessions.find({ where: { openOn: stationId }, limit: OPEN_MAX });
    return open.docs.find((document) => isOf(document.claims, state));
  }

  private async match(state: Asked, { id: sessionId, claims }: SessionDocument): Promise<void> {
    const { startRequestId, limit } = state;
    const at = this.now();
    if (claims.startRequestId === undefined) {
      await this.parts.changes.change(sessionId, ({ claims: known, readings }) => {
        // A session that is over has no use for a limit.
        const isOver = effectiveEnd(known, readings) !== undefined;
        const chosen = limit === undefined || isOver ? {} : { limit: { limit, by: 'StartRequest', at } as const };
        return [{ claim: { kind: 'StartRequestMatched', startRequestId, at, ...chosen }, causationId: `start-request#${startRequestId}` }];
      });
    }
    await this.decide(startRequestId, { kind: 'Match', sessionId, at }, 'matched');
    await this.close(startRequestId, state.stationId);
  }

  /** A newer request for the same: what the driver wanted last counts. Only 1.6 cannot tell which of the two a session came of. */
  private async isOutdone(state: Asked, { claims }: SessionDocument): Promise<boolean> {
    if (claims.identity?.ocppVersion !== 'ocpp1.6' || claims.startRequestId !== undefined) return false;
    const { collections, aggregates } = this.parts;
    const { docs } = await collections.openStarts.find({ where: { stationId: state.stationId }, limit: OPEN_STARTS_MAX });
    const others = docs.filter(({ id }) => id !== state.startRequestId);
    const loaded = await Promise.all(others.map(({ id }) => aggregates.load(id)));
    return loaded.some(({ state: other }) => isOpen(other) && isOf(claims, other) && isNewer(other, state));
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

  private remember(stationId: string, startRequestId: string): void {
    const known = this.open.get(stationId) ?? new Set();
    this.open.set(stationId, known.add(startRequestId));
  }

  private async close(startRequestId: string, stationId: string): Promise<void> {
    const known = this.open.get(stationId);
    known?.delete(startRequestId);
    if (known?.size === 0) this.open.delete(stationId);
    await this.parts.collections.openStarts.delete([startRequestId]);
  }

  private now(): string {
    return isoTime(this.parts.clock.now());
  }
}

/** Whether a session came of a request. */
function isOf({ start, startRequestId, identity, place }: SessionClaims, asked: Asked): boolean {
  if (start === undefined || (startRequestId !== undefined && startRequestId !== asked.startRequestId)) return false;
  if (identity?.ocppVersion !== 'ocpp1.6') return start.remoteStartId === asked.remoteStartId;
  return (
    start.receivedAt >= asked.requestedAt &&
    (asked.evseId === 0 || place?.evseId === asked.evseId) &&
    // OCPP 1.6 §7.28: idTags are case insensitive.
    start.idToken?.idToken.toUpperCase() === asked.idToken.idToken.toUpperCase()
  );
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
