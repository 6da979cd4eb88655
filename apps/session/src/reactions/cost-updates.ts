import type { EventLog, LogRecord, Subscription } from '@voltlog/event-log';
import { type Clock, isoTime } from '@voltlog/kernel';
import { SESSION_TOPIC, type SessionEnded } from '@voltlog/session-contract';
import { sessionCost } from '@voltlog/session-domain';
import { TimerLoop, type TimerStore } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { CommandAnswer, StationCommands } from '../commands/station-commands.js';
import { readingsOf } from '../store/readings.js';
import type { SessionCollections, SessionDocument } from '../store/session-documents.js';

const SWEEP = { id: 'CostUpdateSweep', kind: 'CostUpdateSweep', payload: {} } as const;
const FINAL = 'FinalCost';
const ENDED = 'voltlog.session.SessionEnded.v1';
const GROUP = 'session-cost';
/** Active sessions looked at in one step. */
const STEP = 200;
/** Stations told at the same time: one that does not answer holds up so many others at most, for as long as a command may take. */
const AT_ONCE = 16;
/** A sweep over very many sessions takes its time. */
const LEASE_MS = 10 * 60_000;
/** From the end of a session until its cost is told: the read models are written by then. */
const SETTLE_MS = 2_000;
/** So often the end of a session that is not known as ended yet is waited for again. */
const FINAL_TRIES_MAX = 5;
/** The session alone: written by an older version. */
type FinalPayload = string | { readonly sessionId: string; readonly tries: number };
/** A station that does not know the message is not asked again for so long: its firmware may change. */
const UNKNOWN_MS = 24 * 3_600_000;
/** Stations and sessions of which something is remembered; what is forgotten costs one message too many. */
const REMEMBERED_MAX = 50_000;

export interface CostUpdatesParts {
  readonly collections: Pick<SessionCollections, 'sessions' | 'readings' | 'meterValues'>;
  readonly commands: Pick<StationCommands, 'send'>;
  readonly log: Pick<EventLog, 'subscribe'>;
  readonly timers: TimerStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks; 0: stations are told nothing. */
  readonly everyMs: number;
}

/**
 * Tells 2.x stations what a session costs so far, for their displays: while it goes on at a pace of its own, beside the road that readings
 * take, and once more when it is over. The answer to a TransactionEvent goes out before the session is folded, so that none but the one to
 * its end tells what is new; a station that does not know CostUpdated is told there what was known a moment before.
 *
 * Source: OCPP 2.0.1 Part 2 I02 (running total cost during charging), 1.16 CostUpdated
 */
export class CostUpdates {
  private readonly sweeps: TimerLoop;
  private readonly finals: TimerLoop;
  private subscription: Subscription | undefined;
  /** The amount that a session's station knows. */
  private readonly told = new Map<string, string>();
  /** Stations that do not know the message, and until when that is believed. */
  private readonly unknowing = new Map<string, number>();

  constructor(private readonly parts: CostUpdatesParts) {
    const { timers, clock, logger } = parts;
    this.sweeps = new TimerLoop({ timers, kind: SWEEP.kind, clock, logger, leaseMs: LEASE_MS, handle: () => this.sweep() });
    this.finals = new TimerLoop({
      timers,
      kind: FINAL,
      clock,
      logger,
      handle: ({ payload }) => this.tellFinal(payload as FinalPayload),
    });
  }

  async start(): Promise<void> {
    if (this.parts.everyMs === 0) return;
    await this.parts.timers.scheduleNoLater([this.next()]);
    this.sweeps.start();
    this.finals.start();
    this.subscription = await this.parts.log.subscribe({
      group: GROUP,
      topics: [SESSION_TOPIC],
      types: [ENDED],
      startFrom: 'latest',
      handle: (batch) => this.ended(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
    await this.finals.stop();
    await this.sweeps.stop();
  }

  private async ended(batch: readonly LogRecord[]): Promise<void> {
    const over = batch.map(({ event }) => event.data as SessionEnded).filter(({ ocppVersion }) => is2x(ocppVersion));
    await this.tellLater(over.map(({ sessionId }) => ({ sessionId, tries: 0 })));
  }

  private async tellLater(finals: readonly Exclude<FinalPayload, string>[]): Promise<void> {
    const dueAt = isoTime(this.parts.clock.now() + SETTLE_MS);
    await this.parts.timers.schedule(finals.map((payload) => ({ id: `${FINAL} ${payload.sessionId}`, kind: FINAL, dueAt, payload })));
  }

  private async tellFinal(payload: FinalPayload): Promise<void> {
    const { sessionId, tries } = typeof payload === 'string' ? { sessionId: payload, tries: 0 } : payload;
    const document = await this.parts.collections.sessions.get(sessionId);
    // After a crash the end may have to be handed over again first.
    if (document?.state !== 'Ended' && tries < FINAL_TRIES_MAX) return this.tellLater([{ sessionId, tries: tries + 1 }]);
    if (document !== undefined) await this.tell([document]);
    this.told.delete(sessionId);
  }

  private async sweep(): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.parts.collections.sessions.find({
        where: { state: 'Active' },
        sort: ['startedAt', 1],
        limit: STEP,
        ...(after === undefined ? {} : { after }),
      });
      await this.tell(page.docs);
      after = page.next;
    } while (after !== undefined);
    await this.parts.timers.schedule([this.next()]);
  }

  private async tell(documents: readonly SessionDocument[]): Promise<void> {
    const { collections, clock } = this.parts;
    const now = clock.now();
    const priced = documents.filter((document) => document.claims.price !== undefined && is2x(document.claims.identity?.ocppVersion));
    if (priced.length === 0) return;
    const readings = await readingsOf(collections, priced);
    const due = priced.flatMap((document) => {
      const total = sessionCost(document.claims, readings.get(document.id)?.readings ?? {}, now)?.total;
      return total === undefined || this.told.get(document.id) === total.amount ? [] : [{ document, amount: total.amount }];
    });
    for (let from = 0; from < due.length; from += AT_ONCE)
      await Promise.all(due.slice(from, from + AT_ONCE).map(({ document, amount }) => this.send(document, amount)));
  }

  private async send(document: SessionDocument, amount: string): Promise<void> {
    const { id, stationId, transactionId, state } = document;
    const totalCost = Number(amount);
    let status: CommandAnswer['status'] = 'NotSupported';
    if ((this.unknowing.get(speakerOf(document)) ?? 0) <= this.parts.clock.now()) {
      const request = { $case: 'costUpdated', value: { totalCost, transactionId } } as const;
      ({ status } = await this.parts.commands.send(stationId, { $case: 'stationRequest', value: { request } }));
      if (status === 'NotSupported') {
        remember(this.unknowing, speakerOf(document), this.parts.clock.now() + UNKNOWN_MS);
        this.parts.logger.info({ stationId }, 'a station does not know CostUpdated; it is told the running cost with its answers');
      }
    }
    if (status === 'Accepted') remember(this.told, id, amount);
    // An offer is not told yet, and goes with its socket: it is made anew at each look. The end is answered with what it came to.
    if (status === 'NotSupported' && state === 'Active')
      await this.parts.commands.send(stationId, { $case: 'offerRunningCost', value: { transactionId, totalCost } });
  }

  private next() {
    return { ...SWEEP, dueAt: isoTime(this.parts.clock.now() + this.parts.everyMs) };
  }
}

/** A station that comes back with another version of OCPP may know more. */
const speakerOf = ({ stationId, claims }: SessionDocument): string => `${stationId} ${claims.identity?.ocppVersion ?? ''}`;

const is2x = (ocppVersion: string | undefined): boolean => ocppVersion?.startsWith('ocpp2') === true;

/** What was remembered first is forgotten first. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED_MAX && oldest !== undefined) map.delete(oldest);
}
