import type { AuthorizationDecided, TokenStatus, UseRules } from '@voltlog/authorization-contract';
import { isGood, type Subject, UNKNOWN_TOKEN } from '@voltlog/authorization-domain';
import { isoTime, OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { pages, type Timer, TimerLoop } from '@voltlog/store';
import type { DecisionProjection } from '../projections/decision-projection.js';
import { uuidV7At } from '../reactions/sweep.js';
import type { ContractRepository } from '../store/contract-repository.js';
import type { Collections } from '../store/documents.js';
import type { Sites } from '../store/sites.js';
import type { TokenRepository } from '../store/token-repository.js';

const { CommandStatus } = connectionV1;

/** Kind of the timer that empties the cache of a station. */
export const CLEAR_CACHE = 'AuthorizationClearCache';

/** Kind of the timer that looks again where a token was accepted. */
const LOOK_AGAIN = 'AuthorizationForgetToken';
const LOOK_AGAIN_MS = 30_000;

/** Whoever ends a token now may have a clock that is ahead of ours by so much. */
const CLOCKS_APART_MS = 5_000;

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

/** Decisions about one token that are looked through, and of one read. */
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

type Whose = Pick<Subject, 'token' | 'contract'>;

/**
 * Empties the caches of the stations that accepted a token lately where it may charge no more. There is no message to take a single
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
      readonly tokens: Pick<TokenRepository, 'load'>;
      readonly contracts: Pick<ContractRepository, 'load'>;
      readonly sites: Pick<Sites, 'load'>;
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

  /**
   * Has the stations that remember these tokens, and where they may charge no more, forget them: those that are listed now, once the list
   * is whole the rest, and at the end of a token or its contract those that were told of no end, or of a later one.
   */
  review(tokenKeys: readonly string[]): Promise<void> {
    return this.look(tokenKeys.map((tokenKey) => ({ tokenKey, told: [] })));
  }

  /** False where nobody has to forget it now, nor before all that stations were told of it is over by itself. */
  mayEnd({ status, validFrom, expiresAt, siteIds, stationIds }: UseRules & { readonly status: TokenStatus }): boolean {
    const allTold = isoTime(this.context.clock.now() + this.parts.cacheMs);
    const ends = expiresAt !== undefined && expiresAt < allTold;
    return status !== 'Active' || validFrom !== undefined || ends || siteIds !== undefined || stationIds !== undefined;
  }

  private async look(looks: readonly Look[]): Promise<void> {
    const now = this.context.clock.now();
    const stations = new Set<string>();
    // A station may have had its answer a moment ago.
    const isWhole = await this.parts.decisions.caughtUp();
    const subjects = await this.subjectsOf(looks.map(({ tokenKey }) => tokenKey));
    const later: Look[] = [];
    for (const { tokenKey, told } of looks) {
      const subject = subjects.get(tokenKey) ?? { token: UNKNOWN_TOKEN };
      const lost = await this.lostAt(tokenKey, subject, now);
      for (const stationId of lost) if (!told.includes(stationId)) stations.add(stationId);
      later.push({ tokenKey, told: [...new Set([...told, ...lost])] });
    }
    const untilMs = now + this.parts.cacheMs;
    const { timers } = this.context.store;
    await timers.schedule([...stations].map((stationId) => timerOf({ stationId, attempt: 0, untilMs }, isoTime(now))));
    if (stations.size > 0) this.loop.hurry();
    await timers.schedule(endsOf(subjects, now, isoTime(untilMs)));
    if (isWhole) return;
    const dueAt = isoTime(now + LOOK_AGAIN_MS);
    await timers.schedule(later.map((look) => ({ id: `${LOOK_AGAIN}#${look.tokenKey}`, kind: LOOK_AGAIN, dueAt, payload: look })));
  }

  private async subjectsOf(tokenKeys: readonly string[]): Promise<ReadonlyMap<string, Whose>> {
    const tokens = await this.parts.tokens.load(tokenKeys);
    const contractIds = new Set<string>();
    for (const { state } of tokens.values())
      if (state.kind === 'known' && state.contractId !== undefined) contractIds.add(state.contractId);
    const contracts = contractIds.size === 0 ? undefined : await this.parts.contracts.load([...contractIds]);
    const subjects = new Map<string, Whose>();
    for (const [key, { state: token }] of tokens) {
      const contract = token.kind === 'known' ? contracts?.get(token.contractId ?? '')?.state : undefined;
      subjects.set(key, contract === undefined ? { token } : { token, contract });
    }
    return subjects;
  }

  /** Of the stations that were told last that a token may charge, and not that it is over by now, those where it may no more. */
  private async lostAt(tokenKey: string, subject: Whose, now: number): Promise<ReadonlySet<string>> {
    const at = isoTime(now + CLOCKS_APART_MS);
    // By the token alone: whoever asks for the accepted ones reads all that were accepted, of every token.
    const where = { tokenKey, id: { $gte: uuidV7At(now - this.parts.cacheMs) } };
    const seen = new Set<string>();
    const stations = new Set<string>();
    let looked = 0;
    for await (const page of pages(this.parts.collections.decisions, { where, sort: ['id', -1], limit: PAGE })) {
      const asked = new Set<string>();
      for (const { stationId, purpose, status, cacheExpiresAt = at } of page)
        if (status === 'Accepted' && BY_STATIONS.has(purpose) && cacheExpiresAt >= at && !seen.has(stationId)) asked.add(stationId);
      for (const [stationId, siteId] of await this.parts.sites.load([...asked])) {
        seen.add(stationId);
        if (stations.size < STATIONS_MAX && !isGood(subject, { stationId, siteId, at })) stations.add(stationId);
      }
      looked += page.length;
      if (stations.size === STATIONS_MAX || looked >= DECISIONS_MAX) break;
    }
    return stations;
  }

  async handle(timer: Timer): Promise<void> {
    const { stationId, attempt, untilMs } = timer.payload as Payload;
    if (this.context.clock.now() >= untilMs) return;
    if (await this.isCleared(stationId)) return;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 10));
    const dueAt = isoTime(this.context.clock.now() + waitMs);
    await this.context.store.timers.schedule([timerOf({ stationId, attempt: attempt + 1, untilMs }, dueAt)]);
  }

  /** False also where nobody could be asked who holds the station: it may be cleared twice. */
  private async isCleared(stationId: string): Promise<boolean> {
    try {
      const { status } = await this.parts.connection.sendCommand({
        stationId,
        timeoutMs: COMMAND_MS,
        command: { $case: 'clearCache', value: {} },
      });
      // A station that refuses has no cache, or has it switched off (C11.FR.04).
      return status === CommandStatus.ACCEPTED || status === CommandStatus.REJECTED || status === CommandStatus.NOT_SUPPORTED;
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      return false;
    }
  }
}

/** When tokens end that have an end before stations ask again by themselves. */
function endsOf(subjects: ReadonlyMap<string, Whose>, now: number, before: string): readonly Timer[] {
  const timers: Timer[] = [];
  for (const [tokenKey, { token, contract }] of subjects)
    for (const { expiresAt } of [token, contract].flatMap((each) => (each?.kind === 'known' ? each : [])))
      if (expiresAt !== undefined && expiresAt > isoTime(now + CLOCKS_APART_MS) && expiresAt < before)
        timers.push({
          id: `${LOOK_AGAIN}@${expiresAt}#${tokenKey}`,
          kind: LOOK_AGAIN,
          dueAt: expiresAt,
          payload: { tokenKey, told: [] } satisfies Look,
        });
  return timers;
}

const timerOf = (payload: Payload, dueAt: string): Timer => ({
  id: `${CLEAR_CACHE}:${payload.stationId}`,
  kind: CLEAR_CACHE,
  dueAt,
  payload,
});
