import {
  type ConnectorStatusReported,
  type ReservationStatusReported,
  STATION_TOPIC,
  type StationFacts,
  type TransactionStarted,
  type TransactionUpdated,
} from '@voltlog/connection-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { assertNever, isoTime } from '@voltlog/kernel';
import {
  type Calendar,
  type CalendarCommand,
  isHeldAt,
  isOutOfService,
  LOSSES_MAX,
  mayMove,
  takenBy,
  usedBy,
} from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { CalendarInput, CalendarRepository } from '../store/calendar-repository.js';
import type { ReservationDoc } from '../store/documents.js';
import type { HoldKeeper } from './hold-keeper.js';
import type { Mover } from './mover.js';
import { HOLD, type Timers } from './timers.js';

/** The consumer group that follows stations; `caughtUp` asks about it. */
export const FOLLOWER_GROUP = 'reservation';

const TYPES = [
  'voltlog.connection.StationConnected.v1',
  'voltlog.connection.StationBooted.v1',
  'voltlog.connection.ConnectorStatusReported.v1',
  'voltlog.connection.TransactionStarted.v1',
  'voltlog.connection.TransactionUpdated.v1',
  'voltlog.connection.ReservationStatusReported.v1',
] as const satisfies readonly (keyof StationFacts)[];

type FactType = (typeof TYPES)[number];
type Fact = { readonly [Type in FactType]: { readonly type: Type; readonly data: StationFacts[Type] } }[FactType];

/** A status so soon after a hold was agreed to may have been on its way before it, ms. */
const STATUS_SETTLE_MS = 2_000;
/** A station that says so little before the end that a hold expired has a clock that is fast, ms. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Has a calendar decide; a reservation that is given is moved instead, where it can be. */
type Decide = (command: CalendarCommand, unlessMoved?: ReservationDoc) => void;

/** Who follows what a fact means for reservations: commands for calendars, and holds to be asked for. */
interface Consequences {
  readonly inputs: CalendarInput[];
  /** Reservations whose station is to be asked for a hold. */
  readonly asks: { readonly doc: ReservationDoc; readonly afterMs: number; readonly again: boolean }[];
  readonly watched: ReservationDoc[];
  /** Reservations whose EVSE somebody else charges at, and how each ends unless another EVSE is free. */
  readonly taken: { readonly doc: ReservationDoc; readonly otherwise: CalendarInput }[];
}

/**
 * Follows what stations say, for reservations that are active there: who came, what became of the hold, whether the EVSE still works. A batch
 * without any such station costs one question to the read model.
 */
export class StationFollower {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly timers: Timers,
    private readonly hands: { readonly keeper: HoldKeeper; readonly mover: Mover },
    private readonly options: { readonly settleMs: number },
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: FOLLOWER_GROUP,
      topics: [STATION_TOPIC],
      types: TYPES,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const open = await this.repository.openAt([...new Set(batch.map(({ event }) => (event.data as Fact['data']).stationId))]);
    if (open.size === 0) return;
    const found: Consequences = { inputs: [], asks: [], watched: [], taken: [] };
    for (const { event } of batch) {
      const fact = { type: event.type, data: event.data } as Fact;
      const docs = open.get(fact.data.stationId);
      if (docs === undefined) continue;
      const decide: Decide = (command, unlessMoved) => {
        const { stationId } = fact.data;
        const causationId = `${event.id}:${command.reservationId}`;
        const input = { stationId, command, causationId, traceparent: event.traceparent };
        if (unlessMoved === undefined) found.inputs.push(input);
        else found.taken.push({ doc: unlessMoved, otherwise: input });
      };
      this.follow(fact, docs, found, decide);
    }
    await this.repository.executeAll(found.inputs);
    for (const taken of found.taken) await this.moveOr(taken);
    const now = this.context.clock.now();
    await this.timers.schedule(
      found.asks.map(({ doc, afterMs, again }) => ({
        kind: HOLD,
        dueMs: now + afterMs,
        due: { reservationId: doc.reservationId, stationId: doc.stationId, attempt: 0, again },
      })),
    );
    for (const { reservationId, stationId } of found.watched) await this.hands.keeper.watch({ reservationId, stationId, attempt: 0 });
  }

  private async moveOr({ doc, otherwise }: Consequences['taken'][number]): Promise<void> {
    const now = await this.repository.reservation(doc.reservationId);
    if (now?.state === 'Active' && !(await this.hands.mover.move(now, 'Occupied'))) await this.repository.execute(otherwise);
  }

  private follow(fact: Fact, docs: readonly ReservationDoc[], found: Consequences, decide: Decide): void {
    const now = this.context.clock.now();
    const begun = docs.filter((doc) => isHeldAt(doc, isoTime(now)));
    switch (fact.type) {
      case 'voltlog.connection.StationConnected.v1':
        for (const doc of begun) if (isUnanswered(doc)) this.askAgain(doc, found, false);
        return;
      case 'voltlog.connection.StationBooted.v1':
        // Nobody knows what it remembers: asked again, a station that still holds it just says so.
        for (const doc of begun) if (doc.hold !== 'NotSupported') this.askAgain(doc, found, true);
        return;
      case 'voltlog.connection.ConnectorStatusReported.v1':
        for (const doc of begun) if (isAbout(fact.data, doc)) this.onStatus(fact.data, doc, found, decide);
        return;
      case 'voltlog.connection.TransactionStarted.v1':
      case 'voltlog.connection.TransactionUpdated.v1':
        this.onTransaction(fact.data, docs, decide);
        return;
      case 'voltlog.connection.ReservationStatusReported.v1':
        for (const doc of begun) if (doc.number === fact.data.reservationId) this.onReservationStatus(fact.data, doc, found, decide);
        return;
      default:
        assertNever(fact, 'station fact');
    }
  }

  private onStatus({ status, receivedAt }: ConnectorStatusReported, doc: ReservationDoc, found: Consequences, decide: Decide): void {
    if (isOutOfService(status)) {
      found.watched.push(doc);
      return;
    }
    if (status !== 'Available') return;
    if (doc.hold === 'Held' && Date.parse(receivedAt) > Date.parse(doc.holdAt) + STATUS_SETTLE_MS) this.lost(doc, found, decide);
    // Whoever was there has left, or the fault is mended.
    else if (isBlocked(doc)) found.asks.push({ doc, afterMs: 0, again: false });
  }

  private onReservationStatus({ status }: ReservationStatusReported, doc: ReservationDoc, found: Consequences, decide: Decide): void {
    // Its own timer expires it.
    if (status === 'Expired' && this.context.clock.now() > Date.parse(doc.expiresAt) - CLOCK_TOLERANCE_MS) return;
    this.lost(doc, found, decide);
  }

  /** The station let go of what it held. It is asked again; the calendar counts how often. */
  private lost(doc: ReservationDoc, found: Consequences, decide: Decide): void {
    decide({ kind: 'ReportHold', reservationId: doc.reservationId, hold: 'Lost', now: this.context.clock.now() });
    if (doc.losses < LOSSES_MAX) this.askAgain(doc, found, false);
  }

  private askAgain(doc: ReservationDoc, found: Consequences, again: boolean): void {
    found.asks.push({ doc, afterMs: this.options.settleMs, again });
  }

  private onTransaction(fact: TransactionStarted | TransactionUpdated, docs: readonly ReservationDoc[], decide: Decide): void {
    const number = 'reservationId' in fact ? fact.reservationId : undefined;
    if (fact.idToken === undefined && number === undefined) return;
    // Whoever was refused does not charge; the station stops what it began.
    if (fact.authorization !== undefined && fact.authorization.status !== 'Accepted') return;
    const now = this.context.clock.now();
    const arrival = {
      evseId: fact.evseId,
      number,
      idToken: fact.idToken?.idToken,
      groupId: fact.authorization?.groupId,
      at: Date.parse(fact.offline ? fact.occurredAt : fact.receivedAt),
    };
    const calendar: Calendar = { reservations: new Map(docs.map((doc) => [doc.reservationId, doc])), lastNumber: 0 };
    const used = usedBy(calendar, arrival);
    const { transactionId, evseId } = fact;
    if (used !== undefined) decide({ kind: 'Use', reservationId: used.reservationId, transactionId, evseId, now });
    for (const { reservationId } of takenBy(calendar, arrival)) {
      if (reservationId === used?.reservationId) continue;
      const movable = docs.find((doc) => doc.reservationId === reservationId && mayMove(doc));
      decide({ kind: 'Cancel', reservationId, reason: 'TakenByOther', now }, movable);
    }
  }
}

/** The station itself, the EVSE, or the connector that is held. */
const isAbout = ({ evseId, connectorId }: ConnectorStatusReported, doc: ReservationDoc): boolean =>
  evseId === 0 || (evseId === doc.evseId && (connectorId === 0 || connectorId === doc.connectorId));

const isBlocked = ({ hold, stationStatus }: ReservationDoc): boolean =>
  (hold === 'Refused' && stationStatus !== 'Forgotten') || (hold === 'NotSupported' && stationStatus === 'Occupied');

/** It was offline, or silent, or was about to be asked. */
const isUnanswered = ({ hold, stationStatus }: ReservationDoc): boolean =>
  hold === 'Pending' || hold === 'Lost' || (hold === 'Refused' && stationStatus === 'NoAnswer');
