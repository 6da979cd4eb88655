import { type Clock, type IdSource, isoTime, RequestError } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import type { SessionLimit } from '@voltlog/session-contract';
import { effectiveEnd, isAmount, type Readings } from '@voltlog/session-domain';
import type { Prices } from '../commands/prices.js';
import type { SessionChanges } from '../commands/session-changes.js';
import { type Asked, type StartRequests, startRequestIdOf } from '../commands/start-requests.js';
import type { SessionWatch } from '../reactions/session-watch.js';
import { text } from './requests.js';
import { type ShownSession, toLimit, toSession } from './session.messages.js';

/** Longest token of any version: OCPP 2.1 IdTokenType. */
const ID_TOKEN_MAX = 255;
/** No car takes more, no session is longer: a typing mistake. */
const ENERGY_WH_MAX = 10_000_000;
const DURATION_SECONDS_MAX = 30 * 24 * 3_600;

export interface CommandsGrpcParts {
  readonly startRequests: StartRequests;
  readonly watch: SessionWatch;
  readonly changes: SessionChanges;
  readonly prices: Prices;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** The part of `SessionService` that changes something. */
export class CommandsGrpc
  implements
    Pick<
      sessionV1.SessionService,
      'requestStart' | 'getStartRequest' | 'cancelStart' | 'requestStop' | 'setLimit' | 'putPrice' | 'removePrice' | 'getPrice'
    >
{
  constructor(private readonly parts: CommandsGrpcParts) {}

  async requestStart(request: sessionV1.RequestStartRequest): Promise<sessionV1.RequestStartResponse> {
    const stationId = required('stationId', request.stationId);
    const idToken = {
      idToken: required('idToken', request.idToken?.idToken ?? '', ID_TOKEN_MAX),
      type: request.idToken?.type || 'Central',
    };
    const limit = limitIn(request.limit);
    const state = await this.parts.startRequests.request({
      stationId,
      evseId: request.evseId,
      idToken,
      groupId: text('groupId', request.groupId),
      idempotencyKey: text('idempotencyKey', request.idempotencyKey),
      ...(limit === undefined ? {} : { limit }),
    });
    return { startRequest: toStartRequest(state) };
  }

  async getStartRequest(request: sessionV1.GetStartRequestRequest): Promise<sessionV1.GetStartRequestResponse> {
    return { startRequest: toStartRequest(await this.parts.startRequests.get(whichStart(request))) };
  }

  async cancelStart(request: sessionV1.CancelStartRequest): Promise<sessionV1.CancelStartResponse> {
    const id = whichStart(request);
    return { startRequest: toStartRequest(await this.parts.startRequests.cancel(id, byIn(request.requestedBy))) };
  }

  async requestStop(request: sessionV1.RequestStopRequest): Promise<sessionV1.RequestStopResponse> {
    const { watch, ids } = this.parts;
    const sessionId = required('sessionId', request.sessionId);
    const key = text('idempotencyKey', request.idempotencyKey) || ids.next();
    const answer = await watch.requestStop(sessionId, byIn(request.requestedBy), key);
    return { session: await this.session(sessionId), stationStatus: answer?.stationStatus ?? answer?.status ?? '' };
  }

  async setLimit(request: sessionV1.SetLimitRequest): Promise<sessionV1.SetLimitResponse> {
    const { changes, clock, ids, watch } = this.parts;
    const sessionId = required('sessionId', request.sessionId);
    const limit = limitIn(request.limit) ?? null;
    const by = byIn(request.requestedBy);
    const key = text('idempotencyKey', request.idempotencyKey) || ids.next();
    const at = isoTime(clock.now());
    const done = await changes.change(sessionId, ({ claims, readings }) =>
      effectiveEnd(claims, readings) === undefined
        ? [{ claim: { kind: 'LimitSet', limit: { limit, by, at } }, causationId: `limit#${key}` }]
        : [],
    );
    if (done === undefined || effectiveEnd(done.entry.claims, done.entry.readings) !== undefined)
      throw new RequestError('FAILED_PRECONDITION', `session ${sessionId} has ended`, 'SessionEnded');
    // What was asked is taken up also when this is a repetition: the first try may have ended in between. A limit that was taken away is
    // told to the station that keeps it.
    await watch.soon([sessionId]);
    return { session: await this.session(sessionId) };
  }

  async putPrice(request: sessionV1.PutPriceRequest): Promise<sessionV1.PutPriceResponse> {
    return { price: await this.parts.prices.put(request) };
  }

  async removePrice(request: sessionV1.RemovePriceRequest): Promise<sessionV1.RemovePriceResponse> {
    await this.parts.prices.remove(request);
    return {};
  }

  async getPrice(request: sessionV1.GetPriceRequest): Promise<sessionV1.GetPriceResponse> {
    return { price: await this.parts.prices.get(request) };
  }

  private async session(sessionId: string): Promise<sessionV1.Session | undefined> {
    let shown: { readonly document: ShownSession; readonly readings: Readings } | undefined;
    const now = this.parts.clock.now();
    await this.parts.changes.change(sessionId, (entry) => {
      const { claims, identity } = entry;
      const { stationId, transactionId } = identity;
      const updatedAt = isoTime(now);
      shown = {
        document: { id: sessionId, stationId, transactionId, version: entry.version, claims, updatedAt },
        readings: entry.readings,
      };
      return [];
    });
    return shown === undefined ? undefined : toSession(shown.document, shown.readings, now);
  }
}

const STATES = {
  Pending: sessionV1.StartRequestState.PENDING,
  Accepted: sessionV1.StartRequestState.ACCEPTED,
  Refused: sessionV1.StartRequestState.REFUSED,
  Started: sessionV1.StartRequestState.STARTED,
  Lapsed: sessionV1.StartRequestState.LAPSED,
  Cancelled: sessionV1.StartRequestState.CANCELLED,
} as const;

const toStartRequest = (state: Asked): sessionV1.StartRequest => ({
  startRequestId: state.startRequestId,
  stationId: state.stationId,
  evseId: state.evseId,
  idToken: state.idToken,
  limit: toLimit(state.limit),
  state: STATES[state.kind],
  reason: state.reason,
  sessionId: 'sessionId' in state ? (state.sessionId ?? '') : '',
  createdAt: state.requestedAt,
  updatedAt: state.updatedAt,
});

/** By its id, or the key it was asked for under. */
function whichStart({ startRequestId, idempotencyKey }: sessionV1.GetStartRequestRequest | sessionV1.CancelStartRequest): string {
  const key = text('idempotencyKey', idempotencyKey);
  return startRequestId === '' && key !== '' ? startRequestIdOf(key) : required('startRequestId', startRequestId);
}

function required(name: string, value: string, max?: number): string {
  if (text(name, value, max) === '') throw new RequestError('INVALID_ARGUMENT', `${name} is empty`, 'EmptyField');
  return value;
}

function byIn(requestedBy: string): 'Driver' | 'Operator' {
  if (requestedBy === 'Driver') return 'Driver';
  if (requestedBy === 'Operator' || requestedBy === '') return 'Operator';
  throw new RequestError('INVALID_ARGUMENT', 'requestedBy is none of Driver and Operator', 'UnknownRequester');
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
function limitIn(limit: sessionV1.SessionLimit | undefined): SessionLimit | undefined {
  if (limit === undefined) return undefined;
  const { energyWh, durationSeconds, cost, stateOfChargePercent } = limit;
  within('limit.energyWh', energyWh, ENERGY_WH_MAX);
  within('limit.durationSeconds', durationSeconds, DURATION_SECONDS_MAX);
  within('limit.stateOfChargePercent', stateOfChargePercent, 100);
  if (cost !== undefined && (!isAmount(cost.amount) || Number(cost.amount) === 0 || !/^[A-Z]{3}$/.test(cost.currency)))
    throw new RequestError('INVALID_ARGUMENT', 'limit.cost is no sum above 0 with an ISO 4217 currency', 'BadLimit');
  const chosen: SessionLimit = {
    ...(energyWh === undefined ? {} : { energyWh }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(cost === undefined ? {} : { cost: { amount: cost.amount, currency: cost.currency } }),
    ...(stateOfChargePercent === undefined ? {} : { stateOfChargePercent }),
  };
  return Object.keys(chosen).length === 0 ? undefined : chosen;
}

function within(name: string, value: number | undefined, max: number): void {
  if (value !== undefined && !(value > 0 && value <= max))
    throw new RequestError('INVALID_ARGUMENT', `${name} is not above 0 and at most ${max}`, 'BadLimit');
}
