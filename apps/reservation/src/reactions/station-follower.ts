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
import { HOLD, MOVE, type Timers } from './timers.js';

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

type Decide = (command: CalendarCommand) => void;

/** Who follows what a fact means for reservations: commands for calendars, and holds to be asked for. */
interface Consequences {
  readonly inputs: CalendarInput[];
  /** Reservations whose station is to be asked for a hold. */
  readonly asks: { readonly doc: ReservationDoc; readonly afterMs: number; readonly again: boolean }[];
  /** By reservation, whether its EVSE is out of service, or works again. */
  readonly service: Map<ReservationDoc, 'out' | 'in'>;
  /** Movable reservations whose EVSE somebody else charges at. */
  readonly taken: ReservationDoc[];
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
    private readonly keeper: HoldKeeper,
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
    const found: Consequences = { inputs: [], asks: [], service: new Map(), taken: [] };
    for (const { event } of batch) {
      const fact = { type: event.type, data: event.data } as Fact;
      const docs = open.get(fact.data.stationId);
      if (docs === undefined) continue;
      const decide: Decide = (command) =>
        found.inputs.push({
          stationId: fact.data.stationId,
          command,
          causationId: `${event.id}:${command.reservationId}`,
          traceparent: event.traceparent,
        });
      this.follow(fact, docs, found, decide);
    }
    // The timers first: once it is decided, a batch that is handed over again sees no reason for them any more.
    await this.schedule(found);
    await this.repository.executeAll(found.inputs);
  }

  private async schedule({ asks, taken, service }: Consequences): Promise<void> {
    const now = this.context.clock.now();
    await this.timers.schedule(
      asks.map(({ doc, afterMs, again }) => ({
        kind: HOLD,
        dueMs: now + afterMs,
        due: { reservationId: doc.reservationId, stationId: doc.stationId, attempt: 0, again },
      })),
    );
    // That asks other services, and may have to wait for them: nothing else that stations say does.
    await this.timers.schedule(
      taken.map(({ reservationId, stationId }) => ({
        kind: MOVE,
        dueMs: now,
        due: { reservationId, stationId, attempt: 0, blocked: { by: 'Occupied', otherwise: 'TakenByOther' } },
      })),
    );
    const of = (state: 'out' | 'in'): ReservationDoc[] => [...service].flatMap(([doc, is]) => (is === state ? [doc] : []));
    await this.keeper.unwatch(of('in'));
    await this.keeper.watch(of('out'));
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
        this.onTransaction(fact.data, docs, found, decide);
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
      found.service.set(doc, 'out');
      return;
    }
    if (status !== 'Available') return;
    found.service.set(doc, 'in');
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
    // Also where that is not written yet.
    if (doc.losses < LOSSES_MAX) this.askAgain(doc, found, true);
  }

  private askAgain(doc: ReservationDoc, found: Consequences, again: boolean): void {
    found.asks.push({ doc, afterMs: this.options.settleMs, again });
  }

  private onTransaction(
    fact: TransactionStarted | TransactionUpdated,
    docs: readonly ReservationDoc[],
    found: Consequences,
    decide: Decide,
  ): void {
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
      if (movable === undefined) decide({ kind: 'Cancel', reservationId, reason: 'TakenByOther', now });
      else found.taken.push(movable);
    }
  }
}

/** The station itself, the EVSE, or the connector that is held. */
const isAbout = ({ evseId, connectorId }: ConnectorStatusReported, doc: ReservationDoc): boolean =>
  evseId === 0 || (evseId === doc.evseId && (connectorId === 0 || connectorId === doc.connectorId));

const isBlocked = ({ hold, stationStatus }: ReservationDoc): boolean =>
  (hold === 'Refused' && stationStatus !== 'Forgotten') ||
  (hold === 'NotSupported' && (stationStatus === 'Occupied' || stationStatus === 'Unidentified'));

/** It was offline, or silent, or was about to be asked. */
const isUnanswered = ({ hold, stationStatus }: ReservationDoc): boolean =>
  hold === 'Pending' || hold === 'Lost' || (hold === 'Refused' && stationStatus === 'NoAnswer');
