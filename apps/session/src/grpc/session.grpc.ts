import { type Clock, isoTime, RequestError } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import type { SessionEnd } from '@voltlog/session-contract';
import { joinClaim, sessionCost } from '@voltlog/session-domain';
import type { Query, StreamStore } from '@voltlog/store';
import { readingsOf } from '../store/readings.js';
import type { SessionCollections, SessionDocument } from '../store/session-documents.js';
import { meterValueRange } from '../store/session-documents.js';
import { receiptOf } from './receipt.js';
import { text } from './requests.js';
import { toMeterValue, toQuarantined, toSession, toSessionEvents, toSessionNotice } from './session.messages.js';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;
/** What a car asks for can be told before its transaction begins, ms. */
const NEEDS_BEFORE_MS = 300_000;
const NOTICES_MAX = 500;

/** The part of `SessionService` that reads: what the projections and the streams know. */
export class SessionGrpc
  implements
    Pick<
      sessionV1.SessionService,
      | 'getSession'
      | 'listSessions'
      | 'listMeterValues'
      | 'listSessionEvents'
      | 'listSessionNotices'
      | 'listQuarantined'
      | 'getReceipt'
      | 'getFinalCost'
    >
{
  constructor(
    private readonly collections: SessionCollections,
    private readonly streams: StreamStore,
    private readonly clock: Clock,
  ) {}

  async getSession({ sessionId }: sessionV1.GetSessionRequest): Promise<sessionV1.GetSessionResponse> {
    const document = await this.existing(sessionId);
    const [session] = await this.withReadings([document]);
    return { session };
  }

  async getReceipt({ sessionId }: sessionV1.GetReceiptRequest): Promise<sessionV1.GetReceiptResponse> {
    const document = await this.existing(sessionId);
    const readings = (await readingsOf(this.collections, [document])).get(document.id)?.readings ?? {};
    return { receipt: await receiptOf(this.collections, document, readings, this.clock.now()) };
  }

  /** The end need not be folded yet: it is in the question. */
  async getFinalCost(request: sessionV1.GetFinalCostRequest): Promise<sessionV1.GetFinalCostResponse> {
    const { endedAt, meterStopWh } = request;
    const stationId = text('stationId', request.stationId);
    const transactionId = text('transactionId', request.transactionId);
    if (endedAt === undefined) throw new RequestError('INVALID_ARGUMENT', 'endedAt is empty', 'EmptyField');
    const nowMs = this.clock.now();
    const [prices, found] = await Promise.all([
      this.collections.prices.find({ limit: 1 }),
      this.collections.sessions.find({ where: { stationId, transactionId }, sort: ['startedAt', -1], limit: 1 }),
    ]);
    const [document] = found.docs;
    const unpriced = prices.docs.length === 0;
    if (document?.claims.price === undefined) return { total: undefined, unpriced };
    const readings = (await readingsOf(this.collections, [document])).get(document.id)?.readings ?? {};
    const end: SessionEnd = { basis: 'Reported', endedAt, receivedAt: isoTime(nowMs), offline: false, meterStopWh };
    return { total: sessionCost(joinClaim(document.claims, { kind: 'Ended', end }), readings, nowMs)?.total, unpriced };
  }

  async listSessions(request: sessionV1.ListSessionsRequest): Promise<sessionV1.ListSessionsResponse> {
    const page = await this.collections.sessions.find({
      where: sessionFilter(request),
      sort: ['startedAt', -1],
      ...pageOf(request),
    });
    return { sessions: await this.withReadings(page.docs), nextPageToken: page.next ?? '' };
  }

  async listMeterValues(request: sessionV1.ListMeterValuesRequest): Promise<sessionV1.ListMeterValuesResponse> {
    const { id } = await this.existing(request.sessionId);
    const page = await this.collections.meterValues.find({ where: { id: meterValueRange(id) }, ...pageOf(request) });
    return { meterValues: page.docs.filter((value) => value.samples.length > 0).map(toMeterValue), nextPageToken: page.next ?? '' };
  }

  async listSessionEvents({ sessionId }: sessionV1.ListSessionEventsRequest): Promise<sessionV1.ListSessionEventsResponse> {
    text('sessionId', sessionId);
    const commits = (await this.streams.load([sessionId])).get(sessionId);
    if (commits === undefined) throw unknownSession(sessionId);
    return { events: commits.flatMap(toSessionEvents) };
  }

  /** What was told of the place while the session ran, and of its transaction whenever: a payment is settled after the end. */
  async listSessionNotices({ sessionId }: sessionV1.ListSessionNoticesRequest): Promise<sessionV1.ListSessionNoticesResponse> {
    const document = await this.existing(sessionId);
    const { stationId, transactionId } = document;
    const [session] = await this.withReadings([document]);
    const { evseId = 0, endedAt } = session ?? {};
    const from = isoTime(Date.parse(document.startedAt) - NEEDS_BEFORE_MS);
    const until = endedAt ?? isoTime(this.clock.now());
    const [meanwhile, ofTransaction] = await Promise.all([
      this.collections.notices.find({
        where: { stationId, receivedAt: { $gte: from, $lte: until } },
        sort: ['receivedAt', 1],
        limit: NOTICES_MAX,
      }),
      transactionId === '' ? { docs: [] } : this.collections.notices.find({ where: { stationId, transactionId }, limit: NOTICES_MAX }),
    ]);
    const here = meanwhile.docs.filter(
      (each) => each.transactionId === '' && (each.evseId === 0 || each.evseId === evseId) && each.kind !== 'Settlement',
    );
    const notices = [...here, ...ofTransaction.docs].toSorted((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
    return { notices: notices.map(toSessionNotice) };
  }

  async listQuarantined(request: sessionV1.ListQuarantinedRequest): Promise<sessionV1.ListQuarantinedResponse> {
    const stationId = text('stationId', request.stationId);
    const page = await this.collections.quarantine.find({
      ...(stationId === '' ? {} : { where: { stationId } }),
      sort: ['at', -1],
      ...pageOf(request),
    });
    return { facts: page.docs.map(toQuarantined), nextPageToken: page.next ?? '' };
  }

  private async existing(sessionId: string): Promise<SessionDocument> {
    if (text('sessionId', sessionId) === '') throw new RequestError('INVALID_ARGUMENT', 'sessionId is empty', 'EmptyField');
    const document = await this.collections.sessions.get(sessionId);
    if (document === undefined) throw unknownSession(sessionId);
    return document;
  }

  private async withReadings(documents: readonly SessionDocument[]): Promise<sessionV1.Session[]> {
    if (documents.length === 0) return [];
    const readings = await readingsOf(this.collections, documents);
    return documents.map((document) => toSession(document, readings.get(document.id)?.readings ?? {}, this.clock.now()));
  }
}

const unknownSession = (sessionId: string): RequestError => new RequestError('NOT_FOUND', `no session ${sessionId}`, 'UnknownSession');

function sessionFilter(request: sessionV1.ListSessionsRequest): NonNullable<Query['where']> {
  const where: Record<string, string> = {};
  const fields = { stationId: request.stationId, idToken: request.idToken, transactionId: request.transactionId };
  for (const [name, value] of Object.entries(fields)) if (text(name, value) !== '') where[name] = value;
  switch (request.state) {
    case sessionV1.SessionState.ACTIVE:
      where['state'] = 'Active';
      break;
    case sessionV1.SessionState.ENDED:
      where['state'] = 'Ended';
      break;
    case sessionV1.SessionState.UNSPECIFIED:
      break;
    default:
      throw new RequestError('INVALID_ARGUMENT', 'state is none of ACTIVE and ENDED', 'UnknownState');
  }
  return where;
}

function pageOf({ pageSize, pageToken }: { pageSize: number; pageToken: string }): Pick<Query, 'limit' | 'after'> {
  if (!Number.isInteger(pageSize) || pageSize < 0)
    throw new RequestError('INVALID_ARGUMENT', 'pageSize is not a whole number of 0 or more', 'BadPageSize');
  const limit = pageSize === 0 ? PAGE_DEFAULT : Math.min(pageSize, PAGE_MAX);
  return pageToken === '' ? { limit } : { limit, after: pageToken };
}
