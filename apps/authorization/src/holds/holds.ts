import { setTimeout } from 'node:timers/promises';
import { freeUntil, type Hold, isHeldForOthers, tighter, type Verdict } from '@voltlog/authorization-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { isoTime } from '@voltlog/kernel';
import { RESERVATION_TOPIC, type ReservationEvent } from '@voltlog/reservation-contract';
import type { ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import type { Question } from '../commands/authorizer.js';
import { HOLD_TYPES, type HoldDoc, openHolds, toHold, toUpsert } from './hold-document.js';

/** Writes the read model; any instance. */
const GROUP = 'authorization-holds';
const PAGE = 1_000;
/** How long a start waits for the read model to have all that was told before; it then starts, and is not ready until the model has, ms. */
const CAUGHT_UP_MS = 10_000;
/** What a refusal for a hold waits of the time that one for a token's places may: a start may be both, and its station waits for the answer. */
const VERIFY_PART = 4;
/** A question that failed is asked again after this, ms. */
const AGAIN_MS = 500;
/** Holds that ended are removed after a day, looked for each hour. */
const KEEP_MS = 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;

/**
 * EVSEs that are held for somebody, in memory: a question at a station where nothing is held costs one look into a map, and none asks anybody.
 *
 * What was confirmed is known here as soon as its event has travelled, some milliseconds later. A stranger who slips in meanwhile charges:
 * the reservation service sees that by the station's own word, and tells the reserver at once (`TakenByOther`). Before somebody is refused,
 * what the log has by now is waited for (ADR 8), so that a reservation that has ended does not stand in the way of the next driver.
 */
export class Holds {
  private readonly byStation = new Map<string, Map<string, Hold>>();
  /** Reservations that ended while memory was not filled yet; undefined: it is. */
  private endedMeanwhile: Set<string> | undefined = new Set();
  private filling: Promise<void> | undefined;
  private readonly stopped = new AbortController();
  private subscriptions: readonly Subscription[] = [];
  private sweptAt: number;
  private readonly memoryGroup: string;

  private constructor(
    private readonly context: ServiceContext,
    private readonly collection: Collection<HoldDoc>,
    private readonly verifyMs: number,
  ) {
    this.sweptAt = context.clock.now();
    this.memoryGroup = `${GROUP}-memory-${context.instanceId}`;
    context.metrics.gauge('voltlog_authorization_holds', 'EVSEs that are held, or will be', () => this.size);
    context.readiness('holds', async () => {
      if (this.endedMeanwhile !== undefined) throw new Error('not every hold is known yet');
    });
  }

  /** @param verifyMs how long a refusal for a token's places waits at most */
  static async open(context: ServiceContext, verifyMs: number): Promise<Holds> {
    return new Holds(context, await openHolds(context.store), verifyMs);
  }

  get size(): number {
    let size = 0;
    for (const holds of this.byStation.values()) size += holds.size;
    return size;
  }

  /** Memory listens before it is filled, so that nothing is missed; it is filled once the read model has all that was told before. */
  async start(): Promise<void> {
    const { log, logger } = this.context;
    this.subscriptions = await Promise.all([
      // A group of its own: every instance answers stations, so every instance knows every hold.
      log.subscribe({
        group: this.memoryGroup,
        topics: [RESERVATION_TOPIC],
        types: HOLD_TYPES,
        startFrom: 'latest',
        handle: (batch) => this.remember(batch),
      }),
      log.subscribe({ group: GROUP, topics: [RESERVATION_TOPIC], types: HOLD_TYPES, handle: (batch) => this.write(batch) }),
    ]);
    if (await log.caughtUp({ group: GROUP, topic: RESERVATION_TOPIC, deadlineMs: CAUGHT_UP_MS })) return this.fillAll();
    logger.warn('the read model of holds is behind its topic; not ready until it has caught up');
    const before = await this.fill();
    this.filling = this.fillLater(before);
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
    await this.filling;
  }

  /** Whoever writes the read model may be another instance, which hangs: this one starts, and goes on looking. */
  private async fillLater(before: ReadonlyMap<string, Hold>): Promise<void> {
    const { log, logger } = this.context;
    const { signal } = this.stopped;
    while (!signal.aborted) {
      try {
        const caughtUp = await log.caughtUp({ group: GROUP, topic: RESERVATION_TOPIC, deadlineMs: AGAIN_MS });
        if (caughtUp) return await this.fillAll(before);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'the holds could not be read; tried again');
      }
      await setTimeout(AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** @param before what the read model held while it was behind: some of it had ended */
  private async fillAll(before: ReadonlyMap<string, Hold> = new Map()): Promise<void> {
    const held = await this.fill();
    for (const [id, { stationId }] of before) if (!held.has(id)) this.remove(stationId, id);
    this.endedMeanwhile = undefined;
  }

  /** Waits for all that the log has of reservations by now, where somebody would be refused for one; without it what is known decides. */
  async verify(questions: readonly Question[], verdicts: readonly Verdict[], now: number): Promise<void> {
    if (!questions.some((question, i) => this.refuses(question, verdicts[i] as Verdict, now))) return;
    const { log, logger } = this.context;
    const asked = { group: this.memoryGroup, topic: RESERVATION_TOPIC, deadlineMs: this.verifyMs / VERIFY_PART };
    try {
      if (await log.caughtUp(asked)) return;
      logger.warn('a start is refused for a reservation that may have ended: what was told of reservations has not all been seen');
    } catch (error) {
      logger.warn({ err: error }, 'a start is refused for a reservation that may have ended: the log could not be asked');
    }
  }

  /**
   * Refuses whoever would charge where somebody else is waited for, and gives whoever starts before that so much time. A stop is never
   * refused, and whether there is room for a reservation its own service knows.
   */
  guard(question: Question, verdict: Verdict, now: number): Verdict {
    if (!this.refuses(question, verdict, now)) return this.limit(question, verdict, now);
    // OCPP 2.0.1 Part 2 AuthorizationStatusEnumType: not at this time, perhaps later.
    const refused: Verdict = { status: 'NotAtThisTime', reason: 'ReservedForOther' };
    return verdict.groupId === undefined ? refused : { ...refused, groupId: verdict.groupId };
  }

  /** Of a start that is accepted: with the time that is left until somebody else is waited for. */
  limit(question: Question, verdict: Verdict, now: number): Verdict {
    const holds = question.purpose === 'Start' && verdict.status === 'Accepted' ? this.byStation.get(question.stationId) : undefined;
    if (holds === undefined) return verdict;
    const asked = aboutOf(question, verdict, now);
    return within(verdict, freeUntil(holds.values(), asked), asked.at);
  }

  private refuses(question: Question, verdict: Verdict, now: number): boolean {
    if (verdict.status !== 'Accepted' || question.purpose === 'Stop' || question.purpose === 'Reserve') return false;
    const holds = this.byStation.get(question.stationId);
    return holds !== undefined && isHeldForOthers(holds.values(), aboutOf(question, verdict, now));
  }

  private async remember(batch: readonly LogRecord[]): Promise<void> {
    const events = batch.map(({ event }) => ({ type: event.type, data: event.data }) as ReservationEvent);
    const known = await this.collection.getMany(events.map(({ data }) => data.reservationId));
    for (const { type, data } of events) {
      // A beginning that is told again must not bring back what has ended.
      if (type === 'voltlog.reservation.ReservationConfirmed.v1') {
        if (known.get(data.reservationId)?.open !== false) this.add(toHold(data));
      } else this.remove(data.stationId, data.reservationId);
    }
  }

  private add(hold: Hold): void {
    const now = isoTime(this.context.clock.now());
    const known = this.byStation.get(hold.stationId) ?? new Map<string, Hold>();
    // What expired is of no use, told or not.
    for (const [reservationId, { expiresAt }] of known) if (expiresAt <= now) known.delete(reservationId);
    this.byStation.set(hold.stationId, known.set(hold.reservationId, hold));
  }

  private remove(stationId: string, reservationId: string): void {
    this.endedMeanwhile?.add(reservationId);
    const known = this.byStation.get(stationId);
    known?.delete(reservationId);
    if (known?.size === 0) this.byStation.delete(stationId);
  }

  private async write(batch: readonly LogRecord[]): Promise<void> {
    await this.collection.upsert(batch.map(({ event }) => toUpsert(event)));
    const now = this.context.clock.now();
    if (now < this.sweptAt + SWEEP_EVERY_MS) return;
    this.sweptAt = now;
    await this.collection.deleteWhere({ expiresAt: { $lt: isoTime(now - KEEP_MS) } });
  }

  private async fill(): Promise<ReadonlyMap<string, Hold>> {
    const held = new Map<string, Hold>();
    const where = { open: true, expiresAt: { $gt: isoTime(this.context.clock.now()) } };
    for (let after: string | undefined; ; ) {
      const page = await this.collection.find({ where, limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { id, open: _, ...hold } of page.docs) {
        if (this.endedMeanwhile?.has(id) === true) continue;
        held.set(id, hold);
        this.add(hold);
      }
      if (page.next === undefined) return held;
      after = page.next;
    }
  }
}

/** Offline the station let it start then, when it may have been free. */
const aboutOf = ({ evseId, idToken, offline, occurredAt }: Question, { groupId }: Verdict, now: number) => ({
  evseId,
  idToken,
  groupId,
  at: offline && occurredAt !== undefined ? occurredAt : isoTime(now),
});

function within(verdict: Verdict, until: string | undefined, at: string): Verdict {
  if (until === undefined) return verdict;
  const durationSeconds = Math.max(1, Math.floor((Date.parse(until) - Date.parse(at)) / 1_000));
  const limit = tighter(verdict.limit, { durationSeconds });
  return limit === undefined ? verdict : { ...verdict, limit };
}
