import {
  type AuthorizationDecided,
  type AuthorizationPurpose,
  type CertificateFault,
  DECISION_TOPIC,
  type DecisionStatus,
} from '@voltlog/authorization-contract';
import {
  type AuthorizationPolicy,
  type AuthorizationQuestion,
  authorize,
  authorizeNobody,
  type Subject,
  type Verdict,
} from '@voltlog/authorization-domain';
import { type EventEnvelope, isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { ATTRIBUTE, type Count, type Span } from '@voltlog/telemetry';
import type { Holds } from '../holds/holds.js';
import type { Places } from './places.js';
import type { RoamingDesk } from './roaming-desk.js';
import type { Stops } from './stops.js';
import { NO_AUTHORIZATION, type Prepared, type Subjects } from './subjects.js';

/** A checked question of a station. */
export interface Question {
  readonly stationId: string;
  /** 0: not told. */
  readonly evseId: number;
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType */
  readonly type: string;
  readonly purpose: AuthorizationPurpose;
  /** `<stationId>/<key>`; empty where no transaction begins. */
  readonly transactionKey: string;
  /** ISO 8601, by the station's clock; of a reservation: when it begins. */
  readonly occurredAt: string | undefined;
  readonly offline: boolean;
  /** Of a stop: the transaction as the station calls it; absent: not known. */
  readonly stops?: { readonly transactionId: string; readonly ended: boolean } | undefined;
  /** What is wrong with the contract certificate that came with the token; absent: nothing, or none came. */
  readonly certificateFault?: CertificateFault | undefined;
  /** Of the station's message, when its trace is sampled. */
  readonly traceparent?: string | undefined;
}

/** A question whose verdict waits for a place. */
export interface OpenQuestion {
  readonly question: Question;
  readonly key: string;
  readonly asked: AuthorizationQuestion;
  readonly policy: AuthorizationPolicy;
  subject: Subject;
  verdict: Verdict;
}

const STATUSES: readonly DecisionStatus[] = [
  'Accepted',
  'Blocked',
  'ConcurrentTx',
  'Expired',
  'Invalid',
  'NoCredit',
  'NotAllowedTypeEVSE',
  'NotAtThisLocation',
  'NotAtThisTime',
  'Unknown',
];
const MALFORMED: Verdict = { status: 'Invalid', reason: 'TokenMalformed' };

/** Answers what stations ask about tokens. An answer is given once it is durable on the decision log. */
export class Authorizer {
  private readonly source: string;
  private readonly counts: Readonly<Record<DecisionStatus, Count>>;

  constructor(
    private readonly context: ServiceContext,
    private readonly subjects: Subjects,
    private readonly places: Places,
    private readonly holds: Holds,
    private readonly roaming: RoamingDesk,
    private readonly stops: Stops,
  ) {
    this.source = `/authorization/${context.instanceId}`;
    this.counts = Object.fromEntries(
      STATUSES.map((status) => [
        status,
        context.metrics.counter('voltlog_authorization_decisions_total', 'Decisions about tokens', { status }),
      ]),
    ) as Record<DecisionStatus, Count>;
  }

  /**
   * Decisions in the order of the questions.
   *
   * @throws {OperatingError} when tokens cannot be read or the decisions cannot be made durable; a place that was taken is then
   * kept for the same transaction asked again, or released once it is clear that it never started
   */
  async authorize(questions: readonly Question[]): Promise<readonly AuthorizationDecided[]> {
    const spans = this.spansOf(questions);
    if (spans === undefined) return this.decide(questions, undefined);
    try {
      const decisions = await this.decide(questions, spans);
      for (const [i, span] of spans) {
        const { status = '', reason } = decisions[i] ?? {};
        span.set(ATTRIBUTE.authorizationStatus, status);
        if (reason !== undefined) span.set(ATTRIBUTE.authorizationReason, reason);
      }
      return decisions;
    } catch (error) {
      for (const span of spans.values()) span.fail(error);
      throw error;
    } finally {
      for (const span of spans.values()) span.end();
    }
  }

  /** A span for each question whose trace is sampled, by its place in the call; usually there is none. */
  private spansOf(questions: readonly Question[]): Map<number, Span> | undefined {
    let spans: Map<number, Span> | undefined;
    for (let i = 0; i < questions.length; i += 1) {
      const { traceparent, stationId } = questions[i] as Question;
      if (traceparent === undefined) continue;
      const span = this.context.tracing.continue('authorize', traceparent);
      if (span === undefined) continue;
      span.set(ATTRIBUTE.stationId, stationId);
      spans ??= new Map();
      spans.set(i, span);
    }
    return spans;
  }

  private async decide(
    questions: readonly Question[],
    spans: ReadonlyMap<number, Span> | undefined,
  ): Promise<readonly AuthorizationDecided[]> {
    const now = this.context.clock.now();
    const prepared = await this.subjects.prepare(questions, now);
    const asked = await this.stops.ask(prepared);
    const open: OpenQuestion[] = [];
    const settled = new Array<Verdict | OpenQuestion>(questions.length);
    const first = prepared.map((one) => this.stops.judge(one, verdictOf(one.question, one.asked, one.subject, one.policy), asked));
    await this.holds.verify(questions, first, now);
    for (let i = 0; i < prepared.length; i += 1) {
      const { question, key, asked: about, subject, policy } = prepared[i] as Prepared;
      const verdict = this.holds.guard(question, first[i] as Verdict, now);
      if (verdict.needs === undefined || subject === undefined) settled[i] = verdict;
      else open.push((settled[i] = { question, key, asked: about, policy, subject, verdict }));
    }
    const strangers = prepared.filter((one) => this.isStranger(one));
    if (strangers.length > 0) await this.askProviders(strangers, (one, verdict) => (settled[prepared.indexOf(one)] = verdict), now);
    if (open.length > 0) await this.places.settle(open);
    // With its place the verdict was made anew.
    for (const one of open) one.verdict = this.holds.limit(one.question, one.verdict, now);
    const decisions = questions.map((question, i) => {
      const verdict = settled[i] as Verdict | OpenQuestion;
      return this.decision(question, 'verdict' in verdict ? verdict.verdict : verdict, now);
    });
    // No answer waits for it; what is claimed next waits behind it.
    void this.release(prepared.filter((_, i) => decisions[i]?.status !== 'Accepted'));
    await this.record(decisions, spans);
    return decisions;
  }

  /** What refused starts held of budgets. It ends by itself, too, so that no answer fails for it. */
  private async release(refused: readonly Prepared[]): Promise<void> {
    try {
      await this.subjects.release(refused);
    } catch (error) {
      this.context.logger.warn({ err: error }, 'what a refused start held of a budget is free only in two minutes');
    }
  }

  /** A token that is not ours: its provider may know it. A stop is answered for the station's cache alone. */
  private isStranger({ question, subject }: Prepared): boolean {
    if (question.certificateFault !== undefined) return false;
    return subject?.token.kind === 'unknown' && question.purpose !== 'Stop' && this.roaming.isFor(question.type);
  }

  private async askProviders(
    strangers: readonly Prepared[],
    settle: (one: Prepared, verdict: Verdict) => void,
    now: number,
  ): Promise<void> {
    await Promise.all(
      strangers.map(async (one) => {
        const { question, asked, policy } = one;
        const verdict = await this.roaming.ask({ ...question, siteId: asked.siteId });
        // The provider's word goes before the policy for unknown tokens; without one, that policy holds.
        const isOpen = verdict?.reason === 'RoamingUnavailable' && verdict.status !== 'Accepted' && policy.unknownTokens === 'accept';
        if (verdict === undefined || isOpen) return;
        await this.holds.verify([question], [verdict], now);
        settle(one, this.holds.guard(question, verdict, now));
      }),
    );
  }

  private decision(question: Question, verdict: Verdict, now: number): AuthorizationDecided {
    this.counts[verdict.status].value += 1;
    const decision: { -readonly [Key in keyof AuthorizationDecided]: AuthorizationDecided[Key] } = {
      decisionId: this.context.ids.next(),
      stationId: question.stationId,
      evseId: question.evseId,
      idToken: question.idToken,
      type: question.type,
      purpose: question.purpose,
      offline: question.offline,
      status: verdict.status,
      at: isoTime(now),
    };
    if (question.transactionKey !== '') decision.transactionKey = question.transactionKey;
    if (question.occurredAt !== undefined) decision.occurredAt = question.occurredAt;
    if (verdict.reason !== undefined) decision.reason = verdict.reason;
    if (verdict.groupId !== undefined) decision.groupId = verdict.groupId;
    if (verdict.cacheExpiresAt !== undefined) decision.cacheExpiresAt = verdict.cacheExpiresAt;
    if (verdict.limit !== undefined) decision.limit = verdict.limit;
    if (verdict.contractId !== undefined) decision.contractId = verdict.contractId;
    return decision;
  }

  /** Puts decisions on the log. */
  async record(decisions: readonly AuthorizationDecided[], spans?: ReadonlyMap<number, Span>): Promise<void> {
    const [first] = decisions;
    if (first === undefined) return;
    if (decisions.length === 1) return this.context.log.append(DECISION_TOPIC, first.stationId, [this.envelope(first, spans?.get(0))]);
    const byStation = new Map<string, EventEnvelope[]>();
    for (let i = 0; i < decisions.length; i += 1) {
      const decision = decisions[i] as AuthorizationDecided;
      const envelope = this.envelope(decision, spans?.get(i));
      const events = byStation.get(decision.stationId);
      if (events === undefined) byStation.set(decision.stationId, [envelope]);
      else events.push(envelope);
    }
    const appends: Promise<void>[] = [];
    for (const [stationId, events] of byStation) appends.push(this.context.log.append(DECISION_TOPIC, stationId, events));
    await Promise.all(appends);
  }

  private envelope(decision: AuthorizationDecided, span: Span | undefined): EventEnvelope {
    const envelope = {
      id: decision.decisionId,
      type: 'voltlog.authorization.AuthorizationDecided.v1',
      source: this.source,
      subject: decision.stationId,
      time: decision.at,
      data: decision,
    };
    return span === undefined ? envelope : { ...envelope, traceparent: span.traceparent };
  }
}

function verdictOf(question: Question, asked: AuthorizationQuestion, subject: Subject | undefined, policy: AuthorizationPolicy): Verdict {
  if (question.type === NO_AUTHORIZATION) return authorizeNobody(question.purpose, policy);
  // Who shows a contract that does not hold is not who the token says.
  if (question.certificateFault !== undefined) return { status: 'Invalid', reason: question.certificateFault };
  return subject === undefined ? MALFORMED : authorize(asked, subject, policy);
}
