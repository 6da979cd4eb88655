import { type DecisionReason, tokenKey } from '@voltlog/authorization-contract';
import type { AuthorizationAnswer, ChargingLimit } from '@voltlog/connection-contract';
import type { TokenQuestion } from '@voltlog/connection-translation';
import { authorizationV1 } from '@voltlog/proto';
import type { Count, Logger, Metrics } from '@voltlog/telemetry';
import type { AcceptedToken, AcceptedTokens } from './accepted-tokens.js';
import { RefusedTokens } from './refused-tokens.js';

const { AuthorizationPurpose, AuthorizationStatus } = authorizationV1;

/** Questions in one call of the authorization service. */
const BATCH_MAX = 256;

/** What a token is to do: what stations ask, and what is asked for before any station does. */
export type TokenPurpose = TokenQuestion['purpose'] | 'reserve' | 'requestStart';

const PURPOSES = {
  identify: AuthorizationPurpose.IDENTIFY,
  start: AuthorizationPurpose.START,
  stop: AuthorizationPurpose.STOP,
  reserve: AuthorizationPurpose.RESERVE,
  requestStart: AuthorizationPurpose.REQUEST_START,
} as const satisfies Record<TokenPurpose, authorizationV1.AuthorizationPurpose>;

/** gRPC's words -> OCPP 2.1 AuthorizationStatusEnumType. */
const STATUS: Readonly<Partial<Record<authorizationV1.AuthorizationStatus, string>>> = {
  [AuthorizationStatus.ACCEPTED]: 'Accepted',
  [AuthorizationStatus.BLOCKED]: 'Blocked',
  [AuthorizationStatus.CONCURRENT_TX]: 'ConcurrentTx',
  [AuthorizationStatus.EXPIRED]: 'Expired',
  [AuthorizationStatus.INVALID]: 'Invalid',
  [AuthorizationStatus.NO_CREDIT]: 'NoCredit',
  [AuthorizationStatus.NOT_ALLOWED_TYPE_EVSE]: 'NotAllowedTypeEVSE',
  [AuthorizationStatus.NOT_AT_THIS_LOCATION]: 'NotAtThisLocation',
  [AuthorizationStatus.NOT_AT_THIS_TIME]: 'NotAtThisTime',
  [AuthorizationStatus.UNKNOWN]: 'Unknown',
};

/** The reason of what the policy of a site decided, since nobody could be asked. */
export const AWAY = 'AuthorizationUnavailable';
/** The reason of a refusal that says nothing about the token. */
const NOT_YOUR_SESSION = 'NotYourSession';

/** Why a token is good nowhere: of these no policy of a site lets it in. */
const GOOD_NOWHERE: ReadonlySet<string> = new Set<DecisionReason>([
  'TokenBlocked',
  'TokenInvalid',
  'TokenExpired',
  'ContractBlocked',
  'ContractInvalid',
  'ContractExpired',
]);

/** A service that is away is asked again after so long, milliseconds. */
const AGAIN_MS = 250;

interface Waiting {
  readonly item: authorizationV1.AuthorizationRequestItem;
  readonly askedAtMs: number;
  resolve(answer: AuthorizationAnswer): void;
}

export interface AuthorizationsOptions {
  /** Whom a station lets in while the service is away. */
  fallbackAt(stationId: string): 'accept-known' | 'accept-unknown' | 'reject';
  /** How long an acceptance, or that a token is good nowhere, stands in for the service whatever the policy. */
  readonly cacheMs: number;
  /** How long a token that would be refused waits for a service that has just gone: it may be started anew, milliseconds. */
  readonly waitMs: number;
  now(): number;
}

/**
 * Asks the authorization service what stations need to know, all questions of a tick in one call.
 *
 * When it does not answer: the last acceptance, or that the token is good nowhere, while that is fresh, else the operator's policy: `accept-known` takes any token that was
 * accepted before, `accept-unknown` takes every token, `reject` none. The answer says where it came from. Whom that policy would refuse waits a
 * while first, unless the service has been away for longer. Never throws.
 */
export class Authorizations {
  private waiting: Waiting[] = [];
  /** Since when the service does not answer; undefined: it does. */
  private awaySinceMs: number | undefined;
  private readonly refused = new RefusedTokens();
  private readonly unavailable: Count;

  constructor(
    private readonly service: Pick<authorizationV1.AuthorizationService, 'authorize'>,
    private readonly accepted: AcceptedTokens,
    private readonly options: AuthorizationsOptions,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.unavailable = metrics.counter('voltlog_authorization_unavailable_total', 'Tokens decided without the authorization service');
  }

  /** @param question with what its contract certificate is worth, where one was shown */
  ask(
    stationId: string,
    question: Omit<TokenQuestion, 'purpose'> & { readonly purpose: TokenPurpose; readonly certificateStatus?: string },
    traceparent?: string,
  ): Promise<AuthorizationAnswer> {
    const item = {
      stationId,
      evseId: question.evseId,
      idToken: question.idToken,
      purpose: PURPOSES[question.purpose],
      transactionKey: question.transactionKey === '' ? '' : `${stationId}/${question.transactionKey}`,
      occurredAt: question.occurredAt,
      offline: question.offline,
      traceparent,
      stops: question.stops,
      certificateStatus: question.certificateStatus,
    };
    return new Promise((resolve) => this.queue({ item, askedAtMs: this.options.now(), resolve }));
  }

  private queue(one: Waiting): void {
    if (this.waiting.push(one) === 1) setImmediate(() => this.flush());
  }

  private flush(): void {
    const all = this.waiting;
    this.waiting = [];
    if (all.length <= BATCH_MAX) void this.decide(all);
    else for (let from = 0; from < all.length; from += BATCH_MAX) void this.decide(all.slice(from, from + BATCH_MAX));
  }

  private async decide(batch: readonly Waiting[]): Promise<void> {
    let decisions: readonly authorizationV1.AuthorizationDecision[];
    try {
      decisions = (await this.service.authorize({ requests: batch.map((one) => one.item) })).decisions;
      this.awaySinceMs = undefined;
    } catch (error) {
      this.awaySinceMs ??= this.options.now();
      this.logger.warn({ err: error, questions: batch.length }, 'the authorization service did not answer; cache and policy decide');
      decisions = [];
    }
    const now = this.options.now();
    const undecided: Waiting[] = [];
    for (let i = 0; i < batch.length; i++) {
      const one = batch[i];
      if (one === undefined) continue;
      const decision = decisions[i];
      const status = decision === undefined ? undefined : STATUS[decision.status];
      if (decision === undefined || status === undefined) undecided.push(one);
      else one.resolve(this.answer(one.item, decision, status, now));
    }
    if (undecided.length === 0) return;
    await this.accepted.load(undecided.map((one) => keyOf(one.item)));
    const again: Waiting[] = [];
    for (const one of undecided) {
      const answer = this.fallback(one.item, now);
      if (answer.status !== 'Accepted' && answer.source === 'policy' && this.maySoonAnswer(one, now)) again.push(one);
      else {
        this.unavailable.value += 1;
        one.resolve(answer);
      }
    }
    if (again.length > 0) setTimeout(() => again.forEach((one) => this.queue(one)), AGAIN_MS);
  }

  /** Whoever asks by the API can ask again by themselves. */
  private maySoonAnswer({ item, askedAtMs }: Waiting, now: number): boolean {
    const { awaySinceMs } = this;
    if (isAskedAhead(item)) return false;
    return awaySinceMs !== undefined && now - Math.min(askedAtMs, awaySinceMs) < this.options.waitMs;
  }

  private answer(
    item: authorizationV1.AuthorizationRequestItem,
    decision: authorizationV1.AuthorizationDecision,
    status: string,
    now: number,
  ): AuthorizationAnswer {
    const groupId = decision.groupIdToken?.idToken;
    const key = keyOf(item);
    if (isFaulty(item) || isAskedAhead(item)) {
      // That certificate says nothing about the token, nor does what holds at another time about now.
    } else if (status === 'Accepted') {
      this.refused.forget(key);
      this.accepted.accepted(key, { groupId, decidedAtMs: now, expiresAt: decision.cacheExpiresAt });
    } else {
      // A token whose places are all taken stays a known token, and so does one that may not stop the session of another.
      if (status !== 'ConcurrentTx' && decision.reason !== NOT_YOUR_SESSION) this.accepted.refused(key);
      if (GOOD_NOWHERE.has(decision.reason)) this.refused.refused(key, { status, reason: decision.reason, decidedAtMs: now });
      else this.refused.forget(key);
    }
    const answer: { -readonly [Key in keyof AuthorizationAnswer]: AuthorizationAnswer[Key] } = { status, source: 'authorization' };
    if (decision.reason !== '') answer.reason = decision.reason;
    if (decision.decisionId !== '') answer.decisionId = decision.decisionId;
    if (groupId !== undefined && groupId !== '') answer.groupId = groupId;
    if (decision.cacheExpiresAt !== undefined) answer.cacheExpiresAt = decision.cacheExpiresAt;
    if (decision.limit !== undefined) answer.limit = toLimit(decision.limit);
    if (decision.contractId !== '') answer.contractId = decision.contractId;
    if (item.certificateStatus !== undefined) answer.certificateStatus = item.certificateStatus;
    return answer;
  }

  private fallback(item: authorizationV1.AuthorizationRequestItem, now: number): AuthorizationAnswer {
    const { certificateStatus } = item;
    if (certificateStatus === undefined) return this.withoutService(item, now);
    return isFaulty(item)
      ? { status: 'Invalid', source: 'policy', reason: certificateStatus, certificateStatus }
      : { ...this.withoutService(item, now), certificateStatus };
  }

  private withoutService(item: authorizationV1.AuthorizationRequestItem, now: number): AuthorizationAnswer {
    const key = keyOf(item);
    const refused = this.refused.get(key);
    if (refused !== undefined && now - refused.decidedAtMs < this.options.cacheMs)
      return { status: refused.status, source: 'cache', reason: refused.reason };
    const cached = this.accepted.get(key);
    const group = cached?.groupId === undefined ? {} : { groupId: cached.groupId };
    if (cached !== undefined && this.isFresh(cached, now)) return { status: 'Accepted', source: 'cache', ...group };
    const policy = this.options.fallbackAt(item.stationId);
    const takes = policy === 'accept-unknown' || (policy === 'accept-known' && cached !== undefined);
    return takes ? { status: 'Accepted', source: 'policy', reason: AWAY, ...group } : { status: 'Invalid', source: 'policy', reason: AWAY };
  }

  private isFresh({ decidedAtMs, expiresAt }: AcceptedToken, now: number): boolean {
    return now - decidedAtMs < this.options.cacheMs && (expiresAt === undefined || now < Date.parse(expiresAt));
  }
}

const isFaulty = ({ certificateStatus }: authorizationV1.AuthorizationRequestItem): boolean =>
  certificateStatus !== undefined && certificateStatus !== 'Accepted';

/** Not by a station about what happens there now, but by the API about what is to come. */
const isAskedAhead = ({ purpose }: authorizationV1.AuthorizationRequestItem): boolean =>
  purpose === AuthorizationPurpose.RESERVE || purpose === AuthorizationPurpose.REQUEST_START;

const toLimit = (limit: authorizationV1.ChargingLimit): ChargingLimit => ({
  ...(limit.energyWh === undefined ? {} : { energyWh: limit.energyWh }),
  ...(limit.durationSeconds === undefined ? {} : { durationSeconds: limit.durationSeconds }),
  ...(limit.costAmount === '' ? {} : { cost: { amount: limit.costAmount, currency: limit.costCurrency } }),
  ...(limit.stateOfChargePercent === undefined ? {} : { stateOfChargePercent: limit.stateOfChargePercent }),
});

/**
 * Whatever the type: that of a card is told by stations of 2.x, and neither by those of 1.6 nor by whoever asks for a start. A start button
 * names nobody (OCPP 2.0.1 Part 2 C02): what was said of it holds for its station alone.
 */
function keyOf({ idToken, stationId }: authorizationV1.AuthorizationRequestItem): string {
  const { type = '', idToken: id = '' } = idToken ?? {};
  return type === 'NoAuthorization' ? `${type}:${stationId}` : tokenKey(id);
}
