import type { TransactionStarted, TransactionUpdated } from '@voltlog/connection-contract';
import type { LogRecord } from '@voltlog/event-log';
import { type AskedStart, type Claim, joinClaim, startAskedFor } from '@voltlog/session-domain';
import type { Collection } from '@voltlog/store';
import type { OpenStartDocument } from '../store/session-documents.js';
import type { Batch, Cause } from './batch.js';
import type { SessionEntry } from './station-cache.js';

/** Documents read at a time. */
const PAGE = 1_000;

/** The start requests that sessions of these facts may have come of, by station: one query for the batch, and none where nothing began. */
export async function askedStarts(
  openStarts: Pick<Collection<OpenStartDocument>, 'find'>,
  records: readonly LogRecord[],
): Promise<ReadonlyMap<string, readonly AskedStart[]>> {
  const stationIds = new Set<string>();
  for (const { event } of records) if (mayBeAsked(event.type, event.data)) stationIds.add(event.subject);
  const asked = new Map<string, AskedStart[]>();
  if (stationIds.size === 0) return asked;
  const where = { stationId: { $in: [...stationIds] } };
  let after: string | undefined;
  do {
    const page = await openStarts.find({ where, limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const doc of page.docs) asked.set(doc.stationId, [...(asked.get(doc.stationId) ?? []), doc]);
    after = page.next;
  } while (after !== undefined);
  return asked;
}

/** The claim of a start, with the request it came of; so that the first that is told of a session tells that too. */
export function askedFor(batch: Batch, entry: SessionEntry, claim: Claim, fact: TransactionStarted): Claim {
  const all = batch.asked.get(fact.stationId);
  if (all === undefined || claim.kind !== 'Started' || entry.claims.startRequestId !== undefined) return claim;
  const begun = joinClaim(entry.claims, claim);
  const asked = startAskedFor({ ...begun, identity: entry.identity }, all);
  if (asked === undefined) return claim;
  batch.answered.add(asked.startRequestId);
  // What the station itself says it came of, it did, even if that was taken back meanwhile: it is stopped then.
  const isTold = asked.cancelledAt === undefined || fact.ocppVersion !== 'ocpp1.6';
  return isTold ? { ...claim, asked: askedClaim(asked, fact.receivedAt) } : claim;
}

/** OCPP 2.x: where the transaction began with the cable, a later message tells the start that it came of (2.0.1 Part 2 F02). */
export function matchUpdate(batch: Batch, entry: SessionEntry, fact: TransactionUpdated, cause: Cause): void {
  const all = batch.asked.get(fact.stationId);
  if (all === undefined || entry.claims.startRequestId !== undefined) return;
  const asked = startAskedFor({ ...entry.claims, identity: entry.identity }, all, fact.remoteStartId);
  if (asked === undefined) return;
  batch.answered.add(asked.startRequestId);
  batch.record(entry, { kind: 'StartRequestMatched', ...askedClaim(asked, fact.receivedAt) }, cause, matchedBy(asked.startRequestId));
}

/** Why a session's stream tells its start request, unless the start itself does. */
export const matchedBy = (startRequestId: string): string => `start-request#${startRequestId}`;

const askedClaim = ({ startRequestId, limit }: AskedStart, at: string) => ({
  startRequestId,
  at,
  ...(limit === undefined ? {} : { limit: { limit, by: 'StartRequest', at } as const }),
});

/** A start of 2.x that was asked for says so; any start of 1.6 may have been. */
function mayBeAsked(type: string, data: unknown): boolean {
  if (type !== 'voltlog.connection.TransactionStarted.v1' && type !== 'voltlog.connection.TransactionUpdated.v1') return false;
  const { ocppVersion, remoteStartId } = data as TransactionUpdated;
  return remoteStartId !== undefined || (ocppVersion === 'ocpp1.6' && type === 'voltlog.connection.TransactionStarted.v1');
}
