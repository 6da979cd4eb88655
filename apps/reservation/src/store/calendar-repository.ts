import { type EventEnvelope, isoTime } from '@voltlog/kernel';
import { RESERVATION_TOPIC, type ReservationEvent, type ReservationPolicyEvent } from '@voltlog/reservation-contract';
import {
  type Calendar,
  type CalendarCommand,
  type CalendarRefusal,
  calendarDecider,
  DEFAULT_POLICY,
  type PolicyRefusal,
  type PolicyState,
  type PutPolicy,
  policyDecider,
} from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, bringUp, type Execution, type Input, OutboxRelay } from '@voltlog/store';
import { type Collections, type PolicyDoc, type ReservationDoc, toReservationDoc } from './documents.js';
import { HeldCommits } from './held-commits.js';
import { docsOf, policyStream, stationStream, toPolicyDoc, topicKeyOf } from './streams.js';

/** Reservations of one station, active or open, that are looked at. */
const OPEN_PER_PAGE = 1_000;
/** What expired while its station was offline may turn out to have been used for so long. */
const OPEN_MS = 7 * 86_400_000;

/** Until a station is sure to have let go of what it was told to let go of, or whose time is over. */
const LETTING_GO_MS = 60_000;

export interface CalendarInput {
  readonly stationId: string;
  readonly command: CalendarCommand;
  /** The same cause twice changes nothing. */
  readonly causationId: string;
  /** Carried on by the events. */
  readonly traceparent?: string | undefined;
}

export type CalendarExecution = Execution<Calendar, CalendarRefusal>;
export type PolicyExecution = Execution<PolicyState, PolicyRefusal>;

/**
 * The calendars of stations, the policies of sites, and the read models made of them. A read model is written before the one who asked is
 * answered, and others are told after that.
 */
export class CalendarRepository {
  /** Calendars as this instance last saw them: a commit on an old one is refused by the store, and decided again. */
  private readonly remembered: Aggregates<CalendarCommand, Calendar, ReservationEvent, CalendarRefusal>;
  /** Read each time: what was refused on a remembered calendar may be free by now. */
  private readonly fresh: Aggregates<CalendarCommand, Calendar, ReservationEvent, CalendarRefusal>;
  private readonly policies: Aggregates<PutPolicy, PolicyState, ReservationPolicyEvent, PolicyRefusal>;
  private readonly relay: OutboxRelay;
  private readonly source: string;
  /** Reservations, and streams of policies, whose commits are or may be durable while their read model is not written. */
  private readonly undocumented = new Set<string>();
  private readonly held: HeldCommits;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Collections,
  ) {
    const { store, log, logger, ids, clock, instanceId } = context;
    this.source = `/reservation/${instanceId}`;
    this.relay = new OutboxRelay({ streams: store.streams, log, topic: RESERVATION_TOPIC, logger, keyOf: topicKeyOf });
    this.held = new HeldCommits(this.relay, ({ events }) => events.map(keyOf));
    const options = { streams: store.streams, relay: this.held, source: this.source, ids, clock };
    this.remembered = new Aggregates({ ...options, decider: calendarDecider });
    this.fresh = new Aggregates({ ...options, decider: calendarDecider, cacheMax: 0 });
    this.policies = new Aggregates({ ...options, decider: policyDecider, cacheMax: 0 });
  }

  start(): void {
    this.relay.start();
  }

  stop(): Promise<void> {
    return this.relay.stop();
  }

  async reservation(reservationId: string): Promise<ReservationDoc | undefined> {
    return this.collections.reservations.get(reservationId);
  }

  /**
   * Until when the EVSE of a reservation belongs to the one before it, ms since the Unix epoch, at the latest its own start; undefined: no
   * longer. The later one may have been made first, and whoever used theirs has their slot too.
   */
  async slotEndBefore({ stationId, evseId, startsAt }: ReservationDoc, now: number): Promise<number | undefined> {
    const at = isoTime(now);
    const where = { stationId, open: { $in: [true, false] }, state: { $in: ['Active', 'Used'] }, expiresAt: { $gt: at } };
    const { docs } = await this.collections.reservations.find({ where, limit: OPEN_PER_PAGE });
    const before = docs.filter((other) => other.evseId === evseId && other.startsAt < startsAt);
    const end = before.reduce((latest, { expiresAt }) => (expiresAt > latest ? expiresAt : latest), at);
    const until = end < startsAt ? end : startsAt;
    return until > at ? Date.parse(until) : undefined;
  }

  /** Whether the station may hold an EVSE still for one before, whose time is over: it is told to let go, or was a moment ago. */
  async isLettingGo({ id, stationId, evseId }: ReservationDoc, now: number): Promise<boolean> {
    const since = isoTime(now - LETTING_GO_MS);
    const where = {
      stationId,
      open: { $in: [true, false] },
      state: { $in: ['Active', 'Cancelled', 'Expired'] },
      expiresAt: { $gt: since },
    };
    const { docs } = await this.collections.reservations.find({ where, limit: OPEN_PER_PAGE });
    return docs.some((other) => {
      if (other.id === id || other.evseId !== evseId) return false;
      const isOver = other.state !== 'Active' || other.expiresAt <= isoTime(now);
      return isOver && (other.hold === 'Held' || (other.hold === 'Released' && other.holdAt > since));
    });
  }

  /** What is active, or open, at stations: by station, as the read model has it. */
  async openAt(stationIds: readonly string[]): Promise<ReadonlyMap<string, readonly ReservationDoc[]>> {
    const byStation = new Map<string, ReservationDoc[]>();
    if (stationIds.length === 0) return byStation;
    const from = new Date(this.context.clock.now() - OPEN_MS).toISOString();
    const where = { stationId: { $in: stationIds }, open: true, expiresAt: { $gt: from } };
    for (let after: string | undefined; ; ) {
      const page = await this.collections.reservations.find({ where, limit: OPEN_PER_PAGE, ...(after === undefined ? {} : { after }) });
      for (const doc of page.docs) {
        const list = byStation.get(doc.stationId);
        if (list === undefined) byStation.set(doc.stationId, [doc]);
        else list.push(doc);
      }
      if (page.next === undefined) return byStation;
      after = page.next;
    }
  }

  async execute(input: CalendarInput): Promise<CalendarExecution> {
    const [execution] = await this.executeAll([input]);
    if (execution === undefined) throw new Error('one command has one execution');
    return execution;
  }

  /** Executions in the order of the inputs; durable, and in the read model, when it resolves. */
  async executeAll(inputs: readonly CalendarInput[]): Promise<readonly CalendarExecution[]> {
    if (inputs.length === 0) return [];
    const streams = inputs.map(({ stationId, ...rest }) => ({ streamId: stationStream(stationId), ...withoutUndefined(rest) }));
    const keys = new Set(inputs.map(({ command }) => command.reservationId));
    return this.held.during(keys, async () => {
      const executions = await this.noted(keys, () => this.decideAll(streams));
      await this.document(keys, () => bringUp(this.collections.reservations, changedDocs(inputs, executions)));
      return executions;
    });
  }

  private async decideAll(streams: readonly Input<CalendarCommand>[]): Promise<readonly CalendarExecution[]> {
    const decided = [...(await this.remembered.execute(streams))];
    const again = decided.flatMap(({ outcome }, index) => (outcome === 'refused' || outcome === 'unchanged' ? [index] : []));
    const looked = await this.fresh.execute(again.map((index) => streams[index] as Input<CalendarCommand>));
    for (const [at, index] of again.entries()) decided[index] = looked[at] as CalendarExecution;
    return decided;
  }

  async putPolicy(command: PutPolicy, causationId: string): Promise<PolicyExecution> {
    const streamId = policyStream(command.siteId);
    return this.held.during([streamId], async () => {
      const [execution] = await this.noted([streamId], () => this.policies.execute([{ streamId, command, causationId }]));
      if (execution === undefined) throw new Error('one command has one execution');
      const doc = toPolicyDoc(execution.state, execution.version);
      await this.document([streamId], () => bringUp(this.collections.policies, doc === undefined ? [] : [doc]));
      return execution;
    });
  }

  /** The policy of a site: its own, else the one for all, else the default. */
  async policy(siteId: string): Promise<Pick<PolicyDoc, 'policy' | 'revision'> & { readonly own: boolean }> {
    const docs = await this.collections.policies.getMany([policyStream(siteId), policyStream('')]);
    const own = docs.get(policyStream(siteId));
    const doc = own ?? docs.get(policyStream(''));
    return { policy: doc?.policy ?? DEFAULT_POLICY, revision: own?.revision ?? 0, own: own !== undefined };
  }

  /** Makes read models anew from the streams that events of other instances, or of one that died, are part of. */
  async mend(events: readonly EventEnvelope[]): Promise<void> {
    const behind = events.filter((event) => event.source !== this.source || this.undocumented.has(keyOf(event)));
    if (behind.length === 0) return;
    const wanted = new Set(behind.map(keyOf));
    const streamIds = [...new Set(behind.map(({ subject }) => subject))];
    const docs = docsOf(await this.context.store.streams.load(streamIds), (reservationId) => wanted.has(reservationId));
    await bringUp(this.collections.reservations, docs.reservations);
    await bringUp(this.collections.policies, docs.policies);
    for (const key of wanted) this.undocumented.delete(key);
  }

  /** A write that failed may have been made all the same: then its event, once it is told, brings the read model up. */
  private async noted<T>(keys: Iterable<string>, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      for (const key of keys) this.undocumented.add(key);
      throw error;
    }
  }

  /** Notes what is written for as long as its read model is behind: should the write fail, the event, on its way already, brings it up. */
  private async document(keys: Iterable<string>, write: () => Promise<void>): Promise<void> {
    for (const key of keys) this.undocumented.add(key);
    await write();
    for (const key of keys) this.undocumented.delete(key);
  }
}

/** The reservation that an event is about; of a policy its stream. */
const keyOf = ({ data, subject }: EventEnvelope): string => (data as Partial<ReservationEvent['data']>).reservationId ?? subject;

/** The newest of each reservation that the inputs were about. */
function changedDocs(inputs: readonly CalendarInput[], executions: readonly CalendarExecution[]): readonly ReservationDoc[] {
  const docs = new Map<string, ReservationDoc>();
  for (const [index, { outcome, state, version }] of executions.entries()) {
    if (outcome !== 'committed' && outcome !== 'duplicate') continue;
    const { reservationId } = (inputs[index] as CalendarInput).command;
    const reservation = state.reservations.get(reservationId);
    if (reservation !== undefined) docs.set(reservationId, toReservationDoc(reservation, version));
  }
  return [...docs.values()];
}

const withoutUndefined = ({ command, causationId, traceparent }: Omit<CalendarInput, 'stationId'>) =>
  traceparent === undefined ? { command, causationId } : { command, causationId, traceparent };
