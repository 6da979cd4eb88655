import type { MeterValue, TransactionStarted } from '@voltlog/connection-contract';
import type { EventEnvelope } from '@voltlog/kernel';
import type { AskedStart, Claim } from '@voltlog/session-domain';
import {
  type ChargingState,
  compareStates,
  joinClaim,
  limitDimensionOf,
  noteChargingState,
  noteMeterValue,
  noteReceived,
  noteSeqNo,
} from '@voltlog/session-domain';
import { startIdOf } from '../session-id.js';
import { UNSAVED_MAX } from '../store/readings.js';
import type { MeterValueDocument, QuarantinedDocument } from '../store/session-documents.js';
import { meterValueDocument } from '../store/session-documents.js';
import type { SessionEntry, StationEntry } from './station-cache.js';

/** What made a claim: the fact's id and what goes on with it. */
export type Cause = Pick<EventEnvelope, 'id' | 'correlationId' | 'traceparent'>;

export interface PendingClaim {
  readonly entry: SessionEntry;
  readonly claim: Claim;
  readonly cause: Cause;
  /** Unique within the stream. */
  readonly causationId: string;
  /** Set once it was decided: whether it was new. */
  committed?: boolean;
}

/** What of a transaction's message goes into the readings. */
export interface Noted {
  readonly receivedAt: string;
  readonly occurredAt: string;
  readonly meterValues: readonly MeterValue[];
  readonly seqNo?: number;
  readonly chargingState?: string;
  readonly triggerReason?: string;
}

/** What one batch of facts has changed so far in memory, and what is still to be written. */
export class Batch {
  readonly touched = new Map<SessionEntry, Cause>();
  readonly stations = new Set<StationEntry>();
  /** Stations whose sessions have to be looked at together: one began or ended, or a fact was put aside; with the last such fact. */
  readonly unsettled = new Map<StationEntry, Cause>();
  readonly claims: PendingClaim[] = [];
  readonly meterValues = new Map<string, MeterValueDocument>();
  readonly quarantined = new Map<string, QuarantinedDocument>();
  /** Facts that were put aside by this batch, for the alert. */
  readonly orphaned = new Map<string, { readonly orphan: QuarantinedDocument; readonly cause: Cause }>();

  /** Start requests that a session of this batch came of. */
  readonly answered = new Set<string>();

  /** Facts without a session that were not kept, their station having too many. */
  dropped = 0;

  /** Start requests by station, of stations that were asked for any. */
  asked: ReadonlyMap<string, readonly AskedStart[]> = new Map();

  private readonly startIds = new Map<TransactionStarted, string>();

  constructor(readonly quarantineMax: number) {}

  /** {@link startIdOf}: a hash, which both the loading and the routing of a start ask for. */
  startIdOf(fact: TransactionStarted): string {
    let id = this.startIds.get(fact);
    if (id === undefined) {
      id = startIdOf(fact);
      this.startIds.set(fact, id);
    }
    return id;
  }

  /** Takes a claim in at once, and queues it for the stream unless it says nothing new. */
  record(entry: SessionEntry, claim: Claim, cause: Cause, causationId: string = cause.id): void {
    this.touched.set(entry, cause);
    const joined = joinClaim(entry.claims, claim);
    if (joined === entry.claims && joined.identity !== undefined) return;
    entry.claims = joined.identity === undefined ? { ...joined, identity: entry.identity } : joined;
    this.claims.push({ entry, claim, cause, causationId });
  }

  /** Takes readings, sequence number and charging state in. */
  note(entry: SessionEntry, fact: Noted, cause: Cause): void {
    this.touched.set(entry, cause);
    const { readings } = entry;
    const { seqNo, receivedAt, meterValues, chargingState } = fact;
    // Nothing but the readings tells of a message without values and number, and those of a session that is over are read as they are.
    const isTold = seqNo !== undefined || meterValues.length > 0 || entry.claims.start?.receivedAt === receivedAt;
    entry.due ||= !isTold || (entry.version > 0 && !entry.active);
    noteReceived(readings, receivedAt);
    if (seqNo !== undefined) noteSeqNo(readings, seqNo);
    if (chargingState !== undefined) this.noteState(entry, stateIn({ ...fact, chargingState }), cause);
    for (const value of meterValues) this.noteValue(entry, value, receivedAt, seqNo);
    // A message without values still leaves its number, so that the readings can be rebuilt.
    if (seqNo !== undefined && meterValues.length === 0) this.noteValue(entry, { at: fact.occurredAt, samples: [] }, receivedAt, seqNo);
  }

  private noteValue(entry: SessionEntry, value: MeterValue, receivedAt: string, seqNo: number | undefined): void {
    entry.unsaved += 1;
    entry.due ||= entry.unsaved >= UNSAVED_MAX || value.at <= (entry.readings.lastReadingAt ?? '');
    noteMeterValue(entry.readings, value, entry.points);
    const document = meterValueDocument(entry.sessionId, value, receivedAt, seqNo);
    this.meterValues.set(document.id, document);
  }

  /** Takes a charging state in; the stream is told when it is another one than it tells, and not an older one that comes late. */
  noteState(entry: SessionEntry, charging: ChargingState, cause: Cause): void {
    this.touched.set(entry, cause);
    const { charging: before, chargingSince } = entry.readings;
    noteChargingState(entry.readings, charging);
    entry.due ||= entry.readings.charging !== before || entry.readings.chargingSince !== chargingSince;
    const told = entry.claims.charging;
    const reached = charging.limitReached !== undefined && charging.limitReached.dimension !== told?.limitReached?.dimension;
    const recovered = charging.value === 'Charging' && entry.claims.rested?.includes('Faulted') === true;
    if (told !== undefined && ((told.value === charging.value && !recovered && !reached) || compareStates(charging, told) <= 0)) return;
    this.record(entry, { kind: 'ChargingState', charging }, cause, `${cause.id}#ChargingState`);
  }

  /** Register values of one session among this batch's meter values. */
  valuesOf(sessionId: string): MeterValueDocument[] {
    return [...this.meterValues.values()].filter((document) => document.id.startsWith(`${sessionId}#`));
  }
}

function stateIn({
  chargingState,
  seqNo,
  occurredAt,
  receivedAt,
  triggerReason,
}: Noted & { readonly chargingState: string }): ChargingState {
  // A state that energy flows in says that the limit no longer holds it.
  const dimension = chargingState === 'Charging' ? undefined : limitDimensionOf(triggerReason);
  const limitReached = dimension === undefined ? {} : { limitReached: { dimension, receivedAt } };
  return { seqNo: seqNo ?? -1, at: occurredAt, value: chargingState, ...limitReached };
}
