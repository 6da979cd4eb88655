import { type Clock, isoTime, RequestError } from '@voltlog/kernel';
import type { LimitDimension, SessionEvent, StopCause } from '@voltlog/session-contract';
import {
  effectiveEnd,
  isPending,
  limitOf,
  nextStopStep,
  type Readings,
  type RecordClaim,
  type SessionClaims,
} from '@voltlog/session-domain';
import { type Aggregates, TimerLoop, type TimerStore } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { SessionChanges } from '../commands/session-changes.js';
import type { CommandAnswer, StationCommands } from '../commands/station-commands.js';
import type { SessionEntry } from '../intake/station-cache.js';
import { readingsOf } from '../store/readings.js';
import type { SessionCollections } from '../store/session-documents.js';
import type { LimitLook } from './limit-look.js';

export interface SessionWatchParts {
  readonly collections: SessionCollections;
  /** What the streams tell now, not what is remembered of them. */
  readonly streams: Pick<Aggregates<RecordClaim, SessionClaims, SessionEvent>, 'load'>;
  readonly changes: SessionChanges;
  readonly commands: StationCommands;
  readonly limits: LimitLook;
  readonly timers: TimerStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

const KIND = 'SessionWatch';
/** A station that is away is asked for this often; its next message asks at once. */
const OFFLINE_MS = 15_000;
/** What is known changed just now. */
const AGAIN_MS = 1_000;
/** A stop that is to happen is looked at this often at least. */
const WAIT_MS_MAX = 5_000;
/** A command under way is looked after this late; its answer comes before. */
const UNDERWAY_MS = 41_000;

/**
 * Looks after sessions that have a limit or are to be stopped: one durable timer each. What is sent was decided in the session's stream
 * first, so that two looks at a time send one command, and a crash between the two costs a repetition, never a stop.
 */
export class SessionWatch {
  private readonly loop: TimerLoop;

  constructor(private readonly parts: SessionWatchParts) {
    const { timers, clock, logger } = parts;
    this.loop = new TimerLoop({ timers, kind: KIND, clock, logger, handle: ({ payload }) => this.look(sessionIdIn(payload)) });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Facts came in for sessions: those that are watched are looked at now. Cheap for all others. */
  async touched(entries: Iterable<SessionEntry>): Promise<void> {
    let watched: string[] | undefined;
    for (const { sessionId, claims, readings } of entries) if (isWatched(claims, readings)) (watched ??= []).push(sessionId);
    if (watched !== undefined) await this.soon(watched);
  }

  /** Looks at sessions as soon as can be; durable once it resolves. */
  async soon(sessionIds: readonly string[]): Promise<void> {
    await this.schedule(sessionIds, this.parts.clock.now());
    this.loop.hurry();
  }

  /**
   * Asks a session's station to stop, and goes on until it did.
   *
   * @returns what the station said; undefined: somebody else is asking it
   * @throws {RequestError} `NOT_FOUND`, or `FAILED_PRECONDITION` when the session has ended
   */
  async requestStop(sessionId: string, cause: StopCause, key: string): Promise<CommandAnswer | undefined> {
    const { isOver, asks } = await this.ask(sessionId, cause, key);
    if (isOver) throw new RequestError('FAILED_PRECONDITION', `session ${sessionId} has ended`, 'SessionEnded');
    return asks === undefined ? undefined : this.send(asks);
  }

  /** The same without waiting for the station, for whoever must not be held up; one that has ended is left alone. */
  async stopSoon(sessionId: string, cause: StopCause, key: string): Promise<void> {
    const { asks } = await this.ask(sessionId, cause, key);
    if (asks !== undefined) this.sendSoon(asks);
  }

  private async ask(sessionId: string, cause: StopCause, key: string): Promise<{ readonly isOver: boolean; readonly asks?: SessionEntry }> {
    await this.schedule([sessionId], this.parts.clock.now() + UNDERWAY_MS);
    const done = await this.parts.changes.change(sessionId, ({ claims, readings }) => {
      if (effectiveEnd(claims, readings) !== undefined) return [];
      const attempt = (claims.stop?.attempt ?? 0) + 1;
      return [{ claim: { kind: 'StopRequested', stop: { attempt, cause, at: this.now() } }, causationId: `stop#${key}` }];
    });
    const isOver = done === undefined || effectiveEnd(done.entry.claims, done.entry.readings) !== undefined;
    return { isOver, ...(!isOver && done.committed[0] === true ? { asks: done.entry } : {}) };
  }

  private async look(sessionId: string): Promise<void> {
    const { collections, clock, streams } = this.parts;
    // The stream, since whoever committed a stop there may have died before it was in the document.
    const [document, { state: claims }] = await Promise.all([collections.sessions.get(sessionId), streams.load(sessionId)]);
    if (document === undefined) return;
    const { stationId } = document;
    const readings = (await readingsOf(collections, [document])).get(sessionId)?.readings ?? {};
    if (claims.stop !== undefined && isPending(claims, readings)) return this.goOn(sessionId, stationId, { claims, readings });
    if (claims.stop?.cause === 'Limit' && claims.stop.withdrawn !== true) return;
    const verdict = await this.parts.limits.look(sessionId, claims, readings);
    if (verdict === undefined) return;
    if (verdict.kind === 'Watch') {
      if (Number.isFinite(verdict.lookAtMs)) await this.schedule([sessionId], Math.max(verdict.lookAtMs, clock.now() + 1));
      return;
    }
    const attempt = (claims.stop?.attempt ?? 0) + 1;
    await this.attempt(sessionId, attempt, { cause: 'Limit', dimension: verdict.dimension });
  }

  /** The next step of a stop that did not happen yet. */
  private async goOn(sessionId: string, stationId: string, known: { claims: SessionClaims; readings: Readings }): Promise<void> {
    const { clock, commands, changes, limits, logger } = this.parts;
    const { stop } = known.claims;
    const step = nextStopStep(known.claims, known.readings, clock.now());
    if (stop === undefined) return;
    switch (step.kind) {
      case 'Done':
        return;
      case 'Wait':
        // What was read may be older than an answer that is stored by now.
        return this.schedule([sessionId], Math.min(step.untilMs, clock.now() + WAIT_MS_MAX));
      case 'Escalate': {
        const escalation = { attempts: step.attempts, cause: stop.cause, at: this.now() };
        await changes.change(sessionId, () => [{ claim: { kind: 'StopEscalated', escalation }, causationId: `escalated#${stop.attempt}` }]);
        logger.warn({ sessionId, stationId, attempts: step.attempts }, 'a station does not stop: an operator must look');
        return;
      }
      case 'AwaitConnection':
        if (!(await commands.isConnected(stationId))) return this.schedule([sessionId], clock.now() + OFFLINE_MS);
        break;
      case 'Attempt':
        break;
    }
    // A limit that was raised, or readings that came late, may have made it needless.
    if (stop.cause === 'Limit' && limitOf(known.claims) === undefined) return limits.forget(sessionId);
    const { cause, dimension } = stop;
    await this.attempt(sessionId, step.attempt, { cause, ...(dimension === undefined ? {} : { dimension }) });
  }

  private async attempt(
    sessionId: string,
    attempt: number,
    why: { readonly cause: StopCause; readonly dimension?: LimitDimension },
  ): Promise<void> {
    await this.schedule([sessionId], this.parts.clock.now() + UNDERWAY_MS);
    const done = await this.parts.changes.change(sessionId, ({ claims, readings }) =>
      // Meanwhile somebody else may have asked, or it ended.
      effectiveEnd(claims, readings) !== undefined || (claims.stop?.attempt ?? 0) >= attempt
        ? []
        : [{ claim: { kind: 'StopRequested', stop: { attempt, at: this.now(), ...why } }, causationId: `stop#attempt#${attempt}` }],
    );
    if (done === undefined) return;
    if (done.committed[0] !== true) {
      // What was read was older than what is known: look again at that.
      if (isWatched(done.entry.claims, done.entry.readings)) await this.schedule([sessionId], this.parts.clock.now() + AGAIN_MS);
      return;
    }
    this.sendSoon(done.entry);
  }

  /** Not waited for: a slow station must not hold up the others. The timer looks after it. */
  private sendSoon(entry: SessionEntry): void {
    const { sessionId } = entry;
    this.send(entry).catch((error: unknown) => this.parts.logger.error({ err: error, sessionId }, 'a stop could not be sent'));
  }

  private async send({ sessionId, identity, claims }: SessionEntry): Promise<CommandAnswer> {
    const { commands, changes, clock } = this.parts;
    const { stationId, transactionId } = identity;
    const attempt = claims.stop?.attempt ?? 0;
    const answer = await commands.send(stationId, { $case: 'requestStopTransaction', value: { transactionId } });
    const { status, stationStatus } = answer;
    const done = await changes.change(sessionId, () => [
      {
        claim: {
          kind: 'StopAnswered',
          answer: { attempt, status, at: this.now(), ...(stationStatus === undefined ? {} : { stationStatus }) },
        },
        causationId: `answered#${attempt}`,
      },
    ]);
    if (done !== undefined && isPending(done.entry.claims, done.entry.readings)) await this.schedule([sessionId], clock.now() + AGAIN_MS);
    return answer;
  }

  private schedule(sessionIds: readonly string[], atMs: number): Promise<void> {
    const dueAt = isoTime(atMs);
    return this.parts.timers.schedule(
      sessionIds.map((sessionId) => ({ id: `${KIND}#${sessionId}`, kind: KIND, dueAt, payload: sessionId })),
    );
  }

  private now(): string {
    return isoTime(this.parts.clock.now());
  }
}

/** True for a session that has a limit or is to be stopped. */
function isWatched(claims: SessionClaims, readings: Readings): boolean {
  const { stop, limit } = claims;
  if (stop === undefined && limit === undefined && claims.token?.authorization?.limit === undefined) return false;
  if (effectiveEnd(claims, readings) !== undefined) return false;
  return (stop !== undefined && isPending(claims, readings)) || limitOf(claims) !== undefined;
}

const sessionIdIn = (payload: unknown): string => (typeof payload === 'string' ? payload : '');
