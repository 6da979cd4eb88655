import { type OcppVersion, requestCase, STATION_REQUESTS, type StationRequestAction } from '@voltlog/connection-contract';
import { stationRequestsV1 } from '@voltlog/proto';
import { type CommandContext, type CommandOutcome, type CommandRoute, isRecord, listOf, outcome, textOf } from './command.js';

export type StationRequest = NonNullable<stationRequestsV1.StationRequest['request']>;

const ACTIONS: ReadonlyMap<string, StationRequestAction> = new Map(
  (Object.keys(STATION_REQUESTS) as StationRequestAction[]).map((action) => [requestCase(action), action]),
);

/** How a version says the requests of {@link STATION_REQUESTS}. */
export type SayRequest = (action: StationRequestAction, request: StationRequest, context: CommandContext) => ReturnType<Route['toCalls']>;
type Route = CommandRoute<'stationRequest'>;

/** The one route for all of them: which version lacks which is looked up, then it is said in the version's words. */
export const stationRequest = (
  say: SayRequest,
  toOutcome: (action: StationRequestAction, responses: readonly unknown[], request: StationRequest) => CommandOutcome,
): Route => ({
  toCalls(value, context) {
    const request = numbered(value, context);
    const action = actionOf(request);
    const why = missingIn(context.ocppVersion, action);
    return why === undefined ? say(action, request, context) : { notSupported: why };
  },
  toOutcome(responses, value) {
    const request = wellFormed(value);
    return toOutcome(actionOf(request), responses, request);
  },
});

/** Why a version has no word for the request; undefined: it has one. */
export const missingIn = (version: OcppVersion, action: StationRequestAction): string | undefined => {
  const missing: Partial<Record<OcppVersion, string>> = STATION_REQUESTS[action].missing;
  return missing[version];
};

/** 2.x: as it is. */
export const stationRequest2 = stationRequest(
  (action, request) => [{ action, payload: asObject(plain(request.value)) }],
  (action, responses) => outcomeOf2(action, responses[0]),
);

/** Words with which a station tells that there is nothing of what it was asked for: an answer, no refusal. */
const NOTHING_THERE = new Set(['NoProfiles', 'NoTariff', 'NotFound', 'Unknown']);

function outcomeOf2(action: StationRequestAction, response: unknown): CommandOutcome {
  const words = [textOf(response, 'status'), ...listOf(response, 'clearTariffsResult').map((each) => textOf(each, 'status'))].filter(
    (word) => word !== '',
  );
  const word = words.find((each) => each !== 'Accepted') ?? words[0] ?? '';
  if (word === '' || (action.startsWith('Get') && NOTHING_THERE.has(word))) return { ...outcome('Accepted'), stationStatus: word };
  const info = isRecord(response) ? response['statusInfo'] : undefined;
  return outcome(word, textOf(info, 'additionalInfo') || textOf(info, 'reasonCode'));
}

/** @throws {SyntaxError} when no request is given: the caller's mistake */
function wellFormed(value: stationRequestsV1.StationRequest): StationRequest {
  const { request } = stationRequestsV1.StationRequest.fromPartial(value);
  if (request === undefined) throw new SyntaxError('no request is given');
  return request;
}

/** A request that the station answers with messages to come gets a number, where the caller gave none. */
function numbered(value: stationRequestsV1.StationRequest, context: CommandContext): StationRequest {
  const request = wellFormed(value);
  if ('requestId' in request.value && request.value.requestId === undefined) request.value.requestId = context.nextRequestId();
  return request;
}

function actionOf({ $case }: StationRequest): StationRequestAction {
  const action = ACTIONS.get($case);
  if (action === undefined) throw new Error(`no request ${$case}`);
  return action;
}

/** As OCPP has it: what is not set and what is empty is left out (2.x knows no empty lists). */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined && !(Array.isArray(field) && field.length === 0))
      .map(([name, field]) => [name, plain(field)]),
  );
}

export const asObject = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});
