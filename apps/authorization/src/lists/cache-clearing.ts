import type { AuthorizationDecided } from '@voltlog/authorization-contract';
import { isoTime } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { pages, type Timer, TimerLoop } from '@voltlog/store';
import type { DecisionProjection } from '../projections/decision-projection.js';
import { uuidV7At } from '../reactions/sweep.js';
import type { Collections } from '../store/documents.js';

const { CommandStatus } = connectionV1;

/** Kind of the timer that empties the cache of a station. */
export const CLEAR_CACHE = 'AuthorizationClearCache';

/** Kind of the timer that looks again where a token was accepted. */
const LOOK_AGAIN = 'AuthorizationForgetToken';
const LOOK_AGAIN_MS = 30_000;

/** A token whose decisions were not all listed yet when it was looked for. */
interface Look {
  readonly tokenKey: string;
  /** Stations that were told then: they are told once. */
  readonly told: readonly string[];
}

/** An earlier version kept the token alone, and its timers are still to come. */
const lookOf = (payload: unknown): Look => (typeof payload === 'string' ? { tokenKey: payload, told: [] } : (payload as Look));

interface Payload {
  readonly stationId: string;
  /** Tries that failed so far. */
  readonly attempt: number;
  /** Then the station answers nothing more from what it has in its cache, milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

/** Accepted decisions about one token that are looked through, and of one read. */
const DECISIONS_MAX = 5_000;
const PAGE = 500;
/** What stations ask; what is asked for by the API is answered to none. */
const BY_STATIONS: ReadonlySet<string> = new Set<AuthorizationDecided['purpose']>(['Identify', 'Start', 'Stop']);
/** Stations whose cache is cleared for one token: those that accepted it last. */
const STATIONS_MAX = 50;
const RETRY_FIRST_MS = 30_000;
/** A station that was away for long is told this late at most once it is back. */
const RETRY_MAX_MS = 120_000;
const COMMAND_MS = 15_000;

/**
 * Empties the caches of the stations that accepted a token lately when it may charge no more. There is no message to take a single
 * token out of a cache; the next driver is asked about once more.
 *
 * Source: OCPP 1.6 §3.5.1, §5.4; OCPP 2.0.1 Part 2 C11
 */
export class CacheClearing {
  private readonly loop: TimerLoop;
  private readonly looks: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly parts: {
      readonly collections: Pick<Collections, 'decisions'>;
      /** Keeps that collection. */
      readonly decisions: Pick<DecisionProjection, 'caughtUp'>;
      readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand'>;
      /** How long a station may answer from its cache, milliseconds. */
      readonly cacheMs: number;
    },
  ) {
    const { clock, logger } = context;
    const { timers } = context.store;
    this.loop = new TimerLoop({ timers, kind: CLEAR_CACHE, clock, logger, handle: (timer) => this.handle(timer) });
    this.looks = new TimerLoop({ timers, kind: LOOK_AGAIN, clock, logger, handle: ({ payload }) => this.look([lookOf(payload)]) });
  }

  start(): void {
    this.loop.start();
    this.looks.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.loop.stop(), this.looks.stop()]);
  }

  hurry(): void {
    this.loop.hurry();
    this.looks.hurry();
  }

  /** Has the stations that may remember these tokens forget them: those that are listed now, and once the list is whole the rest. */
  forget(tokenKeys: readonly string[]): Promise<void> {
    return this.look(tokenKeys.map((tokenKey) => ({ tokenKey, told: [] })));
  }

  private async look(looks: readonly Look[]): Promise<void> {
    const now = this.context.clock.now();
    const stations = new Set<string>();
    // A station may have had its answer a moment ago.
    const isWhole = await this.parts.decisions.caughtUp();
    const later: Look[] = [];
    for (const { tokenKey, told } of looks) {
      const accepted = await this.acceptedAt(tokenKey, now);
      for (const stationId of accepted) if (!told.includes(stationId)) stations.add(stationId);
      later.push({ tokenKey, told: [...new Set([...told, ...accepted])] });
    }
    const untilMs = now + this.parts.cacheMs;
    const { timers } = this.context.store;
    await timers.schedule([...stations].map((stationId) => timerOf({ stationId, attempt: 0, untilMs }, isoTime(now))));
    if (stations.size > 0) this.loop.hurry();
    if (isWhole) return;
    const dueAt = isoTime(now + LOOK_AGAIN_MS);
    await timers.schedule(later.map((look) => ({ id: `${LOOK_AGAIN}#${look.tokenKey}`, kind: LOOK_AGAIN, dueAt, payload: look })));
  }

  /** The stations that were told last that a token may charge. */
  private async acceptedAt(tokenKey: string, now: number): Promise<ReadonlySet<string>> {
    const where = { tokenKey, status: 'Accepted', id: { $gte: uuidV7At(now - this.parts.cacheMs) } };
    const stations = new Set<string>();
    let looked = 0;
    for await (const page of pages(this.parts.collections.decisions, { where, sort: ['id', -1], limit: PAGE })) {
      for (const { stationId, purpose } of page) if (BY_STATIONS.has(purpose) && stations.size < STATIONS_MAX) stations.add(stationId);
      looked += page.length;
      if (stations.size === STATIONS_MAX || looked >= DECISIONS_MAX) break;
    }
    return stations;
  }

  async handle(timer: Timer): Promise<void> {
    const { stationId, attempt, untilMs } = timer.payload as Payload;
    if (this.context.clock.now() >= untilMs) return;
    const { status } = await this.parts.connection.sendCommand({
      stationId,
      timeoutMs: COMMAND_MS,
      command: { $case: 'clearCache', value: {} },
    });
    // A station that refuses has no cache, or has it switched off (C11.FR.04).
    const isOver = status === CommandStatus.ACCEPTED || status === CommandStatus.REJECTED || status === CommandStatus.NOT_SUPPORTED;
    if (isOver) return;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 10));
    const dueAt = isoTime(this.context.clock.now() + waitMs);
    await this.context.store.timers.schedule([timerOf({ stationId, attempt: attempt + 1, untilMs }, dueAt)]);
  }
}

const timerOf = (payload: Payload, dueAt: string): Timer => ({
  id: `${CLEAR_CACHE}:${payload.stationId}`,
  kind: CLEAR_CACHE,
  dueAt,
  payload,
});
