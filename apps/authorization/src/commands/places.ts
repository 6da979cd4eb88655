import { type AuthorizationPolicy, authorize, noPlace, type Place, type TokenState, type Verdict } from '@voltlog/authorization-domain';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import type { ServiceContext } from '@voltlog/service';
import type { Count } from '@voltlog/telemetry';
import { GROUP, NEVER_STARTED, type NeverStarted } from '../reactions/names.js';
import type { Collections } from '../store/documents.js';
import type { TokenEntry, TokenOutcome, TokenRepository } from '../store/token-repository.js';
import type { OpenQuestion } from './authorizer.js';

export interface PlacesOptions {
  readonly policy: AuthorizationPolicy;
  /** Milliseconds a refusal waits for the stops that were acknowledged before it. */
  readonly verifyMs: number;
  /** Milliseconds after which a permitted transaction that never started gives its place back. */
  readonly unstartedMs: number;
}

/**
 * The concurrent places of tokens.
 *
 * A place is taken by a commit, so two starts at once cannot both take the last one. Before a start is refused, all that its token's
 * stations said before now is waited for, so a session that was stopped never stands in the way of the next.
 */
export class Places {
  private readonly verified: Count;
  private readonly unverified: Count;

  constructor(
    private readonly context: ServiceContext,
    private readonly tokens: TokenRepository,
    private readonly collections: Collections,
    private readonly options: PlacesOptions,
  ) {
    const help = 'Tokens found full and looked at again';
    this.verified = context.metrics.counter('voltlog_authorization_verifications_total', help, { caught_up: 'true' });
    this.unverified = context.metrics.counter('voltlog_authorization_verifications_total', help, { caught_up: 'false' });
  }

  /** Replaces the verdicts that need a place, or a second look, by final ones. */
  async settle(open: readonly OpenQuestion[]): Promise<void> {
    const full = await this.take(open, undefined);
    if (full.length === 0) return;
    const { caughtUp, entries } = await this.verify(full.map(({ key }) => key));
    for (const one of await this.take(full, entries)) one.verdict = noPlace(one.verdict, caughtUp);
  }

  /** Tells that a permitted transaction is to be looked at again; see {@link NeverStarted}. */
  async watch(permits: readonly NeverStarted[]): Promise<void> {
    if (permits.length === 0) return;
    const dueAt = new Date(this.context.clock.now() + this.options.unstartedMs).toISOString();
    await this.context.store.timers.schedule(
      permits.map((payload) => ({ id: `${NEVER_STARTED}:${payload.transactionKey}`, kind: NEVER_STARTED, dueAt, payload })),
    );
  }

  /**
   * Settles what can be settled; the rest is full.
   *
   * @param verified the tokens as they are after the second look; an offline start is counted over the limit then
   */
  private async take(
    open: readonly OpenQuestion[],
    verified: ReadonlyMap<string, TokenEntry> | undefined,
  ): Promise<readonly OpenQuestion[]> {
    const full: OpenQuestion[] = [];
    const starts: OpenQuestion[] = [];
    for (const one of open) {
      const state = verified?.get(one.key)?.state;
      // After the second look the token may be another one than the first verdict was about.
      if (state !== undefined) one.verdict = authorize(one.asked, state, this.options.policy);
      if (one.verdict.needs === 'place') starts.push(one);
      else if (one.verdict.needs === 'verify') full.push(one);
    }
    if (starts.length === 0) return full;
    const permits = starts.map(({ question, key }) => ({
      transactionKey: question.transactionKey,
      stationId: question.stationId,
      tokenKey: key,
    }));
    // The timer goes first: a place that nobody would ever look at again must not exist, not even after a crash right here.
    await this.watch(permits);
    const outcomes = await this.tokens.execute(
      starts.map((one) => ({
        key: one.key,
        command: this.permit(one, verified !== undefined),
        causationId: this.context.ids.next(),
        traceparent: one.question.traceparent,
      })),
    );
    for (const [index, outcome] of outcomes.entries()) {
      const one = starts[index] as OpenQuestion;
      if (outcome.outcome === 'refused' && outcome.refusal === 'ConcurrentLimit') full.push(one);
      else one.verdict = this.permitted(one, outcome.entry.state, isOverLimit(outcome, one.question.transactionKey));
    }
    return full;
  }

  private permit({ question, asked }: OpenQuestion, last: boolean) {
    const place: Place = {
      transactionKey: question.transactionKey,
      stationId: question.stationId,
      evseId: question.evseId,
      startedAt: question.occurredAt ?? new Date(asked.now).toISOString(),
    };
    return { kind: 'PermitTransaction' as const, ...place, running: last && question.offline, now: asked.now };
  }

  private permitted(one: OpenQuestion, state: TokenState, overLimit: boolean): Verdict {
    const { needs: _, ...verdict } = authorize(one.asked, state, this.options.policy);
    return overLimit ? { ...verdict, reason: 'ConcurrentLimitExceededOffline' } : verdict;
  }

  /** Waits for what the stations of the places had said before now, and gives back the places that turn out to be free. */
  private async verify(
    keys: readonly string[],
  ): Promise<{ readonly caughtUp: boolean; readonly entries: ReadonlyMap<string, TokenEntry> }> {
    const entries = await this.tokens.load([...new Set(keys)]);
    const held = [...entries].flatMap(([key, { state }]) => (state.kind === 'known' ? state.places.map((place) => ({ key, place })) : []));
    const stations = new Set(held.map(({ place }) => place.stationId));
    const answers = await Promise.all(
      [...stations].map((stationId) =>
        this.context.log.caughtUp({ group: GROUP, topic: STATION_TOPIC, key: stationId, deadlineMs: this.options.verifyMs }),
      ),
    );
    const caughtUp = answers.every(Boolean);
    (caughtUp ? this.verified : this.unverified).value += 1;
    const ended = await this.collections.transactions.getMany(held.map(({ place }) => place.transactionKey));
    const over = held.filter(({ place }) => ended.get(place.transactionKey)?.state === 'ended');
    if (over.length > 0) await this.release(over);
    return { caughtUp, entries: await this.tokens.load([...entries.keys()]) };
  }

  private async release(over: readonly { readonly key: string; readonly place: Place }[]): Promise<void> {
    const now = this.context.clock.now();
    await this.tokens.execute(
      over.map(({ key, place }) => ({
        key,
        command: { kind: 'ReleaseTransaction' as const, transactionKey: place.transactionKey, cause: 'Ended' as const, now },
        causationId: this.context.ids.next(),
      })),
    );
  }
}

const isOverLimit = (outcome: TokenOutcome, transactionKey: string): boolean =>
  outcome.outcome === 'committed' &&
  outcome.events.some(
    (event) =>
      event.type === 'voltlog.authorization.TransactionPermitted.v1' &&
      event.data.transactionKey === transactionKey &&
      event.data.overLimit,
  );
