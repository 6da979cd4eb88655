import type { AuthorizationAnswer } from '@voltlog/connection-contract';
import {
  type CallContext,
  clockBehind,
  type Fact,
  type ShownContract,
  type TokenQuestion,
  type Tolerated,
} from '@voltlog/connection-translation';
import { isoTime, isSameMinute } from '@voltlog/kernel';
import { type Call, NotSupported, type OcppError, type Payload, payloadText } from '@voltlog/ocpp-rpc';
import { ATTRIBUTE, type Span } from '@voltlog/telemetry';
import { makeOf } from '../quirks/known-quirks.js';
import { meant, mended, telling } from '../quirks/tolerance.js';
import type { Action } from './actions.js';
import type { CallingStation } from './calling-station.js';
import { isAccepted, refusalOf } from './not-accepted.js';

/** A call that was read. */
export interface ReceivedCall {
  readonly call: Call;
  readonly text: string;
  readonly receivedAtMs: number;
}

/** Nothing is authorized until the operator has accepted the station; its energy is recorded all the same. */
const QUARANTINED: AuthorizationAnswer = { status: 'NotAtThisLocation', reason: 'StationQuarantined', source: 'policy' };
/** The same of one that is provisioned first, or was rejected. */
const NOT_ACCEPTED: AuthorizationAnswer = { status: 'NotAtThisLocation', reason: 'StationNotAccepted', source: 'policy' };

/**
 * The road of a call: repeated? known and well formed? then ask, record, answer. It is answered only after its facts are durable; when
 * they cannot be made durable before the socket closes, it is not answered.
 *
 * @throws what is a bug; never what is wrong with the call, the log or the authorization service
 */
export function serveCall(station: CallingStation, received: ReceivedCall): Promise<void> | undefined {
  const { call, text } = received;
  if (station.repeated(call, text)) return undefined;
  const { protocol, actions, unknown } = station.dialect;
  const action = actions.get(call.action);
  const broken = protocol.checkCall(call.action, call.payload, 'station');
  const tolerated = action === undefined ? undefined : toleratedIn(station, received, broken);
  const error = tolerated === undefined ? broken : undefined;
  if (error !== undefined || action === undefined) {
    (action?.refused ?? unknown).value += 1;
    const refusal = error ?? new NotSupported(`${call.action} is not supported`);
    station.refused(call, text, refusalOf(station, call.action) ?? refusal);
    return undefined;
  }
  const read: ReadCall = tolerated === undefined ? received : { ...received, tolerated };
  if (call.action === 'BootNotification') station.isOfMake(makeOf(call.payload));
  const span = station.edge.tracing.start(call.action);
  return span === undefined ? askRecordAnswer(station, read, action, undefined) : traced(station, read, action, span);
}

/** A received call with what was tolerated in it. */
interface ReadCall extends ReceivedCall {
  readonly tolerated?: Tolerated;
}

/** Nothing of a call that is well formed from a station without quirks. */
function toleratedIn(station: CallingStation, received: ReceivedCall, broken: OcppError | undefined): Tolerated | undefined {
  if (broken !== undefined) return mended(station, received, broken);
  const meanings = station.station.quirks?.meanings;
  return meanings === undefined ? undefined : meant(station, received, meanings);
}

async function traced(station: CallingStation, received: ReadCall, action: Action, span: Span): Promise<void> {
  span.set(ATTRIBUTE.stationId, station.stationId);
  span.set(ATTRIBUTE.ocppVersion, station.dialect.version);
  span.set(ATTRIBUTE.ocppAction, received.call.action);
  try {
    await span.run(() => askRecordAnswer(station, received, action, span.traceparent));
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}

async function askRecordAnswer(
  station: CallingStation,
  received: ReadCall,
  action: Action,
  traceparent: string | undefined,
): Promise<void> {
  const { call, text, receivedAtMs, tolerated } = received;
  const { route } = action;
  const payload = tolerated === undefined ? call.payload : tolerated.payload;
  const { clock, authorizations, facts: recorder } = station.edge;
  const context = contextOf(station, call.messageId, call.action, receivedAtMs);
  const question = route.question?.(payload, context);
  let answer: AuthorizationAnswer | undefined;
  if (question !== undefined)
    answer = station.station.quarantined
      ? QUARANTINED
      : !isAccepted(station)
        ? NOT_ACCEPTED
        : await authorizations.ask(
            station.stationId,
            question.contract === undefined ? question : await withContract(station, question, question.contract),
            traceparent,
          );
  const told = route.toFacts(payload, context, answer);
  const facts = tolerated === undefined ? told : told.map((fact) => telling(fact, call.payload, tolerated.quirks));
  let factId = '';
  if (facts.length > 0) {
    if (context.ocppVersion === 'ocpp1.6') noteClock(station, facts, context);
    if (question?.purpose === 'identify') station.shownToken = { idToken: question.idToken.idToken, at: context.receivedAt };
    const events = facts.map((fact) => recorder.envelope(fact.type, fact.data, undefined, traceparent));
    factId = events[0]?.id ?? '';
    station.logging(route.money);
    const rawText = payloadText(call, text);
    const dataTexts = rawText === undefined ? undefined : facts.map(({ data }) => withRawText(data, call.payload, rawText));
    if (!(await recorder.append(station.stationId, events, station, dataTexts))) return;
  }
  const refusal = refusalOf(station, call.action);
  if (refusal !== undefined) {
    action.refused.value += 1;
    station.refused(call, text, refusal);
    return;
  }
  const inquiry = route.inquiry?.(payload, context);
  const finding = inquiry === undefined ? undefined : await station.edge.inquiries.find(station.stationId, inquiry, factId);
  if (call.action === 'BootNotification') station.told = context.registrationStatus;
  station.answered(call, text, route.toResponse(payload, context, answer, finding));
  action.answered.value += 1;
  action.duration.record((clock.now() - receivedAtMs) / 1_000);
}

/** The JSON of a fact that keeps the message as it was sent: that part is not written again. */
function withRawText(data: object, payload: Payload, rawText: string): string | undefined {
  if (!('raw' in data) || data.raw !== payload) return undefined;
  return `${JSON.stringify({ ...data, raw: undefined }).slice(0, -1)},"raw":${rawText}}`;
}

/** What the contract certificate is worth is found out before the token is asked about. */
async function withContract(
  station: CallingStation,
  question: TokenQuestion,
  contract: ShownContract,
): Promise<TokenQuestion & { readonly certificateStatus: string }> {
  const { inquiries } = station.edge;
  return { ...question, certificateStatus: await inquiries.contract(station.stationId, question.idToken.idToken, contract) };
}

/** 1.6 does not say that a message was kept: the clock of the station has to be known for that. A fact without a time of the station has ours. */
function noteClock(station: CallingStation, facts: readonly Fact[], context: CallContext): void {
  for (const { data } of facts) {
    const isInStep = station.clockBehindMs === 0 && isSameMinute(data.occurredAt, data.receivedAt);
    if (!isInStep && data.occurredAt !== data.receivedAt) station.clockBehindMs = clockBehind(data.occurredAt, context);
  }
}

/** What the translation is told beside the payload. */
export const contextOf = (station: CallingStation, messageId: string, action: string, receivedAtMs: number): CallContext => ({
  stationId: station.station.stationId,
  ocppVersion: station.dialect.version,
  messageId,
  action,
  receivedAt: isoTime(receivedAtMs),
  receivedAtMs,
  connectedAtMs: station.connectedAtMs,
  clockBehindMs: station.clockBehindMs,
  shownToken: station.shownToken,
  connectorsPerEvse: station.station.connectorsPerEvse,
  ...registrationOf(station, action),
  ...offersOf(station),
});

function registrationOf(station: CallingStation, action: string): Pick<CallContext, 'registrationStatus' | 'heartbeatIntervalSeconds'> {
  const { heartbeatIntervalSeconds } = station.edge.limits;
  if (action !== 'BootNotification') return { registrationStatus: isAccepted(station) ? 'Accepted' : 'Pending', heartbeatIntervalSeconds };
  const { status, intervalSeconds } = station.station.boot;
  return { registrationStatus: status, heartbeatIntervalSeconds: intervalSeconds || heartbeatIntervalSeconds };
}

const offersOf = ({ limits, costs }: CallingStation): Pick<CallContext, 'transactionLimitOf' | 'runningCostOf'> =>
  limits === undefined && costs === undefined
    ? NO_OFFERS
    : {
        transactionLimitOf: (transactionId) => limits?.take(transactionId),
        runningCostOf: (transactionId) => costs?.take(transactionId),
      };
const NO_OFFERS = {};
